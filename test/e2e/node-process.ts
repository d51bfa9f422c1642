// Real `xqueue` processes in folders of their own, on ports of their own, for tests that look at the product from outside.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
const START_MS_MAX = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface NodeProcess {
  /** Base of the HTTP API. */
  readonly url: string;
  readonly mqttPort: number | null;
  readonly ended: Promise<Ended>;
  readonly err: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
}

const running = new Set<ChildProcess>();

/** An empty folder; `remove` also ends what a failed test left running. */
export function emptyFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'xqueue-e2e-'));
  return {
    path,
    remove: () => {
      for (const child of running) child.kill('SIGKILL');
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Runs a command to its end. */
export function runCommand(folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return launch(folder, [BIN, ...args], env).ended;
}

/** Runs a program of the user's, given as a file. */
export function runProgram(folder: string, file: string, env: Record<string, string> = {}): Promise<Ended> {
  return launch(folder, [file], env).ended;
}

/** Starts a node and waits until it says where it listens. @throws when it ends instead */
export async function startNode(
  folder: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<NodeProcess> {
  const ports = ['--server-port', '0', '--mqtt-listen', '127.0.0.1:0'].filter(
    (_, i, all) => !args.includes(all[i - (i % 2)] ?? ''),
  );
  const node = launch(folder, [BIN, 'start', ...ports, ...args], env);
  const lines = await node.said(/HTTP +(http:\S+)/);
  const mqtt = /MQTT +mqtt:\/\/[^:]+:(\d+)/.exec(node.err())?.[1];
  return {
    url: lines[1] ?? '',
    mqttPort: mqtt === undefined ? null : Number(mqtt),
    ended: node.ended,
    err: node.err,
    signal: node.signal,
  };
}

export interface Launched {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly err: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Resolves when standard error matches; rejects when the process ends first. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

export function launch(folder: string, args: readonly string[], env: Record<string, string> = {}): Launched {
  const clean = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('XQUEUE_') && !name.startsWith('NODE_'),
  );
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...Object.fromEntries(clean), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, out, err });
      for (const listener of listeners) listener();
    });
  });
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        listeners.delete(look);
        outcome();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${why} before it said ${pattern}:\n${err}\n${out}`)));
      const look = () => {
        const match = pattern.exec(err);
        if (match !== null) settle(() => resolve(match));
        else if (!running.has(child)) fail('The process ended');
      };
      const timer = setTimeout(() => fail('Time was over'), START_MS_MAX);
      listeners.add(look);
      look();
    });
  return { pid: child.pid ?? 0, ended, err: () => err, signal: (name) => child.kill(name), said };
}
