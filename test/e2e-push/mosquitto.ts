// A real Mosquitto broker on ports of its own, and real `mosquitto_sub` and `mosquitto_pub` processes.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

export interface BrokerSetup {
  /** Let in only with these. */
  readonly login?: { readonly username: string; readonly password: string };
  readonly tls?: boolean;
  /** More lines of mosquitto.conf. */
  readonly lines?: readonly string[];
}

/** Starts, stops and starts again on the same ports. */
export class Mosquitto {
  readonly port: number;
  readonly wsPort: number;
  readonly tlsPort: number;
  readonly wssPort: number;
  /** The certificate to trust, where the broker has TLS. */
  readonly certificate: string;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(folder: string, ports: readonly number[]) {
    [this.port = 0, this.wsPort = 0, this.tlsPort = 0, this.wssPort = 0] = ports;
    this.#folder = folder;
    this.certificate = join(folder, 'cert.pem');
  }

  /** Prepares the broker without starting it. */
  static async prepare(t: TestContext, setup: BrokerSetup = {}): Promise<Mosquitto> {
    const folder = mkdtempSync(join(tmpdir(), 'xqueue-mosquitto-'));
    const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
    const broker = new Mosquitto(folder, ports);
    t.after(async () => {
      await broker.kill();
      rmSync(folder, { recursive: true, force: true });
    });
    await broker.#write(setup);
    return broker;
  }

  static async start(t: TestContext, setup: BrokerSetup = {}): Promise<Mosquitto> {
    const broker = await Mosquitto.prepare(t, setup);
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const child = spawn('mosquitto', ['-c', join(this.#folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`mosquitto ended with ${code}:\n${said}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/mosquitto version .* running/.test(said)) resolve();
      });
    });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Accepts connections and answers nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async #write({ login, tls, lines = [] }: BrokerSetup): Promise<void> {
    const file = (name: string): string => join(this.#folder, name);
    const config = [
      'user root',
      'persistence false',
      'log_dest stderr',
      'max_queued_messages 0',
      `listener ${this.port} 127.0.0.1`,
      `listener ${this.wsPort} 127.0.0.1`,
      'protocol websockets',
    ];
    if (tls) {
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
      const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file('key.pem')];
      await run('openssl', ['req', '-x509', ...key, '-out', this.certificate, '-days', '2', ...subject]);
      const identity = [`certfile ${this.certificate}`, `keyfile ${file('key.pem')}`];
      config.push(`listener ${this.tlsPort} 127.0.0.1`, ...identity);
      config.push(`listener ${this.wssPort} 127.0.0.1`, 'protocol websockets', ...identity);
    }
    if (login) {
      writeFileSync(file('passwords'), '');
      await run('mosquitto_passwd', ['-b', file('passwords'), login.username, login.password]);
      config.push('allow_anonymous false', `password_file ${file('passwords')}`);
    } else {
      config.push('allow_anonymous true');
    }
    writeFileSync(file('mosquitto.conf'), [...config, ...lines, ''].join('\n'));
  }
}

/** A way to a broker that the test opens and shuts: while it is shut, subscribers can take their places first. */
export class Gate {
  readonly url: string;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((from) => this.#join(from));
  readonly #broker: Mosquitto;

  private constructor(broker: Mosquitto, port: number) {
    this.#broker = broker;
    this.#port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
  }

  static async prepare(t: TestContext, broker: Mosquitto): Promise<Gate> {
    const gate = new Gate(broker, await freePort());
    t.after(() => gate.shut());
    return gate;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
  }

  shut(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(from: Socket): void {
    const to = connect(this.#broker.port, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** `mosquitto_sub -v`; each line is `topic payload`. */
export class MosquittoSub {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #looks = new Set<() => void>();
  #rest = '';
  #said = '';

  private constructor(t: TestContext, args: readonly string[]) {
    // Into a pipe it would hold its lines back until a buffer is full.
    this.#child = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-v', '-d', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => this.#child.kill('SIGKILL'));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /** Resolves when the subscription is granted. */
  static async start(t: TestContext, port: number, topic: string, ...args: readonly string[]): Promise<MosquittoSub> {
    const sub = new MosquittoSub(t, ['-h', '127.0.0.1', '-p', String(port), '-t', topic, '-q', '1', ...args]);
    await sub.#when(() => /received SUBACK/.test(sub.#said), 'subscribed');
    return sub;
  }

  /** Resolves when it has subscribed for the n-th time. */
  subscribedTimes(count: number): Promise<void> {
    return this.#when(() => this.#said.split('received SUBACK').length > count, `subscribed ${count} times`);
  }

  /** Resolves when `count` messages have come. */
  async gets(count: number): Promise<readonly string[]> {
    await this.#when(() => this.lines.length >= count, `${count} messages`);
    return this.lines;
  }

  /** Resolves when a line holds all of this. */
  async hears(...parts: readonly string[]): Promise<string> {
    const find = (): string | undefined => this.lines.find((line) => parts.every((part) => line.includes(part)));
    await this.#when(() => find() !== undefined, parts.join(' and '));
    return find() ?? '';
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      // With `-d` the client's own talk comes on the same stream.
      if (/^(Client |Subscribed )/.test(line)) this.#said += `${line}\n`;
      else this.lines.push(line);
    }
    for (const look of this.#looks) look();
  }

  async #when(holds: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#looks.delete(look);
        const last = this.lines.slice(-5).join('\n');
        reject(new Error(`mosquitto_sub: not within 20 s: ${what}; ${this.lines.length} lines, the last:\n${last}`));
      }, 20_000);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }
}

/** Publishes as anybody could. Resolves with the exit code. */
export async function mosquittoPub(port: number, topic: string, message: string, ...args: string[]): Promise<number> {
  const child = spawn('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), '-t', topic, '-m', message, ...args], {
    stdio: 'ignore',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? -1));
  });
}
