// A real redis-server on a port and in a folder of its own, as peers are run in production: append-only file, fsync every second.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import type { Usage } from '../harness/usage.ts';
import { freePort, listening } from './port.ts';
import { programPath } from './program-path.ts';

/** Snapshots and rewrites of the file are off: they would fall into some runs and not into others. */
const SETTINGS = [
  ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0', '--save', ''],
  ...['--maxmemory-policy', 'noeviction'],
];

export interface Server {
  readonly port: number;
  usage(): Usage;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<Server> {
  const program = programPath('redis-server', 'redis-server');
  const dir = mkdtempSync(join(tmpdir(), 'xqueue-bench-redis-'));
  const port = await freePort();
  const child = new Child({
    command: program,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...SETTINGS],
  });
  await listening(port);
  return {
    port,
    usage: () => child.usage(),
    stop: async () => {
      await child.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What the server says its data and their indexes take. */
export function memoryUsedBytes(port: number): number {
  const cli = programPath('redis-cli', 'redis-tools');
  const info = execFileSync(cli, ['-p', String(port), 'info', 'memory'], { encoding: 'utf8' });
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? Number.NaN);
}

/** What only clients send: what scripts call inside the server is counted by Redis as well, and is not meant here. */
const SENT_BY_CLIENTS =
  /^cmdstat_(?:evalsha|eval|fcall|function\|load|ping|info|subscribe|unsubscribe|config\|get):calls=(\d+)/gm;

/** Commands that clients have sent since the server started. */
export function commandsReceived(port: number): number {
  const cli = programPath('redis-cli', 'redis-tools');
  const info = execFileSync(cli, ['-p', String(port), 'info', 'commandstats'], { encoding: 'utf8' });
  return [...info.matchAll(SENT_BY_CLIENTS)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}
