// The table of calls and states: what each call does to a task in each status. Nothing else can happen.
import assert from 'node:assert/strict';
import { isLegal, LIFECYCLE } from '../../../src/domain/lifecycle.ts';
import type { Status } from '../../../src/domain/task.ts';
import type { Claimed } from '../../../src/ports/task-store.ts';
import { aSubmission, cancelOutcome, fail, recover, release, retryIn, SECOND, succeed } from '../builders.ts';
import type { Fixture } from '../fixture.ts';
import type { Suite } from '../suite.ts';

/** A task in a status, and the claim of its last attempt if it had one. */
interface Subject {
  readonly id: string;
  readonly claimed: Claimed | null;
}

const SUBJECTS: Record<string, (s: Fixture) => Promise<Subject>> = {
  'pending (ready)': async (s) => ({ id: (await s.submit()).id, claimed: null }),
  'pending (delayed)': async (s) => ({ id: (await s.submit({ due: { afterMs: SECOND } })).id, claimed: null }),
  'pending (after a retry)': (s) => ended(s, (running) => s.settle(running, retryIn(SECOND))),
  processing: (s) => ended(s, async () => undefined),
  'processing (cancel requested)': (s) => ended(s, ({ task }) => s.cancel(task)),
  'processing (lease over)': (s) => ended(s, async () => s.clock.advance(s.settings.leaseMs)),
  success: (s) => ended(s, (running) => s.settle(running, succeed('1'))),
  failed: (s) => ended(s, (running) => s.settle(running, fail())),
  canceled: async (s) => {
    const { id } = await s.submit();
    await s.cancel({ id });
    return { id, claimed: null };
  },
  timeout: async (s) => {
    const { id } = await s.submit({ queueTimeoutMs: SECOND });
    await s.clock.advance(SECOND);
    return { id, claimed: null };
  },
};
type SubjectName = keyof typeof SUBJECTS;

/** A node that tries with what it has: the token of the last attempt, or one it made up. */
const leaseOf = ({ id, claimed }: Subject) => claimed ?? { lease: { id, token: 12_345 } };

const CALLS: Record<string, (s: Fixture, subject: Subject) => Promise<string>> = {
  submit: async (s, { id }) => (await s.store.submit([aSubmission({ id })]))[0]?.state ?? '',
  claim: async (s) => ((await s.claim(1)).length === 1 ? 'claimed' : 'nothing'),
  heartbeat: async (s, subject) => (await s.heartbeat(leaseOf(subject))).state,
  progress: async (s, subject) => s.progress(leaseOf(subject), '1'),
  succeed: async (s, subject) => (await s.settle(leaseOf(subject), succeed('2'))).state,
  fail: async (s, subject) => (await s.settle(leaseOf(subject), fail())).state,
  retry: async (s, subject) => (await s.settle(leaseOf(subject), retryIn(0))).state,
  release: async (s, subject) => (await s.settle(leaseOf(subject), release)).state,
  'cancel outcome': async (s, subject) => (await s.settle(leaseOf(subject), cancelOutcome)).state,
  'sweep lost lease': async (s, subject) => (await s.settle(leaseOf(subject), recover(), { by: 'sweeper' })).state,
  cancel: async (s, subject) => (await s.cancel(subject)).state,
  revive: async (s, subject) => (await s.revive(subject)).state,
  purge: async (s) => `${(await s.store.purge(10)).purged} purged`,
  'time passes': async (s) => {
    await s.clock.advance(SECOND);
    await s.store.sweepTimers(10);
    return 'swept';
  },
};

