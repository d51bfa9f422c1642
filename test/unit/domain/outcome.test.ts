// What an attempt that ended means for its task.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { LIFECYCLE } from '../../../src/domain/lifecycle.ts';
import {
  type Ending,
  type Outcome,
  type OutcomeFacts,
  outcomeOf,
  outcomeOfLostLease,
} from '../../../src/domain/outcome.ts';
import { DEFAULT_RETRY, retryDelayMs } from '../../../src/domain/retry.ts';

const ERROR_CODES = ['handler_error', 'non_retryable', 'result_not_serializable', 'result_too_large'] as const;
const MIDDLE = 0.5;

const facts: fc.Arbitrary<OutcomeFacts> = fc
  .record({ maxRetry: fc.nat(1000), used: fc.nat(1000), recoveries: fc.nat(10), processTimeoutMs: fc.nat(100_000) })
  .map(({ maxRetry, used, recoveries, processTimeoutMs }) => ({
    retry: Math.min(used, maxRetry),
    maxRetry,
    recoveries,
    retryStrategy: DEFAULT_RETRY,
    processTimeoutMs,
  }));
const endings: fc.Arbitrary<Ending> = fc.oneof(
  fc.record({ kind: fc.constant('returned' as const), result: fc.constantFrom(null, '{"ok":true}') }),
  fc.record({ kind: fc.constant('threw' as const), error: fc.string(), errorCode: fc.constantFrom(...ERROR_CODES) }),
  fc.constantFrom({ kind: 'ran_too_long' } as const, { kind: 'shut_down' } as const, { kind: 'canceled' } as const),
);
const lostFacts = fc.record({ pastDeadline: fc.boolean(), workerId: fc.constant('node-1'), maxRecoveries: fc.nat(10) });

function task(given: Partial<OutcomeFacts> = {}): OutcomeFacts {
  return { retry: 0, maxRetry: 3, recoveries: 0, retryStrategy: DEFAULT_RETRY, processTimeoutMs: 90_000, ...given };
}
function threw(errorCode: (typeof ERROR_CODES)[number] = 'handler_error', retryAfterMs?: number): Ending {
  return { kind: 'threw', error: 'boom', errorCode, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
/** The transition of the table that an outcome stands for. */
function transitionOf(outcome: Outcome): string {
  return outcome.kind === 'cancel' ? 'cancel_running' : outcome.kind;
}
const fromProcessing = new Set<string>(LIFECYCLE.filter(({ from }) => from === 'processing').map(({ name }) => name));

describe('the outcome of an attempt', () => {
  it('is always a transition of the table that starts at processing', () => {
    fc.assert(
      fc.property(facts, endings, (given, ending) => {
        assert.ok(fromProcessing.has(transitionOf(outcomeOf(given, ending, MIDDLE))));
      }),
    );
  });

  it('costs a retry only while retries are left', () => {
    fc.assert(
      fc.property(facts, endings, (given, ending) => {
        if (outcomeOf(given, ending, MIDDLE).kind === 'retry') assert.ok(given.retry < given.maxRetry);
      }),
    );
  });

  it('is success with the result when the handler returned', () => {
    assert.deepEqual(outcomeOf(task(), { kind: 'returned', result: '[1]' }, MIDDLE), {
      kind: 'succeed',
      result: '[1]',
    });
  });

  it('is a retry after the strategy wait when the handler threw and retries are left', () => {
    assert.deepEqual(outcomeOf(task({ retry: 2 }), threw(), MIDDLE), {
      kind: 'retry',
      delayMs: retryDelayMs(DEFAULT_RETRY, 3, MIDDLE),
      error: 'boom',
      errorCode: 'handler_error',
      attempt: 'failed',
    });
  });

  it('waits as long as the handler asked for instead', () => {
    const outcome = outcomeOf(task(), threw('handler_error', 12_345), MIDDLE);
    assert.equal(outcome.kind === 'retry' && outcome.delayMs, 12_345);
  });

  it('is failure when the handler threw and no retries are left', () => {
    for (const given of [task({ retry: 3 }), task({ maxRetry: 0 })]) {
      assert.deepEqual(outcomeOf(given, threw('handler_error', 1), MIDDLE), {
        kind: 'fail',
        error: 'boom',
        errorCode: 'handler_error',
        attempt: 'failed',
      });
    }
  });

  for (const errorCode of ERROR_CODES.filter((code) => code !== 'handler_error')) {
    it(`is failure at once for ${errorCode}, whatever retries are left`, () => {
      const outcome = outcomeOf(task(), threw(errorCode), MIDDLE);
      assert.deepEqual(outcome, { kind: 'fail', error: 'boom', errorCode, attempt: 'failed' });
    });
  }

  it('is a retry when it ran too long and retries are left, else failure', () => {
    const error = 'Ran longer than its process_timeout of 90 s';
    const attempt = { error, errorCode: 'process_timeout', attempt: 'timeout' };
    assert.deepEqual(outcomeOf(task(), { kind: 'ran_too_long' }, MIDDLE), { kind: 'retry', delayMs: 1000, ...attempt });
    assert.deepEqual(outcomeOf(task({ retry: 3 }), { kind: 'ran_too_long' }, MIDDLE), { kind: 'fail', ...attempt });
  });

  it('is pending again at no cost when the node shut down', () => {
    assert.deepEqual(outcomeOf(task({ retry: 3 }), { kind: 'shut_down' }, MIDDLE), { kind: 'release' });
  });

  it('is canceled when it ended after a cancel request, never a retry', () => {
    assert.deepEqual(outcomeOf(task(), { kind: 'canceled' }, MIDDLE), { kind: 'cancel' });
  });
});

describe('the outcome of a lost lease', () => {
  const lost = { pastDeadline: false, workerId: 'node-1', maxRecoveries: 3 };

  it('is always a transition of the table that starts at processing', () => {
    fc.assert(
      fc.property(facts, lostFacts, (given, how) => {
        assert.ok(fromProcessing.has(transitionOf(outcomeOfLostLease(given, how, MIDDLE))));
      }),
    );
  });

  it('costs no retry and is pending again as often as recoveries are allowed, then it is failure', () => {
    const error = 'Worker node-1 was lost while running this task';
    for (const recoveries of [0, 1, 2]) {
      assert.deepEqual(outcomeOfLostLease(task({ retry: 3, recoveries }), lost, MIDDLE), { kind: 'recover', error });
    }
    assert.deepEqual(outcomeOfLostLease(task({ recoveries: 3 }), lost, MIDDLE), {
      kind: 'fail',
      error,
      errorCode: 'worker_lost',
      attempt: 'lost',
    });
  });

  it('is a process timeout past the deadline, and then never costs a recovery', () => {
    fc.assert(
      fc.property(facts, lostFacts, (given, how) => {
        const outcome = outcomeOfLostLease(given, { ...how, pastDeadline: true }, MIDDLE);
        assert.deepEqual(outcome, outcomeOf(given, { kind: 'ran_too_long' }, MIDDLE));
      }),
    );
  });
});
