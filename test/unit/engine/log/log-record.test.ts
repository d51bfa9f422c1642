// A record of the log is one task, whoever reads it, when and how often.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { limitsOf } from '../../../../src/domain/concurrency.ts';
import { DEFAULT_RETRY } from '../../../../src/domain/retry.ts';
import type { LoggedRequest, RecordRules } from '../../../../src/engine/log/log-record.ts';
import { idOfRecord, readRecord } from '../../../../src/engine/log/log-record.ts';
import type { LogRecord } from '../../../../src/ports/task-log.ts';
import type { Submission } from '../../../../src/ports/task-store.ts';
import { ACCEPTED_HEADER, acceptedRecord } from '../../../../src/protocol/accepted-record.ts';
import { parseSubmitText } from '../../../../src/protocol/submit.ts';
import { aSubmission, uuid } from '../../../conformance/builders.ts';

const NOW = 1_795_000_000_000;
const rules: RecordRules = {
  topic: 'tasks',
  originOf: ({ headers }) => (headers[ACCEPTED_HEADER] === undefined ? 'foreign' : 'accepted'),
  parse: (text): ReturnType<RecordRules['parse']> => {
    const parsed = parseSubmitText(text, { id: 'allowed' });
    return parsed.ok ? { ok: true, value: parsed.value satisfies LoggedRequest } : parsed;
  },
  defaults: { defaultRetry: 7, defaultTimeoutMs: 5000 },
  strategies: [() => ({ key: 'everybody', max: 2 })],
};

const record = (value: string | Uint8Array | null, more: Partial<LogRecord> = {}): LogRecord => ({
  partition: 1,
  offset: 5,
  key: null,
  value: typeof value === 'string' ? Buffer.from(value) : value,
  headers: {},
  timestampMs: NOW,
  ...more,
});

function submissionIn(one: LogRecord): Submission {
  const read = readRecord(one, rules);
  assert.ok(read.ok, read.ok ? '' : read.reason);
  return read.submission;
}

function reasonIn(one: LogRecord): string {
  const read = readRecord(one, rules);
  assert.ok(!read.ok);
  return read.reason;
}

const keys = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .filter((text) => !/\p{Cc}/u.test(text) && text.isWellFormed());
const submissions = fc
  .record({
    type: fc.constantFrom('mail', 'a.b:c-d_e'),
    payload: fc.json().map((text) => text),
    priority: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    maxRetry: fc.integer({ min: 0, max: 1000 }),
    queueTimeoutMs: fc.nat(10_000_000),
    processTimeoutMs: fc.nat(10_000_000),
    concurrencyKey: fc.option(keys),
    maxConcurrency: fc.option(fc.integer({ min: 1, max: 1000 })),
    tags: fc.uniqueArray(keys, { maxLength: 3 }),
    parentId: fc.option(fc.nat(1000).map(uuid)),
    retryStrategy: fc.oneof(
      fc.constant(DEFAULT_RETRY),
      fc.record({
        type: fc.constantFrom('exponential', 'linear', 'fixed'),
        delayMs: fc.nat(100_000),
        factor: fc.double({ min: 0, max: 1000, noNaN: true }).map((n) => n + 0),
        maxDelayMs: fc.nat(100_000),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }).map((n) => n + 0),
      }),
    ),
    extra: fc.boolean(),
    due: fc.oneof(fc.record({ afterMs: fc.constant(0) }), fc.record({ at: fc.integer({ min: 1, max: NOW * 2 }) })),
    idempotency: fc.option(fc.record({ key: keys, fingerprint: keys }), { nil: undefined }),
  })
  .map(({ extra, idempotency, ...wish }): Submission => {
    // Plain objects, as everything is that the product makes.
    const plain = structuredClone(wish);
    const limits = limitsOf(plain, extra ? [{ key: 'added', max: 3 }] : []);
    return aSubmission({ ...plain, limits, ...(idempotency && { idempotency: { ...idempotency } }) });
  });

