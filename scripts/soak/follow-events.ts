// Reads every event of the outbox as it comes, and holds each life against what must never happen: an end after an end,
// a version twice, a version left out.
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '../../src/domain/task.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';

const POLL_MS = 200;
const PAGE = 1000;

export class EventFollower {
  readonly findings: string[] = [];
  events = 0;
  /** Events of tasks that went back to pending because their lease was lost. */
  recovered = 0;
  readonly #store: Pick<TaskStore, 'readOutbox'>;
  readonly #last = new Map<string, TaskEvent>();
  readonly #running: Promise<void>;
  #position: string | null = null;
  #state: 'following' | 'ending' = 'following';

  constructor(store: Pick<TaskStore, 'readOutbox'>) {
    this.#store = store;
    this.#running = this.#run();
  }

  /** Reads what is left, and stops. */
  async end(): Promise<void> {
    this.#state = 'ending';
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const isLast = this.#state === 'ending';
      const count = await this.#read();
      if (isLast && count === 0) return;
      if (count === 0) await sleep(POLL_MS);
    }
  }

  /** How many entries there were; 0 as well while the store is away. */
  async #read(): Promise<number> {
    try {
      const entries = await this.#store.readOutbox(this.#position, PAGE);
      for (const entry of entries) for (const event of entry.events()) this.#see(event);
      this.#position = entries.at(-1)?.position ?? this.#position;
      return entries.length;
    } catch {
      return 0;
    }
  }

  #see(event: TaskEvent): void {
    const before = this.#last.get(event.taskId);
    this.#last.set(event.taskId, event);
    this.events += 1;
    if (event.status === 'pending' && event.errorCode === 'worker_lost') this.recovered += 1;
    const name = `${event.taskId} version ${event.version}`;
    if (event.version !== (before?.version ?? 0) + 1) {
      this.findings.push(`I5: ${name} follows version ${before?.version ?? 'none'}`);
    }
    if (before !== undefined && isFinal(before.status)) {
      this.findings.push(`I3: ${name} is ${event.status} after it was ${before.status}`);
    }
  }
}
