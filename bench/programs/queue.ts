// What all queues are measured through. XQueue and its peers implement it; the measurements below it are the same code for all.

export interface Payload {
  readonly number: number;
  readonly text: string;
}

export interface Queue {
  /** Hands over many at once, in the way the queue documents for it; resolves when they are accepted. */
  addMany(type: string, payloads: readonly Payload[]): Promise<void>;
  addOne(type: string, payload: Payload): Promise<void>;
  /** Runs a handler for the type, at most the queue's configured number at once. Resolves when it takes tasks. */
  work(type: string, handle: (payload: Payload) => void | Promise<void>): Promise<void>;
  /** Resolves when `count` tasks of the type have run and the queue has recorded that they are complete. */
  completed(type: string, count: number): Promise<void>;
  /** Ends the handlers of `work`, so that what polls after a warm-up does not run beside what is measured. */
  rest(type: string): Promise<void>;
  close(): Promise<void>;
}

/** About a hundred bytes of JSON. */
export function payloads(count: number): Payload[] {
  const text = 'x'.repeat(75);
  return Array.from({ length: count }, (_, number) => ({ number, text }));
}
