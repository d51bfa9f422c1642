// Puts submits together that arrive in one turn of the event loop. Each request of a busy server comes in a callback of
// its own; handed on one by one they would cost the store a transaction each. Nothing waits for a timer: what has
// arrived leaves before the loop waits for the network again.
import { LogUnavailable, StoreUnavailable } from '../domain/errors.ts';
import type { Engine, EngineReply, TaskRequest } from '../engine/engine.ts';

interface Waiting {
  readonly request: TaskRequest;
  readonly resolve: (reply: EngineReply) => void;
  readonly reject: (error: unknown) => void;
}

export class SubmitGatherer {
  readonly #engine: Pick<Engine, 'submit'>;
  #waiting: Waiting[] = [];

  constructor(engine: Pick<Engine, 'submit'>) {
    this.#engine = engine;
  }

  /** As `Engine.submit` for one request. */
  submit(request: TaskRequest): Promise<EngineReply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => void this.#send());
    });
  }

  async #send(): Promise<void> {
    const calls = this.#waiting;
    this.#waiting = [];
    // With an idempotency key a submit may have to be refused where one without is taken.
    const isNamed = ({ request }: Waiting) => request.idempotency !== undefined;
    const named = calls.filter(isNamed);
    if (named.length === 0 || named.length === calls.length) return this.#submit(calls);
    await Promise.all([this.#submit(named), this.#submit(calls.filter((call) => !isNamed(call)))]);
  }

  async #submit(calls: readonly Waiting[]): Promise<void> {
    try {
      const replies = await this.#engine.submit(calls.map(({ request }) => request));
      for (const [i, { resolve }] of calls.entries()) resolve(replies[i] as EngineReply);
    } catch (error) {
      await this.#failed(calls, error);
    }
  }

  /** A request that the engine cannot take must not fail those that happened to arrive with it. */
  async #failed(calls: readonly Waiting[], error: unknown): Promise<void> {
    if (calls.length === 1 || error instanceof StoreUnavailable || error instanceof LogUnavailable) {
      for (const { reject } of calls) reject(error);
      return;
    }
    for (const { request, resolve, reject } of calls) {
      await this.#engine.submit([request]).then(([reply]) => resolve(reply as EngineReply), reject);
    }
  }
}
