// The calling side of a port to the store's thread: numbers calls, matches answers. Used by the main thread and by
// the lease keeper's, each with a port of its own. Calls of the same breath travel in one message, and so run in one
// transaction: outcomes and the claim that follows them.
import type { MessagePort, Worker } from 'node:worker_threads';
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Call, OperationArgs, OperationName, OperationResult } from './operations.ts';
import type { NumberedCall, ThreadAnswer, ToThread } from './thread-protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class PortCaller {
  readonly #port: MessagePort | Worker;
  readonly #waiting = new Map<number, Waiting>();
  #leaving: NumberedCall[] = [];
  #number = 0;
  #closed: string | null = null;

  constructor(port: MessagePort | Worker) {
    this.#port = port;
  }

  call<Name extends OperationName>(name: Name, args: OperationArgs<Name>): Promise<OperationResult<Name>> {
    if (this.#closed !== null) return Promise.reject(new StoreUnavailable(this.#closed));
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#leaving.push({ number, call: { name, args } as Call });
      if (this.#leaving.length === 1) queueMicrotask(() => this.#send());
    });
  }

  /** After all calls made before. */
  close(): void {
    this.#send();
    this.#port.postMessage({ kind: 'close' } satisfies ToThread);
  }

  #send(): void {
    if (this.#leaving.length === 0) return;
    const calls = this.#leaving;
    this.#leaving = [];
    this.#port.postMessage({ kind: 'calls', calls } satisfies ToThread);
  }

  answered(answers: readonly ThreadAnswer[]): void {
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.number);
      this.#waiting.delete(answer.number);
      if (answer.ok) waiting?.resolve(answer.value);
      else waiting?.reject(answer.unavailable ? new StoreUnavailable(answer.message) : new Error(answer.message));
    }
  }

  /** No more answers will come: everybody who waits is told, and so is everybody who calls later. */
  end(reason: string): void {
    this.#closed ??= reason;
    for (const waiting of this.#waiting.values()) waiting.reject(new StoreUnavailable(reason));
    this.#waiting.clear();
  }
}
