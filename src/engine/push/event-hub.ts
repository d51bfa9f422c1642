// Hands each task event to whoever in this process waits for it: long polls, event streams, handles. It knows nothing
// of the outbox or of brokers; the relay feeds it. Listeners are called in the order of the outbox, one after the other.
import type { TaskEvent } from '../../ports/outbox.ts';

/** Called synchronously; must be quick and must not wait. For a queue of its own see `EventMailbox`. */
export type EventListener = (event: TaskEvent) => void;
/** Called when events may have been missed: read the task again. */
export type GapListener = () => void;

interface Subscriber {
  readonly listener: EventListener;
  readonly onGap: GapListener | undefined;
}

export interface EventHubOptions {
  /** A listener threw. The others still get the event. */
  readonly onFault?: (error: unknown) => void;
}

export class EventHub {
  readonly #byTask = new Map<string, Set<Subscriber>>();
  readonly #all = new Set<Subscriber>();
  readonly #firstListener = new Set<() => void>();
  readonly #onFault: (error: unknown) => void;

  constructor(options: EventHubOptions = {}) {
    this.#onFault = options.onFault ?? (() => {});
  }

  /**
   * Follows one task until the returned function is called. Every event that is committed after this call reaches the
   * listener, or `onGap` is called; so subscribe first, then read the task. Older events may come too: compare versions.
   */
  onTask(id: string, listener: EventListener, onGap?: GapListener): () => void {
    const subscriber = { listener, onGap };
    const wasEmpty = !this.hasListeners();
    const known = this.#byTask.get(id);
    if (known) known.add(subscriber);
    else this.#byTask.set(id, new Set([subscriber]));
    if (wasEmpty) this.#announce();
    return () => {
      const rest = this.#byTask.get(id);
      if (rest?.delete(subscriber) && rest.size === 0) this.#byTask.delete(id);
    };
  }

  /** As `onTask`, for the events of all tasks. */
  onAll(listener: EventListener, onGap?: GapListener): () => void {
    const subscriber = { listener, onGap };
    const wasEmpty = !this.hasListeners();
    this.#all.add(subscriber);
    if (wasEmpty) this.#announce();
    return () => {
      this.#all.delete(subscriber);
    };
  }

  /** While false nobody needs events, and the relay does not even decode them. */
  hasListeners(): boolean {
    return this.#all.size > 0 || this.#byTask.size > 0;
  }

  /** Calls back whenever the hub, empty until then, gets a listener. */
  onFirstListener(callback: () => void): () => void {
    this.#firstListener.add(callback);
    return () => {
      this.#firstListener.delete(callback);
    };
  }

  publish(events: readonly TaskEvent[]): void {
    for (const event of events) {
      const followers = this.#byTask.get(event.taskId);
      if (followers) this.#deliver(followers, event);
      if (this.#all.size > 0) this.#deliver(this.#all, event);
    }
  }

  /** Events may have been missed: tells every listener to read its task again. */
  gap(): void {
    for (const followers of [...this.#byTask.values(), this.#all]) {
      for (const { onGap } of followers) this.#guarded(() => onGap?.());
    }
  }

  #deliver(to: ReadonlySet<Subscriber>, event: TaskEvent): void {
    for (const { listener } of to) this.#guarded(() => listener(event));
  }

  /** One faulty listener must cost neither the others their event nor the relay its place. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #announce(): void {
    for (const callback of this.#firstListener) callback();
  }
}
