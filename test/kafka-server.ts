// A real Kafka broker for tests: a child process on ports of its own with a folder of its own, gone afterwards.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startBroker } from '../scripts/kafka/broker.ts';
import type { BrokerSettings, Login } from '../scripts/kafka/broker-settings.ts';
import { fetchJars } from '../scripts/kafka/distribution.ts';
import { type Pace, runTool, type Tool } from '../scripts/kafka/java.ts';
import { freePort } from './faults/rig.ts';

export interface KafkaServerOptions {
  /** Lets in only who knows it, by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Default: everybody. */
  readonly login?: Login;
  /** With a certificate of its own for `localhost`; see `certificateFile`. Default `off`. */
  readonly tls?: 'on' | 'off';
  /** Default `starts quickly`; benchmarks want `runs fast`. */
  readonly pace?: Pace;
  /** Further lines of its properties file. */
  readonly properties?: Readonly<Record<string, string>>;
}

export class KafkaServer {
  readonly folder: string;
  /** What clients use. */
  readonly port: number;
  readonly #settings: BrokerSettings;
  readonly #pace: Pace;
  #process: ChildProcess | null = null;

  private constructor(folder: string, settings: BrokerSettings, pace: Pace) {
    this.folder = folder;
    this.port = settings.port;
    this.#settings = settings;
    this.#pace = pace;
  }

  /** Takes two or three seconds. */
  static async start(options: KafkaServerOptions = {}): Promise<KafkaServer> {
    await fetchJars((line) => process.stderr.write(`${line}\n`));
    const folder = mkdtempSync(join(tmpdir(), 'xqueue-kafka-'));
    const { tls = 'off', login, pace = 'starts quickly', properties } = options;
    const identityFile = tls === 'on' ? await makeIdentity(folder) : undefined;
    const settings: BrokerSettings = {
      host: tls === 'on' ? 'localhost' : '127.0.0.1',
      port: await freePort(),
      internalPort: await freePort(),
      controllerPort: await freePort(),
      dataFolder: join(folder, 'data'),
      ...(login === undefined ? {} : { login }),
      ...(identityFile === undefined ? {} : { identityFile }),
      ...(properties === undefined ? {} : { properties }),
    };
    const server = new KafkaServer(folder, settings, pace);
    await server.run().catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    return server;
  }

  /** For `kafka.brokers`. */
  get broker(): string {
    return `${this.#settings.host}:${this.port}`;
  }

  /** Takes everybody in without TLS, whatever the options say: for what a test itself asks the broker. */
  get internalBroker(): string {
    return `127.0.0.1:${this.#settings.internalPort}`;
  }

  /** The certificate to trust; there only with `tls: 'on'`. */
  get certificateFile(): string {
    return join(this.folder, 'cert.pem');
  }

  /** Starts the process, again after `kill`, with the same ports and folder. Resolves when it serves. */
  async run(): Promise<void> {
    const broker = await startBroker(this.#settings, this.#pace);
    this.#process = broker;
    // A test that forgets it, or fails before its end, leaves no process behind.
    const end = (): void => void broker.kill('SIGKILL');
    process.once('exit', end);
    broker.once('exit', () => process.off('exit', end));
  }

  /** `SIGKILL` and wait: as when the machine goes down. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As an operator stops it: it says goodbye to its clients. */
  async shutDown(): Promise<void> {
    await this.#end('SIGTERM');
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
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One of Kafka's own command line tools, told where the broker is. Answers what it printed. */
  tool(tool: Tool, ...args: string[]): Promise<string> {
    return runTool(tool, ['--bootstrap-server', this.internalBroker, ...args]);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const broker = this.#process;
    this.#process = null;
    if (!broker || broker.exitCode !== null || broker.signalCode !== null) return;
    const ended = once(broker, 'exit');
    broker.kill(signal);
    await ended;
  }
}

/** Key and certificate in one file, as Kafka wants them. */
async function makeIdentity(folder: string): Promise<string> {
  const [key, certificate, both] = ['key.pem', 'cert.pem', 'identity.pem'].map((name) => join(folder, name));
  if (key === undefined || certificate === undefined || both === undefined) throw new Error('no names');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key];
  await promisify(execFile)('openssl', ['req', '-x509', ...newKey, '-out', certificate, '-days', '2', ...subject]);
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
  return both;
}
