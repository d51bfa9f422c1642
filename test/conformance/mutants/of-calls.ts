// Mutants that answer calls wrongly.
import { LIMITS } from '../../../src/domain/limits.ts';
import type { Claimed, ClaimRequest, LeaseRef, TaskStore } from '../../../src/ports/task-store.ts';
import { type Mutant, mutantOfCalls, mutantOfLocks } from './mutant.ts';

interface NewestTokens {
  readonly claim: (request: ClaimRequest) => Promise<Claimed[]>;
  readonly newest: <T extends LeaseRef>(ref: T) => T;
}

/** Remembers the newest token of each task, to pass off a stale holder as the present one. */
function newestTokens(store: TaskStore): NewestTokens {
  const tokens = new Map<string, number>();
  return {
    claim: async (request) => {
      const claimed = await store.claim(request);
      for (const { lease } of claimed) tokens.set(lease.id, lease.token);
      return claimed;
    },
    newest: (ref) => ({ ...ref, token: tokens.get(ref.id) ?? ref.token }),
  };
}

export const MUTANTS_OF_CALLS: readonly Mutant[] = [
  mutantOfCalls({ name: 'settle does not check the token', breaks: 'I6' }, (store) => {
    const { claim, newest } = newestTokens(store);
    return { claim, settle: (batch) => store.settle(batch.map(newest)) };
  }),
  mutantOfCalls({ name: 'heartbeat does not check the token', breaks: 'I6' }, (store) => {
    const { claim, newest } = newestTokens(store);
    return { claim, heartbeat: ({ nodeId, leases }) => store.heartbeat({ nodeId, leases: leases.map(newest) }) };
  }),
  mutantOfCalls({ name: 'progress does not check the token', breaks: 'I6' }, (store) => {
    const { claim, newest } = newestTokens(store);
    return { claim, progress: (batch) => store.progress(batch.map(newest)) };
  }),
  mutantOfCalls({ name: 'release does not check the token', breaks: 'S3' }, (store) => {
    const { claim, newest } = newestTokens(store);
    return { claim, release: (batch) => store.release(batch.map(newest)) };
  }),
  mutantOfCalls({ name: 'a sweeper settles leases that are held', breaks: 'I3' }, (store) => ({
    settle: (batch) =>
      Promise.all(
        batch.map(async (one) => {
          const [reply] = await store.settle([one]);
          if (reply?.state === 'settled' || one.by === 'holder') return reply ?? { state: 'lease_lost' };
          return (await store.settle([{ ...one, by: 'holder' }]))[0] ?? { state: 'lease_lost' };
        }),
      ),
  })),
  mutantOfCalls({ name: 'settle sent twice is refused', breaks: 'I15' }, (store) => {
    const settled = new Set<number>();
    return {
      settle: async (batch) => {
        const fresh = batch.map(({ token }) => {
          const first = !settled.has(token);
          settled.add(token);
          return first;
        });
        const replies = await store.settle(batch);
        return replies.map((reply, index) => (fresh[index] ? reply : { state: 'lease_lost' }));
      },
    };
  }),
  mutantOfCalls({ name: 'claim sent twice claims twice', breaks: 'I15' }, (store) => {
    let calls = 0;
    return { claim: (request) => store.claim({ ...request, requestId: `${request.requestId} ${(calls += 1)}` }) };
  }),
  mutantOfCalls({ name: 'slots are not freed at settle', breaks: 'S4' }, (store) => ({
    settle: (batch) => store.settle(batch.map((one) => ({ ...one, handler: 'running' }))),
  })),
  mutantOfCalls({ name: 'slots are freed while the handler still runs', breaks: 'S2' }, (store) => ({
    settle: (batch) => store.settle(batch.map((one) => ({ ...one, handler: 'ended' }))),
  })),
  mutantOfCalls({ name: 'release of a stopped handler is forgotten', breaks: 'S5' }, () => ({
    release: async () => undefined,
  })),
  mutantOfCalls({ name: 'a request to cancel is not kept', breaks: 'I11' }, (store) => ({
    cancel: (batch) =>
      Promise.all(
        batch.map(async (request) => {
          const [task] = await store.get([request.id]);
          const isRunning = task?.status === 'processing';
          const [reply] = isRunning ? [{ state: 'cancel_requested', task } as const] : await store.cancel([request]);
          return reply ?? { state: 'not_found' };
        }),
      ),
  })),
  mutantOfCalls({ name: 'heartbeat does not tell of a cancel', breaks: 'I11' }, (store) => ({
    heartbeat: async (request) =>
      (await store.heartbeat(request)).map((reply) =>
        reply.state === 'held' ? { ...reply, cancelRequested: false } : reply,
      ),
  })),
  mutantOfCalls({ name: 'heartbeat does not bring the reason of a cancel', breaks: 'cancel' }, (store) => ({
    heartbeat: async (request) =>
      (await store.heartbeat(request)).map((reply) =>
        reply.state === 'held' ? { ...reply, cancelReason: 'another' } : reply,
      ),
  })),
  mutantOfCalls({ name: 'the reason of a cancel is lost', breaks: 'cancel' }, (store) => ({
    cancel: (batch) => store.cancel(batch.map(({ id }) => ({ id }))),
  })),
  mutantOfCalls({ name: 'a list does not ask for the parent', breaks: 'list' }, (store) => ({
    list: ({ parentId: _parentId, ...query }) => store.list(query),
  })),
  mutantOfCalls({ name: 'lines do not need the token', breaks: 'I6' }, (store) => {
    const { claim, newest } = newestTokens(store);
    return { claim, logs: { ...store.logs, append: (batch) => store.logs.append(batch.map(newest)) } };
  }),
  mutantOfCalls({ name: 'lines are read again and again', breaks: 'logs' }, (store) => ({
    logs: { ...store.logs, read: (id) => store.logs.read(id, 0) },
  })),
  mutantOfCalls({ name: 'of many lines the first are kept', breaks: 'logs' }, (store) => ({
    logs: {
      ...store.logs,
      append: (batch) =>
        store.logs.append(batch.map((one) => ({ ...one, entries: one.entries.slice(0, LIMITS.logLinesKept) }))),
    },
  })),
  mutantOfCalls({ name: 'idempotency keys are ignored', breaks: 'I14' }, (store) => ({
    submit: (batch) => store.submit(batch.map(({ spec, due }) => ({ spec, due }))),
  })),
  mutantOfCalls({ name: 'payloads are decoded and encoded again', breaks: 'A2' }, (store) => ({
    submit: (batch) =>
      store.submit(
        batch.map((one) => ({ ...one, spec: { ...one.spec, payload: JSON.stringify(JSON.parse(one.spec.payload)) } })),
      ),
  })),
  mutantOfCalls({ name: 'an empty array in a result becomes an empty object', breaks: 'A2' }, (store) => ({
    settle: (batch) =>
      store.settle(
        batch.map((one) =>
          one.outcome.kind === 'succeed' && one.outcome.result === '[]'
            ? { ...one, outcome: { ...one.outcome, result: '{}' } }
            : one,
        ),
      ),
  })),
  mutantOfCalls({ name: 'the total of a list is the length of its page', breaks: 'list' }, (store) => ({
    list: async (query) => {
      const { tasks } = await store.list(query);
      return { tasks, total: tasks.length };
    },
  })),
  mutantOfCalls({ name: 'a counter is wrong after a purge', breaks: 'C1' }, (store) => ({
    stats: async () => {
      const stats = await store.stats();
      return { ...stats, purged: Math.max(0, stats.purged - 1) };
    },
  })),
  mutantOfCalls({ name: 'a lost lease of a canceled task is never found', breaks: 'I9' }, (store) => ({
    lostLeases: async (limit) => {
      const lost = await store.lostLeases(limit);
      const tasks = await store.get(lost.map(({ id }) => id));
      return lost.filter((_, index) => tasks[index]?.cancelRequested === false);
    },
  })),
  mutantOfCalls({ name: 'reading the outbox repeats the last entry', breaks: 'I5' }, (store) => {
    return {
      readOutbox: async (after, limit) => {
        const entries = await store.readOutbox(null, 100_000);
        const from = entries.findIndex(({ position }) => position === after);
        return entries.slice(Math.max(0, from), Math.max(0, from) + limit);
      },
    };
  }),
  mutantOfCalls({ name: 'trimming takes the next entry along', breaks: 'I5' }, (store) => ({
    trimOutbox: async (position) => {
      const [next] = await store.readOutbox(position, 1);
      await store.trimOutbox(next?.position ?? position);
    },
  })),
  mutantOfCalls(
    {
      name: 'nobody hears of work',
      breaks: 'S5',
      notSeenByHistories: 'signals are hints, histories ask for everything',
    },
    (store) => ({
      onSignal: (listener) =>
        store.onSignal((signal) => {
          if (signal.kind !== 'work') listener(signal);
        }),
    }),
  ),
];

export const MUTANTS_OF_LOCKS: readonly Mutant[] = [
  mutantOfLocks({ name: 'a lock has room for one more', breaks: 'locks' }, (locks) => ({
    acquire: (request) => locks.acquire({ ...request, max: request.max + 1 }),
  })),
  mutantOfLocks({ name: 'fences repeat', breaks: 'locks' }, (locks) => ({
    acquire: async (request) => {
      const hold = await locks.acquire(request);
      return hold && { ...hold, fence: hold.fence % 3 };
    },
  })),
  mutantOfLocks({ name: 'a renewal revives a lost lock', breaks: 'locks' }, (locks) => ({
    renew: async (request) => (await locks.renew(request)) ?? locks.acquire({ ...request, max: 1 }),
  })),
];
