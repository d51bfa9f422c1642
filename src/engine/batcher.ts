// Calls that arrive together travel together. A call leaves at once when fewer than `underWayMax` batches are, else with
// everything that gathered when one is back: no timer, no wait on a quiet system, large batches on a busy one.
//
// Callers that wait for their answers before they call again would all travel in one batch for ever, and store and process take turns.
// `inHalves`: what is found waiting when nothing is under way goes in two halves. From then on each half comes back alone.
import { StoreUnavailable } from '../domain/errors.ts';

/** `one` is answered with what came of its item, `many` with a list. */
type Call<I, O> = { readonly items: readonly I[]; readonly reject: (error: unknown) => void } & (
  | { readonly kind: 'one'; readonly resolve: (result: O) => void }
  | { readonly kind: 'many'; readonly resolve: (results: O[]) => void }
);

/** Fewer calls than this are not worth a second batch. */
const HALVED_MIN = 16;

/** Whoever calls in the same breath comes along. */
const endOfPromises = (run: () => void): void => queueMicrotask(run);
/** In the first of these turns what came before is written to the store. */
const afterNextTurn = (run: () => void): void => void setImmediate(() => setImmediate(run));

export class Batcher<I, O> {
  readonly #send: (batch: readonly I[]) => Promise<readonly O[]>;
  readonly #max: number;
  #waiting: Call<I, O>[] = [];
  readonly #underWayMax: number;
  readonly #isInHalves: boolean;
  #underWay = 0;
  #isStarting = false;

  /**
   * @param send answers in order of its batch, all or nothing
   * @param max items per batch
   * @param how `underWayMax`: batches on their way at once; a second one is ready when the store comes back from the disk
   */
  constructor(
    send: (batch: readonly I[]) => Promise<readonly O[]>,
    max: number,
    how: { readonly underWayMax?: number; readonly inHalves?: boolean } = {},
  ) {
    this.#send = send;
    this.#max = max;
    this.#underWayMax = how.underWayMax ?? 1;
    this.#isInHalves = how.inHalves ?? false;
  }

  one(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#add({ kind: 'one', items: [item], resolve, reject });
    });
  }

  /** Stays together in one batch unless it is larger than one. */
  async many(items: readonly I[]): Promise<O[]> {
    if (items.length === 0) return [];
    const parts: Promise<O[]>[] = [];
    for (let from = 0; from < items.length; from += this.#max) {
      const part = items.length <= this.#max ? items : items.slice(from, from + this.#max);
      parts.push(
        new Promise((resolve, reject) => {
          this.#add({ kind: 'many', items: part, resolve, reject });
        }),
      );
    }
    return parts.length === 1 ? (parts[0] as Promise<O[]>) : (await Promise.all(parts)).flat();
  }

  #add(call: Call<I, O>): void {
    this.#waiting.push(call);
    this.#startAt(endOfPromises);
  }

  #startAt(moment: (run: () => void) => void): void {
    if (this.#isStarting || this.#underWay === this.#underWayMax) return;
    this.#isStarting = true;
    moment(() => {
      this.#isStarting = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const inHalves = this.#isInHalves && this.#underWay === 0 && this.#waiting.length >= HALVED_MIN;
    const calls = this.#take(inHalves ? Math.ceil(this.#waiting.length / 2) : this.#waiting.length);
    this.#underWay++;
    if (this.#waiting.length > 0) this.#startAt(inHalves ? afterNextTurn : endOfPromises);
    try {
      deliver(calls, await this.#send(calls.length === 1 ? (calls[0] as Call<I, O>).items : itemsOf(calls)));
    } catch (error) {
      await this.#failed(calls, error);
    }
    this.#underWay--;
    if (this.#waiting.length > 0) this.#startAt(endOfPromises);
  }

  #take(countMax: number): Call<I, O>[] {
    let size = 0;
    let count = 0;
    for (const call of this.#waiting) {
      if (count === countMax || (count > 0 && size + call.items.length > this.#max)) break;
      size += call.items.length;
      count++;
    }
    if (count === this.#waiting.length) {
      const all = this.#waiting;
      this.#waiting = [];
      return all;
    }
    return this.#waiting.splice(0, count);
  }

  /** Each caller gets an error of its own; one bad item must not fail the calls that happened to travel with it. */
  async #failed(calls: readonly Call<I, O>[], error: unknown): Promise<void> {
    if (calls.length === 1) return (calls[0] as Call<I, O>).reject(error);
    for (const call of calls) {
      if (error instanceof StoreUnavailable) {
        call.reject(new StoreUnavailable(error.message, error));
        continue;
      }
      try {
        deliver([call], await this.#send(call.items));
      } catch (own) {
        call.reject(own);
      }
    }
  }
}

function itemsOf<I, O>(calls: readonly Call<I, O>[]): I[] {
  const items: I[] = [];
  for (const call of calls) for (const item of call.items) items.push(item);
  return items;
}

function deliver<I, O>(calls: readonly Call<I, O>[], results: readonly O[]): void {
  let from = 0;
  for (const call of calls) {
    const end = from + call.items.length;
    if (call.kind === 'one') call.resolve(results[from] as O);
    else call.resolve(results.slice(from, end));
    from = end;
  }
}
