// Requests that stay open (long polls, event streams). Each gets a signal that ends it when its client goes away or
// the server closes, so that nothing waits for an answer nobody reads.
import type { ServerResponse } from 'node:http';

export class OpenCalls {
  readonly #calls = new Set<AbortController>();
  #closed = false;

  /** How many are open now. */
  get size(): number {
    return this.#calls.size;
  }

  /** The signal ends with the connection; a response that was sent counts as ended too. */
  open(response: ServerResponse): AbortSignal {
    const call = new AbortController();
    if (this.#closed || response.destroyed) {
      call.abort();
      return call.signal;
    }
    this.#calls.add(call);
    response.once('close', () => {
      this.#calls.delete(call);
      call.abort();
    });
    return call.signal;
  }

  /** Ends all that are open and all that come. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.abort();
    this.#calls.clear();
  }
}
