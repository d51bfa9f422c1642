// `xqueue/testing`: tests without a server, without Docker and without waiting.
import { ManualClock } from './adapters/clock/manual-clock.ts';
import { systemClock } from './adapters/clock/system-clock.ts';
import { compose } from './compose.ts';
import { type Options, optionsSource } from './config/options.ts';
import { resolve } from './config/resolve.ts';
import { SILENT } from './ports/logger.ts';
import { type HandlerRun, type RunOptions, runHandlerOn } from './testing/run-handler.ts';
import { TestQueue } from './testing/test-queue.ts';
import type { Handler } from './worker/handler.ts';

export interface TestQueueOptions {
  readonly handlers?: readonly Handler[];
  /** `manual`, the only one: time stands still until `advance` or `drain`. */
  readonly clock?: 'manual';
  /** The queue's first instant; default 2026-01-01T00:00:00Z. */
  readonly now?: Date;
  /** Makes the same jitter each time; default 1. */
  readonly seed?: number;
  /** Settings of docs/config.md that matter to the test. Environment and `xqueue.yaml` are not looked at. */
  readonly settings?: Pick<Options, 'queue'>;
}

/** Close it when the test is over: `await using queue = await createTestQueue({ handlers })`. */
export async function createTestQueue(options: TestQueueOptions = {}): Promise<TestQueue> {
  const { handlers = [], now, seed, settings = {} } = options;
  const clock = new ManualClock({
    ...(now === undefined ? {} : { now: now.getTime() }),
    ...(seed === undefined ? {} : { seed }),
  });
  const fixed: Options = { ...settings, embedded: { path: ':memory:' }, mqtt: { broker: 'off' } };
  const node = await compose(resolve([optionsSource(fixed)], 'off'), { http: 'off', demo: 'none', clock, log: SILENT });
  const drain = async (): Promise<void> => moving(clock, node.drain());
  const close = async (): Promise<void> => moving(clock, node.close());
  return new TestQueue({ ...node, drain, close }, clock).registerHandlers(handlers);
}

/** More timers than any end needs. */
const STEPS_MAX = 10_000;

/** Ends come with graces, which pass only when the clock is moved. */
async function moving(clock: ManualClock, ending: Promise<void>): Promise<void> {
  const over = ending.then(() => 'over' as const);
  for (let step = 0; step < STEPS_MAX; step++) {
    const first = await Promise.race([over, clock.advanceAsync(clock.nextTimerMs ?? 0)]);
    if (first === 'over') return;
  }
  await ending;
}

/**
 * Runs a handler once, without a queue and in real time: `const run = await runHandler(handler, input, { attempt: 2 })`.
 * Resolves with what became of it, also when it throws.
 */
export function runHandler(handler: Handler, input?: unknown, options?: RunOptions): Promise<HandlerRun> {
  return runHandlerOn(systemClock, handler, input, options);
}

export type { Child, HandlerRun, LogLine, RunOptions } from './testing/run-handler.ts';
export { type Submitted, TestQueue } from './testing/test-queue.ts';
