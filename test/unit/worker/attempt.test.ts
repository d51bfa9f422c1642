// The causes for which a handler is asked to stop: the first is what it sees, the strongest is what is recorded.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Attempt } from '../../../src/worker/attempt.ts';
import type { AbortCause, HandlerAborted } from '../../../src/worker/handler.ts';
import { first, quiet, Scene } from './scene.ts';

async function anAttempt(): Promise<Attempt> {
  const scene = new Scene();
  await scene.submit('x');
  const claimed = await scene.store.claim({ requestId: 'r', nodeId: 'n', types: ['x'], count: 1 });
  await quiet();
  const { task, lease } = first(claimed);
  return new Attempt(task, lease, { type: 'x', handle: () => null }, 1000, 30_000);
}
const seenBy = ({ signal }: Attempt): AbortCause => (signal.reason as HandlerAborted).reason;

describe('an attempt', () => {
  it('tells the handler the first cause and remembers the strongest', async () => {
    const attempt = await anAttempt();
    assert.equal(attempt.signal.aborted, false);
    attempt.abort('shutdown');
    attempt.abort('canceled');
    attempt.abort('process_timeout');
    assert.equal(seenBy(attempt), 'shutdown');
    assert.equal(attempt.cause, 'canceled');
    attempt.abort('lease_lost');
    assert.equal(attempt.cause, 'lease_lost');
  });

  it('counts its lease and its deadline from before the claim was sent', async () => {
    const attempt = await anAttempt();
    assert.equal(attempt.leaseUntil, 91_000);
    assert.equal(attempt.deadlineAt, Number.POSITIVE_INFINITY);
    assert.ok(attempt.dueAt > 90_000 && attempt.dueAt <= 91_000);
  });

  it('is lost at the end of its lease when that was seen coming', async () => {
    const attempt = await anAttempt();
    assert.equal(attempt.isLeaseOver(attempt.dueAt), false);
    assert.equal(attempt.isLeaseOver(90_999), false);
    assert.equal(attempt.isLeaseOver(91_000), true);
  });

  it('is looked at a second time when the process stood still over the end of its lease', async () => {
    const renewed = await anAttempt();
    assert.equal(renewed.isLeaseOver(200_000), false);
    renewed.leaseUntil = 290_000;
    assert.equal(renewed.isLeaseOver(201_000), false);
    const lost = await anAttempt();
    assert.equal(lost.isLeaseOver(200_000), false);
    assert.equal(lost.isLeaseOver(lost.dueAt), true);
  });
});
