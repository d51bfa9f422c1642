// A real redis-server for tests: a child process on a port of its own with a folder of its own, gone afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

export interface RedisServerOptions {
  /** `yes` = append-only file, with an fsync per second unless `args` say otherwise. Default `no`. */
  readonly appendonly?: 'yes' | 'no';
  /** Further lines of the configuration, as command line arguments: `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
  readonly program?: string;
}

/** What all tests run on: `TEST_REDIS_SERVER=/path/to/valkey-server` runs them on another server than Debian's Redis. */
export const REDIS_PROGRAM = process.env['TEST_REDIS_SERVER'] ?? 'redis-server';

/** A large append-only file takes its time on a busy machine. */
const START_DEADLINE_MS = 60_000;

export class RedisServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly folder: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | null = null;

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port;
    this.folder = folder;
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'xqueue-redis-'));
    const server = new RedisServer(await freePort(), folder, options);
    await server.run();
    return server;
  }

  get addr(): { readonly host: string; readonly port: number } {
    return { host: this.host, port: this.port };
  }

  /** Starts the process, again after `kill`, with the same port and folder. Resolves when it serves. */
  async run(): Promise<void> {
    const { appendonly = 'no', args = [], program = REDIS_PROGRAM } = this.#options;
    const settings = ['--port', String(this.port), '--bind', this.host, '--dir', this.folder, '--save', ''];
    const child = spawn(program, [...settings, '--appendonly', appendonly, '--daemonize', 'no', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter) },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4000);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4000);
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
    });
    // Only its start is waited for here; an end later on is the test's own doing.
    failed.catch(() => undefined);
    this.#process = child;
    await Promise.race([this.#serves(() => output), failed]);
  }

  /** `SIGKILL` and wait: as when the machine goes down. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops answering without closing anything; `resume` lets it go on. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One command by a connection of its own. */
  command(...args: string[]): Promise<unknown> {
    return commandAt(this.port, ...args);
  }

  async #serves(output: () => string): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    for (;;) {
      try {
        await this.command('PING');
        return;
      } catch (error) {
        if (performance.now() > deadline)
          throw new Error(`redis-server does not serve:\n${output()}`, { cause: error });
        await sleep(20);
      }
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** One command to any server of this machine, by a connection of its own. */
export async function commandAt(port: number, ...args: string[]): Promise<unknown> {
  const client = createClient({
    RESP: 2,
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
    disableClientInfo: true,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  await new Promise((resolve) => probe.close(resolve));
  return address.port;
}
