// A thread or a process that can run handlers of one file: the same to its user, however it is made and ended.
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import type { Isolation } from './handler.ts';
import type { FromChild, ToChild } from './isolation-messages.ts';

export interface IsolationHost {
  send(message: ToChild): void;
  /** One listener at a time. @param onEnd why it is gone, if it ends while somebody listens */
  listen(onMessage: (message: FromChild) => void, onEnd: (why: string) => void): void;
  /** It must not keep the node's process alive while it is idle. */
  rest(): void;
  wake(): void;
  /** Whatever it does, at once. */
  end(): void;
  readonly isOver: boolean;
}

const CHILD = new URL(`./isolation-child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export function startHost(isolation: Isolation, file: string): IsolationHost {
  switch (isolation) {
    case 'thread':
      return threadHost(file);
    case 'process':
      return processHost(file);
  }
}

class Listening {
  isOver = false;
  #onMessage: (message: FromChild) => void = () => undefined;
  #onEnd: (why: string) => void = () => undefined;

  listen(onMessage: (message: FromChild) => void, onEnd: (why: string) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
  }

  hear(message: FromChild): void {
    this.#onMessage(message);
  }

  over(why: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#onEnd(why);
  }
}

function threadHost(file: string): IsolationHost {
  const listening = new Listening();
  const worker = new Worker(CHILD, { workerData: { file } });
  worker.on('message', (message: FromChild) => listening.hear(message));
  worker.on('error', (error: unknown) => listening.over(`its thread failed: ${String(error)}`));
  worker.on('exit', (code) => listening.over(`its thread ended with exit code ${code}`));
  return {
    send: (message) => worker.postMessage(message),
    listen: (onMessage, onEnd) => listening.listen(onMessage, onEnd),
    rest: () => worker.unref(),
    wake: () => worker.ref(),
    end: () => void worker.terminate(),
    get isOver() {
      return listening.isOver;
    },
  };
}

function processHost(file: string): IsolationHost {
  const listening = new Listening();
  const child = fork(CHILD, [file], { serialization: 'advanced' });
  child.on('message', (message) => listening.hear(message as FromChild));
  child.on('error', (error) => listening.over(`its process failed: ${error.message}`));
  child.on('exit', (code, signal) => listening.over(`its process ended with ${signal ?? `exit code ${code}`}`));
  return {
    send: (message) => {
      if (child.connected) child.send(message);
    },
    listen: (onMessage, onEnd) => listening.listen(onMessage, onEnd),
    rest: () => {
      child.unref();
      child.channel?.unref();
    },
    wake: () => {
      child.ref();
      child.channel?.ref();
    },
    end: () => void child.kill('SIGKILL'),
    get isOver() {
      return listening.isOver;
    },
  };
}
