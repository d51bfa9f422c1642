// Opens the embedded store: a file gets a thread of its own, `:memory:` runs in the caller's.
import type { Clock } from '../../ports/clock.ts';
import type { StoreSettings } from '../../ports/task-store.ts';
import { SqliteCore } from './core.ts';
import { openDatabase } from './database.ts';
import { DirectHost } from './host.ts';
import { SqliteStore } from './store.ts';
import { ThreadHost } from './thread-host.ts';

export interface SqliteOptions {
  /** A file, made if it is not there, or `:memory:`. */
  readonly path: string;
  readonly settings: StoreSettings;
  /** Only for `:memory:` or with `host: 'direct'`; a thread has the system's clock. */
  readonly clock: Pick<Clock, 'now'>;
  /** `direct` runs a file in the caller's thread as well. Default: `thread` for files. */
  readonly host?: 'direct' | 'thread';
}

/** @throws DatabaseRefused when the file cannot be used, with a message a person can act on */
export async function openSqliteStore({ path, settings, clock, host }: SqliteOptions): Promise<SqliteStore> {
  const inMemory = path === ':memory:';
  const durability = inMemory ? 'memory' : 'fsync';
  if (inMemory || host === 'direct') {
    const direct = new DirectHost(new SqliteCore(openDatabase(path), clock, settings));
    return new SqliteStore(direct, { durability, connect: null });
  }
  const thread = await ThreadHost.start({ path, settings });
  const connect = () => {
    const port = thread.connect();
    const module = new URL(`./lease-connector${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href;
    return { module, data: { port }, transferList: [port] };
  };
  return new SqliteStore(thread, { durability, connect });
}
