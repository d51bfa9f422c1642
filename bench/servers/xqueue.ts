// XQueue as a user starts it: the built command, which `npm start` runs too, in a process of its own, everything at its
// default that the scenario does not name.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import type { Usage } from '../harness/usage.ts';
import { freePort } from './port.ts';

export interface XQueueServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly mqttPort: number;
  /** From the start of the process to the first answer that it is ready. */
  readonly startMs: number;
  usage(): Usage;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'dist', 'cli', 'bin.js');
const READY_TIMEOUT_MS = 60_000;

export interface XQueueOptions {
  /** Data file. */
  readonly path: string;
  readonly handlers?: string;
  readonly nodeFlags?: readonly string[];
  /** More flags of `xqueue start`. */
  readonly flags?: readonly string[];
}

export async function startXQueue({
  path,
  handlers,
  nodeFlags = [],
  flags: more = [],
}: XQueueOptions): Promise<XQueueServer> {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.ts'), '--if-stale'], { stdio: ['ignore', 2, 2] });
  const [port, mqttPort] = [await freePort(), await freePort()];
  const flags = [
    `--port=${port}`,
    `--mqtt-listen=127.0.0.1:${mqttPort}`,
    `--embedded-path=${path}`,
    ...(handlers === undefined ? [] : [`--handlers=${handlers}`]),
    ...more,
  ];
  const startedAt = performance.now();
  const child = new Child({ command: process.execPath, args: [...nodeFlags, BIN, 'start', ...flags] });
  const url = `http://127.0.0.1:${port}`;
  await isReady(url, child);
  return {
    url,
    mqttPort,
    startMs: performance.now() - startedAt,
    usage: () => child.usage(),
    stop: () => child.terminate(),
  };
}

async function isReady(url: string, child: Child): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    if (child.ended !== null) throw new Error(`xqueue start ${child.ended}\n${child.complaints}`);
    if (performance.now() > deadline) throw new Error(`xqueue start is not ready\n${child.complaints}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
