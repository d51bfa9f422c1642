// A connection that comes back: after a loss it looks for the server anew (Sentinel may name another one), says hello and
// serves again. Every call has a deadline of its own; a server that has gone silent is left.
import { StoreUnavailable } from '../../domain/errors.ts';
import type { RetryStrategy } from '../../domain/retry.ts';
import { retryDelayMs } from '../../domain/retry.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import { faultOf, LinkLost } from './faults.ts';
import type { Link, RedisArg, RedisReply } from './link.ts';

export interface ConnectionParts {
  readonly clock: Clock;
  /** Longest time a call may take, waiting for a connection included. */
  readonly callMs: number;
  /** Finds the server and connects to it. */
  readonly open: () => Promise<Link>;
  /** Runs on each new link before anybody else may use it. */
  readonly greet: (link: Link) => Promise<void>;
}

/** Well below five seconds, so that nodes work again soon after the server is back. */
const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 25, factor: 2, maxDelayMs: 1000, jitter: 0.3 };

interface Call {
  readonly args: readonly RedisArg[];
  readonly deadlineAt: number;
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: Error) => void;
  isDone: boolean;
}

export class Connection {
  readonly #parts: ConnectionParts;
  #link: Link | null = null;
  /** Calls that wait for the first try to connect; after a failed one they are refused at once. */
  #waiting: Call[] = [];
  /** Calls under way, oldest first; all have the same time, so the first is the first to be over. */
  readonly #underWay = new Set<Call>();
  #failures = 0;
  #why = 'not connected yet';
  #lastReplyAt = 0;
  #watch: Timer | null = null;
  #retry: Timer | null = null;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** The present link; `null` while there is none. */
  get link(): Link | null {
    return this.#link;
  }

  /** Connects. @throws what keeps it from connecting; `send` may be used afterwards nevertheless */
  async open(): Promise<void> {
    this.#state = 'open';
    await this.#connect();
  }

  /** Connects in the background and keeps trying. */
  openLater(): void {
    this.#state = 'open';
    this.#connect().catch(() => this.#tryLater());
  }

  /**
   * Sends a command. After a lost connection it is sent again within its time: every script is harmless to repeat.
   * @throws StoreUnavailable or the error of the command
   */
  send(args: readonly RedisArg[]): Promise<RedisReply> {
    if (this.#state === 'closed') return Promise.reject(new StoreUnavailable('The connection to Redis is closed'));
    if (this.#link === null && this.#failures > 0) return Promise.reject(this.#unavailable());
    return new Promise((resolve, reject) => {
      const deadlineAt = this.#parts.clock.monotonic() + this.#parts.callMs;
      const call: Call = { args, deadlineAt, resolve, reject, isDone: false };
      this.#underWay.add(call);
      this.#armWatch();
      if (this.#link) void this.#run(call, this.#link);
      else this.#waiting.push(call);
    });
  }

  close(): void {
    this.#state = 'closed';
    this.#retry?.cancel();
    this.#watch?.cancel();
    const link = this.#link;
    this.#link = null;
    link?.destroy();
    for (const call of this.#underWay) this.#end(call, new StoreUnavailable('The connection to Redis is closed'));
    this.#waiting = [];
  }

  async #run(call: Call, link: Link): Promise<void> {
    try {
      const reply = await link.send(call.args);
      this.#lastReplyAt = this.#parts.clock.monotonic();
      this.#underWay.delete(call);
      call.isDone = true;
      call.resolve(reply);
    } catch (error) {
      if (call.isDone) return;
      if (error instanceof LinkLost) {
        this.#lost(link, error.message);
        // `#lost` has begun to reconnect; the call goes out again if that works at once.
        if (this.#state === 'open' && this.#failures === 0) this.#waiting.push(call);
        else this.#end(call, this.#unavailable());
        return;
      }
      this.#lastReplyAt = this.#parts.clock.monotonic();
      const fault = faultOf(error);
      this.#end(call, fault.error);
      if (fault.next === 'reconnect') this.#lost(link, fault.error.message);
    }
  }

  #end(call: Call, error: Error): void {
    if (call.isDone) return;
    call.isDone = true;
    this.#underWay.delete(call);
    call.reject(error);
  }

  async #connect(): Promise<void> {
    try {
      const link = await this.#parts.open();
      try {
        await this.#parts.greet(link);
      } catch (error) {
        link.destroy();
        throw error;
      }
      if (this.#state === 'closed') return link.destroy();
      this.#up(link);
    } catch (error) {
      this.#failures += 1;
      this.#why = error instanceof Error ? error.message : String(error);
      for (const call of this.#waiting.splice(0)) this.#end(call, this.#unavailable());
      throw error instanceof LinkLost ? this.#unavailable() : faultOf(error).error;
    }
  }

  #up(link: Link): void {
    this.#failures = 0;
    this.#link = link;
    this.#lastReplyAt = this.#parts.clock.monotonic();
    void link.ended.then(() => this.#lost(link, 'the connection ended'));
    for (const call of this.#waiting.splice(0)) if (!call.isDone) void this.#run(call, link);
  }

  #lost(link: Link, why: string): void {
    if (this.#link !== link) return;
    this.#link = null;
    this.#why = why;
    link.destroy();
    if (this.#state === 'open') this.#connect().catch(() => this.#tryLater());
  }

  #tryLater(): void {
    if (this.#state !== 'open') return;
    const { clock } = this.#parts;
    this.#retry = clock.after(retryDelayMs(BACK_OFF, this.#failures, clock.random()), () => {
      this.#connect().catch(() => this.#tryLater());
    });
  }

  #unavailable(): StoreUnavailable {
    return new StoreUnavailable(`Redis cannot be reached: ${this.#why}`);
  }

  /** One timer for all calls under way. */
  #armWatch(): void {
    if (this.#watch !== null) return;
    const [oldest] = this.#underWay;
    if (oldest === undefined) return;
    const { clock } = this.#parts;
    this.#watch = clock.after(Math.max(1, oldest.deadlineAt - clock.monotonic()), () => {
      this.#watch = null;
      this.#refuseLate();
      this.#armWatch();
    });
  }

  #refuseLate(): void {
    const { clock, callMs } = this.#parts;
    const now = clock.monotonic();
    let isLate = false;
    for (const call of this.#underWay) {
      if (call.deadlineAt > now) break;
      isLate = true;
      this.#end(call, new StoreUnavailable(`Redis did not answer within ${callMs / 1000} s`));
    }
    // Nothing at all came back in that time: the server or the way to it is frozen, and a new connection may be better.
    const silentMs = now - this.#lastReplyAt;
    if (isLate && this.#link !== null && silentMs >= callMs) this.#lost(this.#link, 'it did not answer');
  }
}
