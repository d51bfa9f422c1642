// One connection to one Redis server, as the rest of this adapter sees it. The only file that knows the client library.
import { createClient, ErrorReply, RESP_TYPES } from 'redis';
import { LinkLost } from './faults.ts';

export type RedisArg = string | Buffer;
export type RedisReply = number | Buffer | string | null | RedisReply[];

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkOptions {
  readonly username: string;
  readonly password: string;
  readonly db: number;
  /** `false` = off; `true` = with the system's authorities. */
  readonly tls: boolean | { readonly ca?: string; readonly servername?: string; readonly rejectUnauthorized?: boolean };
  readonly connectMs: number;
  /** How often to ask whether the server still lives; after three silent turns the link ends. For links that only listen. */
  readonly pingMs?: number;
}

export interface Link {
  /** Rejects with `LinkLost` when the connection ends first, else with the server's error. */
  send(args: readonly RedisArg[]): Promise<RedisReply>;
  subscribe(channel: string, listener: (message: Buffer) => void): Promise<void>;
  /** Resolves once the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends it at once; what is under way is lost. */
  destroy(): void;
}

/** @throws LinkLost when the server cannot be reached, or the server's refusal */
export async function openLink(address: Address, options: LinkOptions): Promise<Link> {
  const { username, password, db, tls, connectMs, pingMs } = options;
  const common = {
    host: address.host,
    port: address.port,
    connectTimeout: connectMs,
    reconnectStrategy: false as const,
    ...(pingMs === undefined ? {} : { socketTimeout: 3 * pingMs }),
  };
  const client = createClient({
    RESP: 2,
    socket: tls === false ? common : { ...common, tls: true as const, ...(tls === true ? {} : tls) },
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    database: db,
    ...(pingMs === undefined ? {} : { pingInterval: pingMs }),
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    disableClientInfo: true,
    // The library's own timer halves the rate and does not bound a frozen server: calls.ts has a deadline of its own.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const ended = Promise.withResolvers<void>();
  let cause: unknown;
  client.on('error', (error: unknown) => {
    cause = error;
    // A connection that is lost, unlike one that is closed, has no `end`.
    if (!client.isOpen) ended.resolve();
  });
  client.on('end', () => ended.resolve());
  try {
    await client.connect();
  } catch (error) {
    destroy();
    throw error instanceof ErrorReply ? error : new LinkLost(messageOf(error), { cause: error });
  }

  function destroy(): void {
    if (client.isOpen) client.destroy();
    ended.resolve();
  }

  return {
    ended: ended.promise,
    destroy,
    send: async (args) => {
      try {
        return (await client.sendCommand(args)) as RedisReply;
      } catch (error) {
        throw error instanceof ErrorReply ? error : new LinkLost(messageOf(cause ?? error), { cause: error });
      }
    },
    subscribe: async (channel, listener) => {
      await client.subscribe(channel, listener, true);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
