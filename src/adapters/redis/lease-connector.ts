// Loaded by the lease keeper's thread: a connection of its own to Redis, whatever the main thread is doing.
import type { HeartbeatReply, HeartbeatRequest } from '../../ports/task-store.ts';
import { Connection } from './connection.ts';
import { callsFor, greet, type LeaseData, openServer, shardKeysOf } from './open.ts';
import { heartbeat } from './running.ts';
import type { Shard } from './shard.ts';
import { threadClock } from './thread-clock.ts';

const CALL_MS = 5_000;

export interface LeaseStore {
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]>;
  close(): void;
}

/** Connects in the background: a server that is away now is no reason for a node not to start. */
export async function connect(data: unknown): Promise<LeaseStore> {
  const options = data as LeaseData;
  const keys = shardKeysOf(options);
  const calls = callsFor(keys, { major: options.serverMajor }, options.settings, null);
  const connection = new Connection({
    clock: threadClock,
    callMs: options.callMs ?? CALL_MS,
    open: () => openServer(options),
    greet: (link) => greet(link, calls),
  });
  connection.openLater();
  const step: Shard['step'] = (name, args) => calls.step(connection, name, args);
  return {
    heartbeat: (request) => heartbeat({ step }, request),
    close: () => connection.close(),
  };
}
