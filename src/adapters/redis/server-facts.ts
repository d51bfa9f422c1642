// What a server says about itself.

import type { Sender } from './calls.ts';
import { text } from './calls.ts';
import type { RedisReply } from './link.ts';

export interface ServerFacts {
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  readonly runId: string;
  readonly role: string;
  readonly maxmemoryBytes: number;
  readonly evictionPolicy: string;
  readonly appendOnly: boolean;
  /** Snapshot rules; empty = none, `null` = the server does not tell. */
  readonly save: string | null;
  readonly appendFsync: string | null;
  /** The server's clock minus ours, less half the way there and back. */
  readonly clockAheadMs: number;
}

/** @param now this machine's clock, Unix ms */
export async function readServerFacts(sender: Sender, now: () => number): Promise<ServerFacts> {
  const info = parseInfo(text(await sender.send(['INFO'])));
  const before = now();
  const [seconds, micros] = (await sender.send(['TIME'])) as RedisReply[];
  const after = now();
  const serverMs = Number(text(seconds ?? 0)) * 1000 + Number(text(micros ?? 0)) / 1000;
  const [major = 0, minor = 0] = (info.get('redis_version') ?? '').split('.').map(Number);
  return {
    version: info.get('redis_version') ?? 'unknown',
    major,
    minor,
    runId: info.get('run_id') ?? '',
    role: info.get('role') ?? '',
    maxmemoryBytes: Number(info.get('maxmemory') ?? 0),
    evictionPolicy: info.get('maxmemory_policy') ?? 'unknown',
    appendOnly: info.get('aof_enabled') === '1',
    save: await config(sender, 'save'),
    appendFsync: await config(sender, 'appendfsync'),
    clockAheadMs: serverMs - (before + after) / 2,
  };
}

/**
 * What an answer of this server promises: `fsync` that its disk has it, `process` that it outlives the server's process,
 * `memory` nothing. With `everysec` the server answers before its disk does.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
 */
export function durabilityOf({
  appendOnly,
  appendFsync,
}: Pick<ServerFacts, 'appendOnly' | 'appendFsync'>): 'fsync' | 'process' | 'memory' {
  if (!appendOnly) return 'memory';
  return appendFsync === 'always' ? 'fsync' : 'process';
}

export function parseInfo(info: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) found.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return found;
}

/** Hosted servers often forbid CONFIG: then nothing is known. */
async function config(sender: Sender, name: string): Promise<string | null> {
  try {
    const [, value] = (await sender.send(['CONFIG', 'GET', name])) as RedisReply[];
    return value === undefined ? null : text(value);
  } catch {
    return null;
  }
}
