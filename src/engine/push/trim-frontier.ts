// Which part of the outbox may be forgotten. Entries are read in order but done with in any order; only an unbroken run
// of done entries from the oldest on may be trimmed, and not before other readers had their time with it.

/** One entry that was read. Done when nothing of it waits any more. */
export interface HeldEntry {
  /** Events of the entry that somebody still has to take. */
  left: number;
}

interface Held extends HeldEntry {
  readonly position: string;
  readonly readAt: number;
  readonly events: number;
}

export interface FrontierLimits {
  /** How long an entry stays readable for others after it was read here. */
  readonly keepMs: number;
  /**
   * Events that may be kept in the outbox because something of them waits. Beyond that the oldest entries are let go:
   * what waits of them lives in memory only, and is lost if the process dies before the broker is back.
   */
  readonly heldEventsMax: number;
}

export class TrimFrontier {
  #held: Held[] = [];
  #first = 0;
  /** Entries from `#first` on that are done with and only kept for others. */
  #done = 0;
  #heldEvents = 0;
  readonly #limits: FrontierLimits;

  constructor(limits: FrontierLimits) {
    this.#limits = limits;
  }

  /** Notes an entry, in the order of reading. `left` starts at 0; who takes an event raises it, and lowers it when done. */
  add(position: string, events: number, nowMs: number): HeldEntry {
    const held: Held = { position, left: 0, readAt: nowMs, events };
    this.#held.push(held);
    this.#heldEvents += events;
    return held;
  }

  /** Entries that were read and not yet trimmed. */
  get size(): number {
    return this.#held.length - this.#first;
  }

  /** The newest position up to which everything is done with; `null` = unchanged since the last call. */
  advanceDone(): string | null {
    let position: string | null = null;
    for (
      let head = this.#held[this.#first + this.#done];
      head && this.#finished(head);
      head = this.#held[this.#first + this.#done]
    ) {
      position = head.position;
      this.#heldEvents -= head.events;
      this.#done++;
    }
    return position;
  }

  /** The newest position up to which the outbox may be trimmed; `null` = unchanged. Looks at what `advanceDone` passed. */
  advance(nowMs: number): string | null {
    let position: string | null = null;
    for (let head = this.#held[this.#first]; head && this.#done > 0; head = this.#held[this.#first]) {
      if (nowMs - head.readAt < this.#limits.keepMs) break;
      position = head.position;
      this.#first++;
      this.#done--;
    }
    if (this.#first > 1024 || this.#first === this.#held.length) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return position;
  }

  #finished(head: Held): boolean {
    return head.left === 0 || this.#heldEvents > this.#limits.heldEventsMax;
  }
}
