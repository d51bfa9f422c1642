// A folder with a data file, a fixed address, and one node after another on it, for tests that end nodes in bad ways.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Chance } from '../differential/chance.ts';
import { eventually } from '../e2e/http.ts';
import { emptyFolder, type Launched, launch, type NodeProcess, startNode } from '../e2e/node-process.ts';

const HANDLERS = new URL('./handlers.ts', import.meta.url).pathname;
const BIN = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
/** Nobody listens there. With it as the broker, every event stays in the outbox: the audit sees the whole history. */
export const ABSENT_BROKER = 'mqtt://127.0.0.1:9';

export interface Rig {
  readonly folder: string;
  readonly dataFile: string;
  /** Base of the HTTP API, the same for each node started here. */
  readonly url: string;
  readonly port: number;
  /** The node that runs now, or ran last. */
  readonly node: () => NodeProcess;
  /** Starts a node on the data file. */
  start(): Promise<NodeProcess>;
  /** Starts a process beside it, or instead of it, and does not wait. */
  launch(command?: 'start' | 'worker' | 'server'): Launched;
  /** `kill -9`; resolves when the process is gone. Also the quickest end when what is looked at is over. */
  kill(): Promise<void>;
  /** SIGTERM; the node must drain and end with 0. */
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly args?: readonly string[];
  /** Default: `xqueue.db` in the folder. */
  readonly dataFile?: string;
  /** Default: the absent broker. */
  readonly broker?: readonly string[];
}

/** Whatever is left of it ends with the test. */
export async function makeRig(t: TestContext, { args = [], dataFile, broker }: RigOptions = {}): Promise<Rig> {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const file = dataFile ?? join(folder.path, 'xqueue.db');
  const port = await freePort();
  const all = ['--embedded-path', file, '--server-port', String(port), '--handlers', HANDLERS];
  all.push(...(broker ?? ['--mqtt-broker', ABSENT_BROKER]), '--log-level', 'warn', ...args);
  let node: NodeProcess | null = null;
  const current = (): NodeProcess => node ?? assert.fail('no node was started');
  return {
    folder: folder.path,
    dataFile: file,
    url: `http://127.0.0.1:${port}/api/v1`,
    port,
    node: current,
    start: async () => {
      node = await startNode(folder.path, all);
      return node;
    },
    launch: (command = 'start') => launch(folder.path, [BIN, command, ...all]),
    kill: async () => {
      current().signal('SIGKILL');
      assert.equal((await current().ended).signal, 'SIGKILL', 'it ran until it was killed');
    },
    stop: async () => {
      current().signal('SIGTERM');
      const { code, err } = await current().ended;
      assert.equal(code, 0, err);
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : assert.fail('no port');
}

/** Runs with a seed that is said when it fails; `XQUEUE_FAULT_SEED` runs it again. */
export async function seeded(body: (chance: Chance) => Promise<void>): Promise<void> {
  const seed = Number(process.env['XQUEUE_FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  try {
    await body(new Chance(seed));
  } catch (error) {
    throw new Error(`failed with XQUEUE_FAULT_SEED=${seed}`, { cause: error });
  }
}

interface Counts {
  readonly pending: number;
  readonly processing: number;
  readonly success: number;
  readonly failed: number;
  readonly canceled: number;
  readonly timeout: number;
  readonly total: number;
}

export async function countsOf(url: string): Promise<Counts> {
  const response = await fetch(`${url}/stats`);
  assert.equal(response.status, 200);
  return ((await response.json()) as { tasks: Counts }).tasks;
}

/** Until nothing waits or runs. */
export async function allFinal(url: string, total: number, withinMs = 15_000): Promise<Counts> {
  return eventually(
    () => countsOf(url),
    (now) => now.pending + now.processing === 0 && now.total >= total,
    withinMs,
  );
}

/** Until exactly so many run. */
export async function running(url: string, count: number): Promise<void> {
  await eventually(
    () => countsOf(url),
    ({ processing }) => processing === count,
  );
}
