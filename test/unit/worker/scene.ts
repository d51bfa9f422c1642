// What the tests of the worker share: a node over the reference store, a clock the test moves, and handlers that end
// when the test says so.
import assert from 'node:assert/strict';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import type { Status, TaskWithAttempts } from '../../../src/domain/task.ts';
import type { TaskRequest } from '../../../src/engine/engine.ts';
import { createSubmit } from '../../../src/engine/submit.ts';
import { startTimers } from '../../../src/engine/sweepers/timers.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import type { StoreSettings } from '../../../src/ports/task-store.ts';
import type { Handler, HandlerContext, HandlerTask } from '../../../src/worker/handler.ts';
import type { KeeperFactory } from '../../../src/worker/lease-keeper.ts';
import { HandlerRegistry } from '../../../src/worker/registry.ts';
import { createWorker, type Worker, type WorkerSettings } from '../../../src/worker/worker.ts';
import { ModelStore } from '../../model/model-store.ts';
import { Weather } from './weather.ts';

export const STORE_SETTINGS: StoreSettings = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 604_800_000,
  idempotencyMs: 86_400_000,
  stallMs: 0,
};

export const WORKER_SETTINGS: WorkerSettings = {
  nodeId: 'node-1',
  maxConcurrency: 10,
  shutdownGraceMs: 30_000,
  cancelGraceMs: 30_000,
  leaseMs: 90_000,
  heartbeatIntervalMs: 30_000,
  host: 'here',
  pid: 1,
  version: '0.0.0',
};

/** Turns of the event loop until everything that is under way in this process has come to rest. */
export async function quiet(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** One run of a handler, seen from the test. */
export interface Run {
  readonly task: HandlerTask;
  readonly ctx: HandlerContext;
  /** Ends the handler. */
  readonly end: PromiseWithResolvers<unknown>;
}

export class RecordingLog implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  readonly #fields: LogFields;
  constructor(lines?: RecordingLog['lines'], fields: LogFields = {}) {
    if (lines) this.lines = lines;
    this.#fields = fields;
  }
  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }
  child(fields: LogFields): Logger {
    return new RecordingLog(this.lines, { ...this.#fields, ...fields });
  }
  of(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
  #write(level: string, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}

export class Scene {
  readonly clock = new ManualClock();
  readonly weather = new Weather();
  readonly log = new RecordingLog();
  readonly registry = new HandlerRegistry();
  readonly store: ModelStore;
  readonly #submit: ReturnType<typeof createSubmit>;
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(settings: Partial<StoreSettings> = {}) {
    const store = new ModelStore(this.clock, { ...STORE_SETTINGS, ...settings });
    this.store = this.weather.over(store);
    // Past the weather: what the test itself asks is neither counted nor refused.
    this.#submit = createSubmit(store, this.clock, { nodeId: 'client', defaultRetry: 0, defaultTimeoutMs: 0 });
    this.read = async (id) => (await store.get([id]))[0] ?? assert.fail(`no task ${id}`);
    this.cancel = async (id, why) => (await store.cancel([{ id, ...why }]))[0]?.state ?? '';
    this.running = async () => (await store.list({ status: 'processing', limit: 1000, offset: 0, order: 'asc' })).total;
    this.slotsTaken = async (key) => (await store.concurrency()).find((one) => one.key === key)?.running ?? 0;
  }

  readonly read: (id: string) => Promise<TaskWithAttempts>;
  readonly cancel: (id: string, why?: { readonly reason: string }) => Promise<string>;
  readonly running: () => Promise<number>;
  readonly slotsTaken: (key: string) => Promise<number>;

  /** Stops everything the scene started; every test ends with it. */
  async end(): Promise<void> {
    this.weather.back();
    for (const end of this.#ends.splice(0).reverse()) {
      const ended = end();
      // Whatever a drain waits for, some minutes are enough.
      await this.pass(300_000, 1000);
      await ended;
    }
  }

  worker(settings: Partial<WorkerSettings> = {}, leaseKeeper?: KeeperFactory): Worker {
    const worker = createWorker({
      store: this.store,
      clock: this.clock,
      log: this.log,
      registry: this.registry,
      settings: { ...WORKER_SETTINGS, ...settings },
      ...(leaseKeeper === undefined ? {} : { leaseKeeper }),
    });
    this.#ends.push(() => worker.close());
    return worker;
  }

  sweepers(maxRecoveries = 3): void {
    const { store, clock, log } = this;
    const timers = startTimers({ store, clock, log, maxRecoveries });
    this.#ends.push(() => timers.close());
  }

  handler(type: string, handle: Handler['handle']): void {
    this.registry.register({ type, handle });
  }

  /** Registers a handler that runs until the test ends it; answers with the runs so far, in order of their start. */
  manualHandler(type: string): Run[] {
    const runs: Run[] = [];
    this.handler(type, (task, ctx) => {
      const end = Promise.withResolvers<unknown>();
      runs.push({ task, ctx, end });
      return end.promise;
    });
    return runs;
  }

  async submit(type: string, request: Omit<TaskRequest, 'type'> = {}): Promise<string> {
    const [reply] = await this.#submit.submit([{ type, ...request }]);
    assert.equal(reply?.state, 'created');
    return reply.task.id;
  }

  async statusOf(id: string): Promise<Status> {
    return (await this.read(id)).status;
  }

  /** Lets time pass in steps, everything coming to rest after each. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    await quiet();
    for (let left = ms; left > 0; left -= stepMs) {
      await this.clock.advanceAsync(Math.min(left, stepMs));
      await quiet(4);
    }
    await quiet();
  }
}

export function first<T>(list: readonly T[], index = 0): T {
  return list[index] ?? assert.fail(`there is no number ${index} of ${list.length}`);
}
