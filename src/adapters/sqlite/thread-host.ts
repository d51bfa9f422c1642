// Runs the store in a thread of its own, so that waiting for the disk never blocks HTTP or handlers,
// and a handler that blocks its thread never blocks the store.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Signal } from '../../ports/task-store.ts';
import { DatabaseRefused } from './database.ts';
import { type Host, SignalListeners } from './host.ts';
import type { OperationArgs, OperationName, OperationResult } from './operations.ts';
import { PortCaller } from './port-caller.ts';
import type { FromThread, ThreadData } from './thread-protocol.ts';

export class ThreadHost implements Host {
  readonly #worker: Worker;
  readonly #caller: PortCaller;
  readonly #signals = new SignalListeners();
  readonly #ended: Promise<void>;
  readonly failed: Promise<string>;
  #isClosing = false;

  /** @throws DatabaseRefused when the file cannot be used */
  static async start(data: ThreadData): Promise<ThreadHost> {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const worker = new Worker(new URL(`./thread${extension}`, import.meta.url), { workerData: data, stderr: false });
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (message: FromThread) => {
        worker.off('error', reject);
        if (message.kind === 'ready') resolve();
        else reject(new DatabaseRefused(message.kind === 'refused' ? message.message : 'The store did not start'));
      });
    });
    return new ThreadHost(worker);
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#caller = new PortCaller(worker);
    worker.on('message', (message: FromThread) => {
      if (message.kind !== 'answers') return;
      this.#caller.answered(message.answers);
      this.#signals.emit(message.signals);
    });
    const failed = Promise.withResolvers<string>();
    this.failed = failed.promise;
    const fail = (why: string): void => {
      const reason = `The embedded store stopped: ${why}`;
      this.#caller.end(reason);
      failed.resolve(reason);
    };
    worker.on('error', (error) => fail(String(error)));
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        if (this.#isClosing) this.#caller.end('The embedded store is closed');
        else fail(`its thread ended with code ${code}`);
        resolve();
      });
    });
  }

  call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>> {
    return this.#caller.call(name, args);
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    return this.#signals.add(listener);
  }

  /** A port through which another thread may call the store. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ kind: 'connect', port: port1 }, [port1]);
    return port2;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#caller.close();
    await this.#ended;
  }
}
