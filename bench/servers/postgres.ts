// A real PostgreSQL as Debian ships it (fsync and synchronous_commit on), in a folder of its own, run by the user
// `postgres` when started by root, since it refuses to run as root.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import type { Usage } from '../harness/usage.ts';
import { freePort, listening } from './port.ts';
import { programPath } from './program-path.ts';

export interface Postgres {
  usage(): Usage;
  /** An empty database after a checkpoint, so that one measurement does not pay for the one before it. */
  newDatabase(): string;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const folders = ['/usr/lib/postgresql/*/bin'];
  const program = (name: string): string => programPath(name, 'postgresql', folders);
  const initdb = program('initdb');
  const dir = mkdtempSync(join(tmpdir(), 'xqueue-bench-postgres-'));
  const isRoot = process.getuid?.() === 0;
  const asOwner = isRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
  if (isRoot) execFileSync('chown', ['postgres:postgres', dir]);
  chmodSync(dir, 0o700);
  const runAsOwner = (command: readonly string[]): { command: string; args: string[] } => {
    const [first = '', ...rest] = [...asOwner, ...command];
    return { command: first, args: rest };
  };
  const init = runAsOwner([initdb, '-D', dir, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8']);
  execFileSync(init.command, init.args, { stdio: 'pipe', cwd: '/' });
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${dir}`];
  const child = new Child({
    ...runAsOwner([program('postgres'), '-D', dir, ...settings.flatMap((setting) => ['-c', setting])]),
    cwd: '/',
  });
  await listening(port);
  const sql = (statement: string): void => {
    const psql = program('psql');
    execFileSync(psql, ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-qc', statement], { stdio: 'pipe' });
  };
  let databases = 0;
  return {
    usage: () => child.usage(),
    newDatabase: () => {
      if (databases > 0) sql(`DROP DATABASE bench_${databases} WITH (FORCE)`);
      databases += 1;
      sql(`CREATE DATABASE bench_${databases}`);
      sql('CHECKPOINT');
      return `postgres://postgres@127.0.0.1:${port}/bench_${databases}`;
    },
    stop: async () => {
      await child.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
