// Accepting tasks: what a task looks like when it is new, and how the same task sent twice stays one task.
import assert from 'node:assert/strict';
import { aSpec, aSubmission, DAY, HOUR, nextUuid, SECOND } from '../builders.ts';
import { idOf } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function submit({ describe, test }: Suite): void {
  describe('submit', () => {
    test('makes a pending task of version 1 that carries everything it was given', async (s) => {
      const spec = aSpec({
        type: 'image:resize.v2',
        payload: '{"width":300}',
        priority: -7,
        maxRetry: 5,
        retryStrategy: { type: 'linear', delayMs: 250, factor: 1.5, maxDelayMs: 9000, jitter: 0 },
        queueTimeoutMs: 60_500,
        processTimeoutMs: 1500,
        concurrencyKey: 'user:1',
        maxConcurrency: 2,
        limits: [
          { key: 'tenant:9', max: 40 },
          { key: 'user:1', max: 2 },
        ],
        tags: ['red', 'ünïcode 🎈', ''],
      });
      const now = s.clock.now();

      const [reply] = await s.store.submit([{ spec, due: { afterMs: 0 } }]);

      const server = {
        status: 'pending',
        pendingReason: 'no_handler',
        retry: 0,
        recoveries: 0,
        attempt: 0,
        progress: null,
        result: null,
        error: null,
        errorCode: null,
        workerId: null,
        cancelRequested: false,
        version: 1,
        createdAt: now,
        updatedAt: now,
        startedAt: null,
        completedAt: null,
        runAt: now,
      };
      assert.deepEqual(reply, { state: 'created', task: { ...spec, ...server } });
      assert.deepEqual(await s.task(spec), { ...spec, ...server, attempts: [] });
    });

    test('makes a task due after a delay, counted from acceptance', async (s) => {
      const task = await s.submit({ due: { afterMs: 1500 } });
      assert.equal(task.runAt, s.clock.now() + 1500);
      assert.equal(task.pendingReason, 'scheduled');
    });

    test('makes a task due at an instant', async (s) => {
      const at = s.clock.now() + 3 * DAY;
      assert.equal((await s.submit({ due: { at } })).runAt, at);
    });

    test('takes an instant in the past as now', async (s) => {
      const task = await s.submit({ due: { at: s.clock.now() - HOUR } });
      assert.equal(task.runAt, s.clock.now());
      assert.notEqual(task.pendingReason, 'scheduled');
    });

    test('answers in the order of the batch and accepts in that order', async (s) => {
      const batch = Array.from({ length: 50 }, () => aSubmission());
      const replies = await s.store.submit(batch);
      const ids = batch.map(({ spec }) => spec.id);
      assert.deepEqual(
        replies.map((reply) => (reply.state === 'created' ? reply.task.id : reply.state)),
        ids,
      );
      const page = await s.store.list({ limit: 100, offset: 0, order: 'asc' });
      assert.deepEqual(page.tasks.map(idOf), ids);
    });

    test('takes an empty batch', async (s) => {
      assert.deepEqual(await s.store.submit([]), []);
      assert.deepEqual(await s.events(), []);
    });

    test('keeps the exact waits of a hundred years', async (s) => {
      const century = 3_155_760_000 * SECOND;
      const task = await s.submit({
        due: { afterMs: century },
        queueTimeoutMs: century,
        processTimeoutMs: century,
      });
      assert.equal(task.runAt, s.clock.now() + century);
      assert.equal((await s.task(task)).queueTimeoutMs, century);
    });
  });

  describe('submit again', () => {
    test('with the same id is the same task (I15)', async (s) => {
      const submission = aSubmission({ payload: '1' });
      await s.store.submit([submission]);
      const [again] = await s.store.submit([submission]);
      assert.equal(again?.state, 'exists');
      assert.equal((await s.store.stats()).accepted, 1);
      assert.equal((await s.events()).length, 1);
    });

    test('with the same id answers the task as it is now, whatever the body says', async (s) => {
      const running = await s.running();
      const [again] = await s.store.submit([aSubmission({ id: running.task.id, payload: '"other"' })]);
      assert.deepEqual(again, { state: 'exists', task: running.task });
    });

    test('with the same id inside one batch is one task', async (s) => {
      const submission = aSubmission();
      const replies = await s.store.submit([submission, submission]);
      assert.deepEqual(
        replies.map(({ state }) => state),
        ['created', 'exists'],
      );
    });

    test('with the same idempotency key and fingerprint replays the first task as it is now (I14)', async (s) => {
      const idempotency = { key: 'order-1', fingerprint: 'aa' };
      const first = await s.submit({ idempotency });
      await s.claimOne();
      const [again] = await s.store.submit([aSubmission({ idempotency })]);
      assert.ok(again?.state === 'replayed');
      assert.equal(again.task.id, first.id);
      assert.equal(again.task.status, 'processing');
      assert.equal((await s.store.stats()).accepted, 1);
    });

    test('with the same idempotency key and another body is a conflict and changes nothing', async (s) => {
      await s.submit({ idempotency: { key: 'order-1', fingerprint: 'aa' } });
      const other = aSubmission({ idempotency: { key: 'order-1', fingerprint: 'bb' } });
      assert.deepEqual(await s.store.submit([other]), [{ state: 'conflict' }]);
      assert.deepEqual(await s.store.get([other.spec.id]), [null]);
    });

    test('judges the idempotency key before the id', async (s) => {
      const first = await s.submit({ idempotency: { key: 'k', fingerprint: 'aa' } });
      const second = await s.submit();
      const replies = await s.store.submit([
        aSubmission({ id: second.id, idempotency: { key: 'k', fingerprint: 'aa' } }),
        aSubmission({ id: first.id, idempotency: { key: 'k', fingerprint: 'bb' } }),
      ]);
      assert.ok(replies[0]?.state === 'replayed' && replies[0].task.id === first.id);
      assert.equal(replies[1]?.state, 'conflict');
    });

    test('finds idempotency keys inside one batch', async (s) => {
      const with_ = (fingerprint: string) => aSubmission({ idempotency: { key: 'k', fingerprint } });
      const replies = await s.store.submit([with_('aa'), with_('aa'), with_('bb')]);
      assert.deepEqual(
        replies.map(({ state }) => state),
        ['created', 'replayed', 'conflict'],
      );
    });

    test('remembers an idempotency key for its time and not longer', async (s) => {
      const idempotency = { key: 'k', fingerprint: 'aa' };
      const first = await s.submit({ idempotency });
      await s.clock.advance(s.settings.idempotencyMs - 1);
      assert.equal((await s.store.submit([aSubmission({ idempotency })]))[0]?.state, 'replayed');
      await s.clock.advance(1);
      const [late] = await s.store.submit([aSubmission({ idempotency })]);
      assert.ok(late?.state === 'created' && late.task.id !== first.id);
      const [again] = await s.store.submit([aSubmission({ idempotency })]);
      assert.ok(again?.state === 'replayed' && again.task.id === late.task.id, 'the key now names the newer task');
    });

    test(
      'forgets an idempotency key with its task',
      async (s) => {
        const idempotency = { key: 'k', fingerprint: 'aa' };
        const first = await s.submit({ idempotency });
        await s.cancel(first);
        await s.clock.advance(HOUR);
        await s.store.purge(100);
        const [again] = await s.store.submit([aSubmission({ idempotency: { key: 'k', fingerprint: 'bb' } })]);
        assert.equal(again?.state, 'created');
      },
      { settings: { retentionMs: HOUR } },
    );

    test('takes keys of any shape apart', async (s) => {
      const keys = ['a', 'A', ' a', 'a ', 'a\u0000', 'é', 'e\u0301', '', '*', '{a}', '#', '__proto__', '1', '01'];
      const replies = await s.store.submit(
        keys.map((key) => aSubmission({ idempotency: { key, fingerprint: `of ${key}` } })),
      );
      assert.deepEqual(
        replies.map(({ state }) => state),
        keys.map(() => 'created'),
      );
    });
  });

  describe('value identity (A2)', () => {
    const VALUES: Record<string, string> = {
      'an integer of 30 digits': '{"n":123456789012345678901234567890}',
      'integers around 2^53': '[9007199254740991,9007199254740992,9007199254740993,-9007199254740993]',
      'numbers as they were written': '[1.0,1e3,1E+3,-0,0.1000,1.7976931348623157e308,1e400]',
      'an empty array and an empty object': '{"a":[],"o":{}}',
      'a bare empty array': '[]',
      'a bare string': '"text"',
      null: 'null',
      false: 'false',
      'the order of keys': '{"z":1,"a":2,"10":3,"9":4}',
      'keys that came twice': '{"a":1,"a":2}',
      'the key __proto__': '{"__proto__":{"admin":true},"constructor":1}',
      'white space': ' { "a" : [ 1 , 2 ] }\n',
      'letters beyond the basic plane': '"日本語 Ελληνικά 🎈🏳️‍🌈 \u{10ffff}"',
      'both forms of an accented letter': '["é","e\u0301"]',
      'escapes as they were written': String.raw`"\u0000\u00e9\n\t\/\\\" \ud83c\udf88"`,
      'an escaped lone surrogate': String.raw`"\ud800"`,
      'line separators and control characters': '"\u2028\u2029\u007f\u200b\ufeff"',
      '64 levels of nesting': `${'['.repeat(64)}${']'.repeat(64)}`,
      '1 MiB of text': `"${'x'.repeat(1024 * 1024 - 2)}"`,
    };
    for (const [what, json] of Object.entries(VALUES)) {
      test(`${what}: payload, progress and result come back as they were given`, async (s) => {
        const running = await s.running({ payload: json });
        assert.equal(running.task.payload, json, 'payload in the claim');
        await s.progress(running, json);
        assert.equal((await s.task(running.task)).progress, json);
        await s.settle(running, { kind: 'succeed', result: json });
        const done = await s.task(running.task);
        assert.equal(done.payload, json, 'payload');
        assert.equal(done.progress, json, 'progress');
        assert.equal(done.result, json, 'result');
        const [listed] = (await s.store.list({ limit: 1, offset: 0, order: 'desc' })).tasks;
        assert.equal(listed?.payload, json, 'payload in a list');
        assert.equal((await s.eventsOf(done)).find(({ kind }) => kind === 'progress')?.progress, json, 'event');
      });
    }

    test('keeps names of every shape apart and whole', async (s) => {
      const names = [
        'a',
        'A',
        'a b',
        'a:b',
        '{a}',
        '*',
        '?',
        '+',
        '#',
        '/',
        'é',
        'e\u0301',
        '🎈',
        '\u0000',
        'a\nb',
        '"',
        '\\',
        '__proto__',
      ];
      await s.submitMany(names.length, (n) => ({ key: names[n] ?? '', max: 2, tags: [names[n] ?? ''] }));
      for (const name of names) {
        const query = { limit: 10, offset: 0, order: 'asc' as const };
        const byKey = await s.store.list({ ...query, concurrencyKey: name });
        const byTag = await s.store.list({ ...query, tag: name });
        assert.deepEqual([byKey.total, byTag.total], [1, 1], `one task is found by ${JSON.stringify(name)}`);
        assert.equal(byKey.tasks[0]?.concurrencyKey, name);
        assert.deepEqual(byKey.tasks[0]?.tags, [name]);
      }
      const keys = (await s.store.concurrency()).map(({ key }) => key);
      assert.deepEqual([...keys].sort(), [...names].sort());
    });

    test('keeps error messages whole', async (s) => {
      const error = `line 1\nline 2 "quoted" 日本 🎈 ${'x'.repeat(8000)}`;
      const running = await s.running();
      await s.settle(running, { kind: 'fail', error, errorCode: 'non_retryable', attempt: 'failed' });
      const task = await s.task({ id: running.task.id });
      assert.equal(task.error, error);
      assert.equal(task.attempts[0]?.error, error);
    });

    test('answers null for ids nobody has', async (s) => {
      const task = await s.submit();
      const got = await s.store.get([nextUuid(), task.id, nextUuid()]);
      assert.deepEqual(
        got.map((one) => one?.id ?? null),
        [null, task.id, null],
      );
    });
  });
}
