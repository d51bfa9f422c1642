// A bounded queue between the hub and one reader that takes its time. When it runs over, what it held is thrown away
// and the reader is told of a gap instead: memory stays bounded, and the reader knows that it must look again.
import type { TaskEvent } from '../../ports/outbox.ts';

/** `gap`: events may be missing, read the task. `closed`: nothing more will come. */
export type Mail = TaskEvent | 'gap' | 'closed';

/** Far more than a task produces between two reads; only a stuck reader gets here. */
const EVENTS_MAX = 256;

export class EventMailbox {
  #events: TaskEvent[] = [];
  #gap = false;
  #closed = false;
  #waiting: ((mail: Mail) => void) | null = null;
  readonly #eventsMax: number;

  constructor(eventsMax: number = EVENTS_MAX) {
    this.#eventsMax = eventsMax;
  }

  put(event: TaskEvent): void {
    if (this.#gap || this.#closed) return;
    if (this.#events.length >= this.#eventsMax) return this.lose();
    this.#events.push(event);
    this.#serve();
  }

  /** Says that something may be missing. What waits is dropped: the read that follows is newer than all of it. */
  lose(): void {
    if (this.#closed) return;
    this.#events = [];
    this.#gap = true;
    this.#serve();
  }

  close(): void {
    this.#closed = true;
    this.#events = [];
    this.#serve();
  }

  /** Waits for the next mail. One reader at a time. */
  take(): Promise<Mail> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#serve();
    });
  }

  #serve(): void {
    if (!this.#waiting) return;
    const mail = this.#next();
    if (mail === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting(mail);
  }

  #next(): Mail | undefined {
    if (this.#closed) return 'closed';
    if (!this.#gap) return this.#events.shift();
    this.#gap = false;
    return 'gap';
  }
}
