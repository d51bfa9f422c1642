// Calls answer the same whether each has a transaction of its own, all share one, or all share one in which a call fails.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import type { ClaimedHeads } from '../../../src/adapters/sqlite/claimed.ts';
import { type Answer, SqliteCore } from '../../../src/adapters/sqlite/core.ts';
import { openDatabase } from '../../../src/adapters/sqlite/database.ts';
import { eventsOf } from '../../../src/adapters/sqlite/event-text.ts';
import type { Call } from '../../../src/adapters/sqlite/operations.ts';
import type { OutboxRow } from '../../../src/adapters/sqlite/outbox.ts';
import { settlementRow } from '../../../src/adapters/sqlite/settlement-row.ts';
import { submissionRow } from '../../../src/adapters/sqlite/submission-row.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { LeaseRef } from '../../../src/ports/task-store.ts';
import { aNode, aSubmission, MINUTE, SETTINGS, uuid } from '../../conformance/builders.ts';
import { Chance } from '../../differential/chance.ts';

const SEEDS = 8;
const GROUPS = 60;
const MISTAKE = { name: 'submit', args: [null] } as unknown as Call;
const PAGE = { limit: 20, offset: 0, order: 'desc' } as const;

const OUTCOMES: readonly Outcome[] = [
  { kind: 'succeed', result: null },
  { kind: 'succeed', result: null },
  { kind: 'succeed', result: '"done"' },
  { kind: 'retry', delayMs: 1000, error: 'e', errorCode: 'handler_error', attempt: 'failed' },
  { kind: 'fail', error: 'e', errorCode: 'handler_error', attempt: 'failed' },
  { kind: 'release' },
];

class Wishes {
  readonly #chance: Chance;
  readonly #ids: string[] = [];
  readonly leases: LeaseRef[] = [];
  #requests = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  group(): Call[] {
    return Array.from({ length: this.#chance.between(1, 6) }, () => this.#call());
  }

  #call(): Call {
    const chance = this.#chance;
    const id = () => chance.pickRecent(this.#ids, 20) ?? uuid(0);
    switch (
      chance.weighted({
        submit: 6,
        claim: 6,
        settle: 6,
        progress: 1,
        cancel: 1,
        revive: 1,
        look: 3,
        sweep: 1,
        purge: 1,
      })
    ) {
      case 'submit':
        return { name: 'submit', args: [Array.from({ length: chance.between(1, 40) }, () => this.#submission())] };
      case 'claim': {
        const request = { requestId: `r${++this.#requests}`, nodeId: 'node-1', types: ['mail', 'call'] };
        return { name: 'claim', args: [{ ...request, count: chance.between(1, 30) }] };
      }
      case 'settle': {
        const leases = chance.oneIn(4) ? chance.some(this.leases) : this.leases.splice(0);
        const settled = leases.map((lease) => ({ ...lease, outcome: chance.pick(OUTCOMES), by: 'holder' as const }));
        const twice = chance.oneIn(3) ? settled.slice(0, 1) : [];
        return {
          name: 'settle',
          args: [[...settled, ...twice].map((one) => settlementRow({ ...one, handler: 'ended' }))],
        };
      }
      case 'progress':
        return { name: 'progress', args: [this.leases.slice(0, 2).map((lease) => ({ ...lease, progress: '1' }))] };
      case 'cancel':
        return { name: 'cancel', args: [[{ id: id() }]] };
      case 'revive':
        return { name: 'revive', args: [[id()]] };
      case 'look':
        return this.#look(id());
      case 'sweep':
        return { name: 'sweepTimers', args: [100] };
      case 'purge':
        return { name: 'purge', args: [100] };
    }
  }

  #look(id: string): Call {
    switch (this.#chance.weighted({ get: 1, list: 1, tagged: 1, stats: 1, keys: 1, outbox: 1, audit: 1 })) {
      case 'get':
        return { name: 'get', args: [[id]] };
      case 'list':
        return { name: 'list', args: [PAGE] };
      case 'tagged':
        return { name: 'list', args: [{ ...PAGE, tag: 't' }] };
      case 'stats':
        return { name: 'stats', args: [] };
      case 'keys':
        return { name: 'concurrency', args: [] };
      case 'outbox':
        return { name: 'readOutbox', args: [null, 1_000_000] };
      case 'audit':
        return { name: 'audit', args: ['report'] };
    }
  }

  #submission() {
    const chance = this.#chance;
    const known = chance.oneIn(30) ? chance.pickRecent(this.#ids, 20) : undefined;
    const id = known ?? `${chance.oneIn(4) ? 'a' : 'b'}-${String(this.#ids.length).padStart(6, '0')}`;
    this.#ids.push(id);
    const idempotency = { key: `i${chance.below(40)}`, fingerprint: 'f' };
    return submissionRow(
      aSubmission({
        id,
        type: chance.pick(['mail', 'call']),
        priority: chance.pick([0, 0, 5]),
        queueTimeoutMs: chance.pick([0, 0, 20_000]),
        processTimeoutMs: chance.pick([0, 600_000, 600_000]),
        due: { afterMs: chance.pick([0, 0, 0, 5000]) },
        ...(chance.oneIn(4) ? { tags: ['t', 'with \u0000'], parentId: 'p' } : {}),
        ...(chance.oneIn(4) ? { key: 'k', max: 5 } : {}),
        ...(chance.oneIn(10) ? { idempotency } : {}),
      }),
    );
  }
}

/** What may differ: how events are parted into rows of the outbox. */
function comparable({ name }: Call, answer: Answer): unknown {
  if (!answer.ok) return String(answer.error);
  if (name !== 'readOutbox') return answer.value;
  return (answer.value as OutboxRow[]).flatMap(([, events]) => eventsOf(events));
}

it('calls answer the same alone, in one transaction, and in one with a call that fails', (t) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const [clock, chance] = [new ManualClock(), new Chance(seed)];
    const [alone, together, beside] = Array.from({ length: 3 }, () => {
      const core = new SqliteCore(openDatabase(':memory:'), clock, { ...SETTINGS, retentionMs: MINUTE });
      core.run([{ name: 'reportNode', args: [aNode({ types: ['mail', 'call'] })] }]);
      return core;
    }) as [SqliteCore, SqliteCore, SqliteCore];
    const wishes = new Wishes(chance);
    for (let number = 0; number < GROUPS; number++) {
      const group = wishes.group();
      const place = chance.below(group.length + 1);
      const expected = group.flatMap((call) => alone.run([call]).answers);
      const failed = beside.run([...group.slice(0, place), MISTAKE, ...group.slice(place)]).answers;
      assert.equal(failed.splice(place, 1)[0]?.ok, false);
      for (const answers of [together.run(group).answers, failed]) {
        for (const [index, call] of group.entries()) {
          const [got, should] = [answers[index], expected[index]];
          assert.ok(got && should?.ok, `seed ${seed}`);
          assert.deepEqual(
            comparable(call, got),
            comparable(call, should),
            `seed ${seed}, group ${number}, ${call.name}`,
          );
          if (call.name === 'audit') assert.deepEqual(should.value, []);
        }
      }
      for (const [index, { name }] of group.entries()) {
        const answer = expected[index];
        if (name !== 'claim' || !answer?.ok) continue;
        for (const [heads, , , , , , , first] of answer.value as ClaimedHeads[])
          wishes.leases.push(...heads.map(([, , id], n) => ({ id, token: first + n })));
      }
      clock.advance(chance.pick([0, 0, 10, 3000, 20_000]));
    }
    for (const core of [alone, together, beside]) core.close();
  }
  t.diagnostic(`${SEEDS * GROUPS} groups`);
});
