// Puts the use cases together. Each is a file of its own; nothing is decided here.
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { TaskStore } from '../ports/task-store.ts';
import { createCancel } from './cancel.ts';
import { createDrain } from './drain.ts';
import type { Engine, EngineSettings } from './engine.ts';
import { createGet } from './get.ts';
import { handlersOf } from './handlers.ts';
import { healthOf } from './health.ts';
import type { LogFront } from './log/log-front.ts';
import { startLog } from './log/start-log.ts';
import type { EventHub } from './push/event-hub.ts';
import { waitForFinal, watch } from './push/watch.ts';
import { watchAll } from './push/watch-all.ts';
import { createRevive } from './revive.ts';
import { createSubmit } from './submit.ts';
import { startSweepers } from './sweepers/start-sweepers.ts';

export interface EngineParts {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly settings: EngineSettings;
  readonly log: Logger;
  /** Fed by the outbox relay; waits and watches listen to it. */
  readonly hub: EventHub;
  /** The log that tasks go through before the store; left out: there is none. */
  readonly front?: LogFront;
}

/** Sweepers start at once. The store stays the caller's: `close` it after the engine. */
export function createEngine({ store, clock, settings, log, hub, front }: EngineParts): Engine {
  const { submit, useConcurrency, strategies } = createSubmit(store, clock, settings, front);
  const get = createGet(store);
  const source = { hub, clock, read: get };
  const sweepers = startSweepers({ store, clock, log, settings });
  const logSide = front ? startLog({ front, store, clock, log, defaults: settings, strategies }) : null;
  return {
    durability: front ? 'kafka' : store.durability,
    submit,
    get,
    list: (query) => store.list(query),
    cancel: createCancel(store),
    revive: createRevive(store),
    waitForFinal: (id, waitMs, signal) => waitForFinal(source, id, waitMs, signal),
    watch: (id, options) => watch(source, id, options),
    watchAll: (signal, options) => watchAll({ hub, clock }, signal, options),
    logs: (id, after) => store.logs.read(id, after),
    stats: () => store.stats(),
    concurrency: () => store.concurrency(),
    setLimit: (key, max) => store.setLimit(key, max),
    nodes: () => store.nodes(),
    setDrain: createDrain(store),
    handlers: async () => handlersOf(await store.nodes()),
    useConcurrency,
    locks: store.locks,
    health: () => healthOf(store),
    logStatus: () => logSide?.status() ?? null,
    close: async () => {
      await sweepers.close();
      await logSide?.close();
    },
  };
}
