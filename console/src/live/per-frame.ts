// Hands out what comes in once per frame, however much it is.

/** While the page is hidden there are no frames. */
const HIDDEN_MS = 1000;

export class PerFrame<T> {
  readonly #max: number;
  readonly #flushed: (items: readonly T[], overrun: boolean) => void;
  #queue: T[] = [];
  #isOverrun = false;

  /** @param max more than so many are not kept; @param flushed told so by its second argument */
  constructor(max: number, flushed: (items: readonly T[], overrun: boolean) => void) {
    this.#max = max;
    this.#flushed = flushed;
  }

  add(item: T): void {
    if (this.#queue.length === 0 && !this.#isOverrun) this.#schedule();
    if (this.#queue.length < this.#max) this.#queue.push(item);
    else this.#isOverrun = true;
  }

  #schedule(): void {
    const flush = (): void => {
      const [items, overrun] = [this.#queue, this.#isOverrun];
      this.#queue = [];
      this.#isOverrun = false;
      this.#flushed(items, overrun);
    };
    if (document.hidden) setTimeout(flush, HIDDEN_MS);
    else requestAnimationFrame(flush);
  }
}
