// What waits for the broker: a queue with hard bounds. When it is full it gives up first what a newer version of the same
// task replaces, then the oldest, so that after any outage subscribers still learn where each task stands.
import { isFinal } from '../../domain/task.ts';
import type { TaskEvent } from '../../ports/outbox.ts';
import { type Link, LinkedList } from './linked-list.ts';
import type { HeldEntry } from './trim-frontier.ts';

/** Bounds of what may be held, the batches that are with the broker included. */
export interface PushQueueLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/**
 * Why an event was never published. `superseded`: a newer one of the same task was kept. `overflow`: not even that.
 * `refused`: the broker was there and did not take it.
 */
export type DropReason = 'superseded' | 'overflow' | 'refused';

interface Queued {
  readonly event: TaskEvent;
  readonly bytes: number;
  readonly held: HeldEntry;
  /** A newer version of the task is in the queue. */
  replaced: boolean;
  /** Its places among all that wait and, if replaced, among those. `null` while it is with the broker. */
  waiting: Link<Queued> | null;
  expendable: Link<Queued> | null;
}

/** Events that were taken together. */
export interface PushBatch {
  readonly events: readonly TaskEvent[];
}

interface Batch extends PushBatch {
  readonly queued: readonly Queued[];
}

type Newest = Record<TaskEvent['kind'], Queued | null>;

/** What one queued event costs beside its two free texts: the record, its place in the queue, its entry in the maps. */
const EVENT_OVERHEAD_BYTES = 400;

export class PushQueue {
  readonly #waiting = new LinkedList<Queued>();
  readonly #expendable = new LinkedList<Queued>();
  readonly #newest = new Map<string, Newest>();
  readonly #dropped: Record<DropReason, number> = { superseded: 0, overflow: 0, refused: 0 };
  readonly #limits: PushQueueLimits;
  #bytes = 0;
  /** With the broker, oldest first. */
  #out: Batch[] = [];
  #outEvents = 0;

  constructor(limits: PushQueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size + this.#outEvents;
  }

  /** Events that no batch holds. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Events since the start. */
  get dropped(): Readonly<Record<DropReason, number>> {
    return { ...this.#dropped };
  }

  /** Takes an event in, if need be at the cost of others. `held` is held until the event is published or given up. */
  add(event: TaskEvent, held: HeldEntry): void {
    held.left++;
    const bytes = EVENT_OVERHEAD_BYTES + 2 * ((event.error?.length ?? 0) + (event.progress?.length ?? 0));
    const queued: Queued = { event, bytes, held, replaced: false, waiting: null, expendable: null };
    queued.waiting = this.#waiting.append(queued);
    this.#bytes += bytes;
    this.#replaceOlder(queued);
    this.#shrink();
  }

  /**
   * The oldest events, in order; at least one if there is any. They cannot be dropped until `done`, `refuse` or
   * `putBack` says what became of them.
   */
  take(eventsMax: number, bytesMax: number): PushBatch {
    const queued: Queued[] = [];
    let bytes = 0;
    for (let link = this.#waiting.first; link && queued.length < eventsMax; link = this.#waiting.first) {
      bytes += link.value.bytes;
      if (queued.length > 0 && bytes > bytesMax) break;
      this.#unlink(link.value);
      queued.push(link.value);
    }
    const batch = { queued, events: queued.map(({ event }) => event) };
    this.#out.push(batch);
    this.#outEvents += queued.length;
    return batch;
  }

  /** The broker has the batch. Of one that was put back or cleared nothing is known any more. */
  done(batch: PushBatch): void {
    const index = this.#out.findIndex((out) => out === batch);
    const [gone] = index < 0 ? [] : this.#out.splice(index, 1);
    if (!gone) return;
    this.#outEvents -= gone.queued.length;
    for (const queued of gone.queued) this.#forget(queued);
  }

  /** The broker will not have the batch, however often it is offered. */
  refuse(batch: PushBatch): void {
    this.#dropped.refused += batch.events.length;
    this.done(batch);
  }

  /** The broker was away; all that was taken has its old place again, and may now be dropped as everything else. */
  putBack(): void {
    for (const queued of this.#out.flatMap((batch) => batch.queued).toReversed()) {
      queued.waiting = this.#waiting.prepend(queued);
      if (queued.replaced) queued.expendable = this.#expendable.prepend(queued);
    }
    this.#out = [];
    this.#outEvents = 0;
    this.#shrink();
  }

  /** Lets go of everything, uncounted: somebody else publishes it, or nobody listens any more. */
  clear(): void {
    for (let batch = this.#out[0]; batch; batch = this.#out[0]) this.done(batch);
    for (let link = this.#waiting.first; link; link = this.#waiting.first) this.#remove(link.value);
  }

  #replaceOlder(queued: Queued): void {
    const { taskId, kind, status } = queued.event;
    let newest = this.#newest.get(taskId);
    if (!newest) {
      newest = { status: null, progress: null };
      this.#newest.set(taskId, newest);
    }
    this.#replace(newest[kind]);
    newest[kind] = queued;
    // The last word on a task makes its progress pointless; any other status does not.
    if (kind === 'status' && isFinal(status)) this.#replace(newest.progress);
  }

  #replace(older: Queued | null): void {
    if (!older || older.replaced) return;
    older.replaced = true;
    if (older.waiting) older.expendable = this.#expendable.append(older);
  }

  #shrink(): void {
    while (this.size > this.#limits.eventsMax || this.#bytes > this.#limits.bytesMax) {
      const reason: DropReason = this.#expendable.first ? 'superseded' : 'overflow';
      const victim = this.#expendable.first ?? this.#waiting.first;
      // The newest event stays even where it alone is over the bounds: what is left would be nothing at all.
      if (!victim || this.#waiting.size === 1) return;
      this.#dropped[reason]++;
      this.#remove(victim.value);
    }
  }

  #remove(queued: Queued): void {
    this.#unlink(queued);
    this.#forget(queued);
  }

  #unlink(queued: Queued): void {
    if (queued.waiting) this.#waiting.remove(queued.waiting);
    if (queued.expendable) this.#expendable.remove(queued.expendable);
    queued.waiting = null;
    queued.expendable = null;
  }

  #forget(queued: Queued): void {
    queued.held.left--;
    this.#bytes -= queued.bytes;
    const { taskId, kind } = queued.event;
    const newest = this.#newest.get(taskId);
    if (newest?.[kind] === queued) newest[kind] = null;
    if (newest && !newest.status && !newest.progress) this.#newest.delete(taskId);
  }
}