void describe('what a node accepted', () => {
  void it('is read as it was accepted', () => {
    fc.assert(
      fc.property(submissions, (submission) => {
        const headers = { [ACCEPTED_HEADER]: '1' };
        const value = acceptedRecord(submission, NOW);
        assert.deepEqual(submissionIn(record(value, { headers, key: submission.spec.id })), submission);
      }),
    );
  });

  void it('is due when it was then, however late it is read', () => {
    const submission = aSubmission({ due: { afterMs: 60_000 } });
    const read = submissionIn(record(acceptedRecord(submission, NOW), { timestampMs: NOW + 3_600_000 }));
    assert.deepEqual(read.due, { at: NOW + 60_000 });
  });

  void it('faces the limits it was given, not those of who reads it', () => {
    const submission = aSubmission();
    assert.deepEqual(submissionIn(record(acceptedRecord(submission, NOW))).spec.limits, []);
  });
});

void describe('what another program produced', () => {
  void it('gets defaults and strategies of the node that reads it', () => {
    const { spec, due } = submissionIn(record('{"type":"mail","payload":{"big":12345678901234567890}}'));
    assert.deepEqual([spec.maxRetry, spec.queueTimeoutMs, spec.processTimeoutMs], [7, 5000, 5000]);
    assert.deepEqual(spec.limits, [{ key: 'everybody', max: 2 }]);
    assert.equal(spec.payload, '{"big":12345678901234567890}');
    assert.deepEqual(due, { afterMs: 0 });
  });

  void it('is delayed from when it was produced', () => {
    assert.deepEqual(submissionIn(record('{"type":"mail","delay":1.5}')).due, { at: NOW + 1500 });
    const timeless = record('{"type":"mail","delay":1.5}', { timestampMs: -1 });
    assert.deepEqual(submissionIn(timeless).due, { afterMs: 1500 });
  });

  void it('keeps the id it brings along', () => {
    assert.equal(submissionIn(record(`{"id":"${uuid(3)}","type":"mail"}`)).spec.id, uuid(3));
  });

  void it('gets an id of its place and time, the same each time it is read and unlike every other', () => {
    const one = record('{"type":"mail"}');
    assert.equal(submissionIn(one).spec.id, submissionIn({ ...one }).spec.id);
    const others = [{ partition: 2 }, { offset: 6 }, { timestampMs: NOW + 1 }].map((place) =>
      idOfRecord('tasks', { ...one, ...place }),
    );
    const ids = [idOfRecord('tasks', one), idOfRecord('other', one), ...others];
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(ids[0]?.replace('-', '').slice(0, 12) ?? '', 16), NOW);
    assert.match(idOfRecord('tasks', { ...one, timestampMs: -1 }), /^00000000-0000-7/);
  });

  void it('is no task when it is not what it should be, and the reason says what is wrong', () => {
    assert.equal(reasonIn(record(null)), 'It has no value');
    assert.equal(reasonIn(record(Buffer.from([0xff]))), 'It is not UTF-8');
    assert.equal(reasonIn(record('x')), 'must be valid JSON');
    assert.match(reasonIn(record('[]')), /must be/);
    assert.match(reasonIn(record('{"tpye":"mail"}')), /\/tpye is not known; did you mean type\?/);
    assert.match(reasonIn(record('{"type":"mail","status":"success"}')), /set by the server/);
    assert.match(reasonIn(record('{"type":"mail","id":"7"}')), /UUID/);
    assert.match(reasonIn(record(JSON.stringify({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }))), /and \d more$/);
  });

  void it('is no task when a strategy fails for it', () => {
    const failing = { ...rules, strategies: [() => assert.fail('mine')] };
    const read = readRecord(record('{"type":"mail"}'), failing);
    assert.ok(!read.ok);
    assert.match(read.reason, /strategy failed/);
  });
});
