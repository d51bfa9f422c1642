// A bounded queue between callbacks and one reader. When it runs over, what waits is replaced by a `gap`.

export class Mailbox<T> {
  #items: (T | 'gap')[] = [];
  #isClosed = false;
  #wake: (() => void) | null = null;
  readonly #itemsMax: number;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  put(item: T | 'gap'): void {
    if (this.#isClosed) return;
    if (this.#items.length >= this.#itemsMax) this.#items = ['gap'];
    else if (item !== 'gap' || this.#items.at(-1) !== 'gap') this.#items.push(item);
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#items = [];
    this.#wake?.();
  }

  /** Until it is closed. One reader. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T | 'gap', void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
