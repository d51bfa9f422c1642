// Answers leave the store's thread in the order of the commits, each when what it promises is on disk. Nothing that could
// still be lost is told to anybody: what was read after a commit waits behind it. Only signals, claims and heartbeats do
// not wait: they concern the work of this process alone, and a power failure ends that as well.
import type { MessagePort } from 'node:worker_threads';
import type { StoreUnavailable } from '../../domain/errors.ts';
import type { Signal } from '../../ports/task-store.ts';
import type { Answer } from './core.ts';
import { storeFailure } from './database.ts';
import type { LogSync } from './log-sync.ts';
import { type Call, DURABLE, UNPROMISED } from './operations.ts';
import type { FromThread, ThreadAnswer } from './thread-protocol.ts';

export interface Asked {
  readonly port: MessagePort;
  readonly number: number;
  readonly call: Call;
}

interface Group {
  readonly answers: readonly { readonly to: Asked; readonly answer: Answer }[];
  isSafe: boolean;
  fault: StoreUnavailable | null;
}

export class AnswerQueue {
  readonly #main: MessagePort;
  readonly #sync: LogSync;
  readonly #groups: Group[] = [];
  #whenEmpty: (() => void) | null = null;

  constructor(main: MessagePort, sync: LogSync) {
    this.#main = main;
    this.#sync = sync;
  }

  /** All that one transaction answered. */
  add(asked: readonly Asked[], answers: readonly Answer[], signals: readonly Signal[]): void {
    const now = new Outgoing();
    const later: { to: Asked; answer: Answer }[] = [];
    let isPromise = false;
    for (const [index, to] of asked.entries()) {
      const answer = answers[index];
      if (!answer) continue;
      if (UNPROMISED.has(to.call.name)) now.add(to.port, toThreadAnswer(to.number, null, answer));
      else later.push({ to, answer });
      isPromise ||= DURABLE.has(to.call.name);
    }
    now.post(this.#main, signals);
    if (later.length === 0) return;
    const group: Group = { answers: later, isSafe: !isPromise, fault: null };
    this.#groups.push(group);
    if (!isPromise) return this.#send();
    this.#sync.wait((fault) => {
      group.isSafe = true;
      group.fault = fault;
      this.#send();
    });
  }

  whenEmpty(then: () => void): void {
    this.#whenEmpty = then;
    this.#send();
  }

  /** All that is safe, in one message for each caller. */
  #send(): void {
    const safe = this.#groups.findIndex(({ isSafe }) => !isSafe);
    const out = new Outgoing();
    for (const { answers, fault } of this.#groups.splice(0, safe < 0 ? this.#groups.length : safe)) {
      for (const { to, answer } of answers) out.add(to.port, toThreadAnswer(to.number, fault, answer));
    }
    out.post(this.#main, []);
    if (this.#groups.length > 0 || this.#whenEmpty === null) return;
    const then = this.#whenEmpty;
    this.#whenEmpty = null;
    then();
  }
}

/** One message for each caller. */
class Outgoing {
  readonly #byPort = new Map<MessagePort, ThreadAnswer[]>();

  add(port: MessagePort, answer: ThreadAnswer): void {
    const answers = this.#byPort.get(port);
    if (answers) answers.push(answer);
    else this.#byPort.set(port, [answer]);
  }

  /** Signals are for the main thread. */
  post(main: MessagePort, signals: readonly Signal[]): void {
    if (signals.length > 0 && !this.#byPort.has(main)) this.#byPort.set(main, []);
    for (const [port, answers] of this.#byPort) {
      const message: FromThread = { kind: 'answers', answers, signals: port === main ? signals : [] };
      port.postMessage(message);
    }
  }
}

function toThreadAnswer(number: number, fault: StoreUnavailable | null, answer: Answer): ThreadAnswer {
  if (fault === null && answer.ok) return { number, ok: true, value: answer.value };
  return { number, ok: false, ...storeFailure(fault ?? (answer.ok ? null : answer.error)) };
}
