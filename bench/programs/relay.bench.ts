// The relay alone: events that wait in the outbox of a data file, published to an external broker until the last is acknowledged.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { ExternalPublisher } from '../../src/adapters/mqtt/external-publisher.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { DEFAULT_RETRY } from '../../src/domain/retry.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { EventHub } from '../../src/engine/push/event-hub.ts';
import { OutboxRelay } from '../../src/engine/push/outbox-relay.ts';
import { createUuid7 } from '../../src/engine/uuid7.ts';
import { SILENT } from '../../src/ports/logger.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';
import { pushedMessages } from '../../src/protocol/pushed-messages.ts';
import { run } from '../harness/program.ts';

export interface RelayInput {
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  /** Each has three changes, and each change goes to two topics. */
  readonly tasks: number;
}

const PAGE = 500;

await run(async ({ url, protocolVersion, tasks }: RelayInput) => {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-bench-relay-'));
  const settings = {
    leaseMs: 90_000,
    cancelGraceMs: 30_000,
    semaphoreExpirationMs: 300_000,
    retentionMs: 604_800_000,
    idempotencyMs: 86_400_000,
    stallMs: 0,
  };
  const store = await openSqliteStore({ path: join(folder, 'xqueue.db'), clock: systemClock, settings });
  const publisher = new ExternalPublisher({
    url,
    clientId: 'bench',
    nodeId: 'n1',
    username: '',
    password: '',
    qos: 1,
    base: 'task/status',
    clock: systemClock,
    logger: SILENT,
    protocolVersion,
  });
  const toMessages = pushedMessages({ base: 'task/status', format: 'json', progressExpiryMs: 60_000 });
  const relay = new OutboxRelay({
    store,
    publisher,
    toMessages,
    hub: new EventHub(),
    broker: 'shared',
    locks: store.locks,
    clock: systemClock,
    logger: SILENT,
    owner: 'n1',
    settings: { queueEventsMax: 3 * tasks },
  });
  await runTasks(store, 2_000);
  await store.trimOutbox((await store.readOutbox(null, 100_000)).at(-1)?.position ?? '');
  await runTasks(store, tasks);
  while (publisher.health().status !== 'ok') await pause(5);
  return {
    measure: async () => {
      const from = performance.now();
      await relay.start();
      while (relay.stats().published < 3 * tasks) await pause(2);
      return { perSecond: ((6 * tasks) / (performance.now() - from)) * 1000 };
    },
    end: async () => {
      await relay.close();
      await publisher.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

/** From submit to success: three changes each. */
async function runTasks(store: TaskStore, count: number): Promise<void> {
  const id = createUuid7(systemClock, 'n1');
  for (let left = count; left > 0; left -= PAGE) {
    await store.submit(Array.from({ length: PAGE }, () => ({ spec: specOf(id()), due: { afterMs: 0 } })));
    const claimed = await store.claim({ requestId: id(), nodeId: 'n1', types: ['bench'], count: PAGE });
    const outcome = { kind: 'succeed', result: null } as const;
    await store.settle(
      claimed.map(({ lease: { id, token } }) => ({ id, token, outcome, handler: 'ended', by: 'holder' })),
    );
  }
}

function specOf(id: string): TaskSpec {
  return {
    id,
    type: 'bench',
    payload: '{}',
    priority: 0,
    maxRetry: 3,
    retryStrategy: DEFAULT_RETRY,
    queueTimeoutMs: 0,
    processTimeoutMs: 0,
    concurrencyKey: null,
    maxConcurrency: null,
    limits: [],
    tags: [],
    parentId: null,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