// One row per call; each cell is "answer" or "answer -> new status". A cell without an arrow changes nothing.
const NO = 'lease_lost';
const TABLE: Record<string, Record<SubjectName, string>> = {
  submit: row('exists'),
  claim: row('nothing', { 'pending (ready)': 'claimed -> processing' }),
  heartbeat: row('lost', { processing: 'held', 'processing (cancel requested)': 'held' }),
  progress: row(NO, {
    processing: 'recorded -> processing',
    'processing (cancel requested)': 'recorded -> processing',
  }),
  succeed: settles('success'),
  fail: settles('failed'),
  retry: settles('pending'),
  release: settles('pending'),
  'cancel outcome': settles('canceled'),
  'sweep lost lease': row(NO, { 'processing (lease over)': 'settled -> pending' }),
  cancel: row('already_finished', {
    'pending (ready)': 'canceled -> canceled',
    'pending (delayed)': 'canceled -> canceled',
    'pending (after a retry)': 'canceled -> canceled',
    processing: 'cancel_requested -> processing',
    'processing (cancel requested)': 'cancel_requested',
    'processing (lease over)': 'cancel_requested -> processing',
    canceled: 'already_canceled',
  }),
  revive: row('not_retryable', {
    failed: 'revived -> pending',
    canceled: 'revived -> pending',
    timeout: 'revived -> pending',
  }),
  purge: row('0 purged'),
  'time passes': row('swept'),
};

export function lifecycle({ describe, test }: Suite): void {
  describe('what each call does to a task in each status', () => {
    for (const [call, act] of Object.entries(CALLS)) {
      for (const [name, make] of Object.entries(SUBJECTS)) {
        const cell = TABLE[call]?.[name] ?? 'missing in the table';
        test(`${call}, ${name}: ${cell}`, async (s) => {
          const subject = await make(s);
          const before = await s.task(subject);
          const answer = await act(s, subject);
          const after = await s.task(subject);
          const changed = after.version === before.version ? '' : ` -> ${after.status}`;
          assert.equal(`${answer}${changed}`, cell);
          assert.ok(after.version - before.version <= 1, 'one call, one version');
          if (changed === '') assert.deepEqual({ ...after, pendingReason: before.pendingReason }, before);
          else assert.ok(after.status === before.status || isLegal(before.status, after.status));
        });
      }
    }
  });

  describe('the lifecycle', () => {
    test('takes every transition of the table and no other', async (s) => {
      const canceled = await s.submit();
      await s.cancel(canceled);
      await s.revive(canceled);
      await s.settle(await s.claimOne(), release);
      await s.settle(await s.claimOne(), retryIn(0));
      await s.settle(await s.claimOne(), fail());
      await s.revive(canceled);
      await s.settle(await s.claimOne(), succeed());
      await s.submit({ queueTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      const { tasks } = await s.store.list({ status: 'timeout', limit: 1, offset: 0, order: 'asc' });
      await s.revive(tasks[0] ?? { id: '' });
      const running = await s.claimOne();
      await s.cancel(running.task);
      await s.settle(running, cancelOutcome);

      const seen = new Set<string>();
      const last = new Map<string, Status>();
      for (const { taskId, status } of await s.events()) {
        const from = last.get(taskId) ?? null;
        if (from !== status) seen.add(`${from} -> ${status}`);
        last.set(taskId, status);
      }
      const wanted = new Set(LIFECYCLE.map(({ from, to }) => `${from} -> ${to}`));
      assert.deepEqual([...seen].sort(), [...wanted].sort());
    });
  });
}

function row(usual: string, special: Partial<Record<SubjectName, string>> = {}): Record<SubjectName, string> {
  return Object.fromEntries(Object.keys(SUBJECTS).map((name) => [name, special[name] ?? usual]));
}

/** Outcomes by the holder: only a held lease takes one; a repeat is answered; a canceled task ends as canceled. */
function settles(status: Status): Record<SubjectName, string> {
  return row(NO, {
    processing: `settled -> ${status}`,
    'processing (cancel requested)': 'settled -> canceled',
    'pending (after a retry)': 'settled',
    success: 'settled',
    failed: 'settled',
  });
}

async function ended(s: Fixture, end: (running: Claimed) => Promise<unknown>): Promise<Subject> {
  const claimed = await s.running();
  await end(claimed);
  return { id: claimed.task.id, claimed };
}
