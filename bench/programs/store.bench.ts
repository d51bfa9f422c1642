// A store through its port, without engine and worker: what a call costs at a given size, and with calls under way at once.
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { DEFAULT_RETRY } from '../../src/domain/retry.ts';
import type { LeaseRef, StoreSettings, Submission, TaskStore } from '../../src/ports/task-store.ts';
import { run } from '../harness/program.ts';

export interface StoreInput {
  readonly path: string;
  readonly tasks: number;
  /** Tasks per call. */
  readonly batch: number;
  /** Calls under way at once. */
  readonly inFlight: number;
}

export interface StoreResult {
  readonly submitMs: number;
  readonly claimMs: number;
  readonly settleMs: number;
}

const SETTINGS: StoreSettings = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 604_800_000,
  idempotencyMs: 86_400_000,
  stallMs: 0,
};
const PAYLOAD = JSON.stringify({ number: 1, text: 'x'.repeat(75) });
const WARM_UP_TASKS = 5000;
let numbers = 0;

await run(async ({ path, tasks, batch, inFlight }: StoreInput) => {
  const store = await openSqliteStore({ path, clock: systemClock, settings: SETTINGS });
  await lifeOf(store, WARM_UP_TASKS, 100, 4);
  return { measure: () => lifeOf(store, tasks, batch, inFlight), end: () => store.close() };
});

async function lifeOf(store: TaskStore, tasks: number, batch: number, inFlight: number): Promise<StoreResult> {
  const submissions = Array.from({ length: tasks }, () => submission());
  const submitMs = await timed(() => paged(submissions, batch, inFlight, (page) => store.submit(page)));
  const leases: LeaseRef[] = [];
  const claimMs = await timed(async () => {
    let left = tasks;
    await together(inFlight, async () => {
      while (left > 0) {
        const count = Math.min(batch, left);
        left -= count;
        const requestId = `claim-${++numbers}`;
        const claimed = await store.claim({ requestId, nodeId: 'bench', types: ['bench'], count });
        for (const { lease } of claimed) leases.push({ id: lease.id, token: lease.token });
      }
    });
  });
  if (leases.length !== tasks) throw new Error(`claimed ${leases.length} of ${tasks}`);
  const settleMs = await timed(() =>
    paged(leases, batch, inFlight, (page) =>
      store.settle(
        page.map((lease) => ({
          ...lease,
          outcome: { kind: 'succeed', result: null },
          handler: 'ended',
          by: 'holder',
        })),
      ),
    ),
  );
  return { submitMs, claimMs, settleMs };
}

function submission(): Submission {
  const hex = (++numbers).toString(16).padStart(12, '0');
  return {
    spec: {
      id: `01a204a8-f9a4-7754-86f5-${hex}`,
      type: 'bench',
      payload: PAYLOAD,
      priority: 0,
      maxRetry: 3,
      retryStrategy: DEFAULT_RETRY,
      queueTimeoutMs: 600_000,
      processTimeoutMs: 600_000,
      concurrencyKey: null,
      maxConcurrency: null,
      limits: [],
      tags: [],
      parentId: null,
    },
    due: { afterMs: 0 },
  };
}

async function paged<Item>(
  items: readonly Item[],
  batch: number,
  inFlight: number,
  call: (page: readonly Item[]) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await together(inFlight, async () => {
    while (next < items.length) {
      const from = next;
      next += batch;
      await call(items.slice(from, from + batch));
    }
  });
}

async function together(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => work()));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
