// What happens by time alone: no worker runs in these tests, and nothing is polled fast.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import { startAuditor } from '../../../src/engine/sweepers/auditor.ts';
import { SweepLoop, type SweepResult } from '../../../src/engine/sweepers/sweep-loop.ts';
import { SILENT } from '../../../src/ports/logger.ts';
import { EngineScene, first, quiet, report } from './scene.ts';

describe('the sweepers', () => {
  let scene: EngineScene;
  beforeEach(async () => {
    scene = new EngineScene({ retentionMs: 3_600_000 });
    // The first sweep of each, so that what comes later is due to signals and timers.
    await scene.pass(1);
  });
  afterEach(() => scene.engine.close());

  const sweeps = (): number => scene.weather.count('sweepTimers');
  const statusOf = async (id: string) => (await scene.store.get([id]))[0]?.status;

  it('end a wait that takes too long at its instant, with no worker running', async () => {
    const ends: number[] = [];
    const start = scene.clock.monotonic();
    scene.store.onSignal(({ kind }) => kind === 'outbox' && ends.push(scene.clock.monotonic()));
    const id = await scene.submit('x', { queueTimeoutMs: 20_000 });
    await scene.pass(20_000, 1000);
    assert.equal(ends.at(-1), start + 20_000, 'without anybody asking');
    assert.equal(await statusOf(id), 'timeout');
  });

  it('make delayed tasks ready and say so, so that idle nodes need not look', async () => {
    const work: string[] = [];
    scene.store.onSignal((signal) => signal.kind === 'work' && work.push(...signal.types));
    await scene.submit('later', { delayMs: 10_000 });
    await scene.pass(9_999);
    assert.deepEqual(work, []);
    await scene.pass(1);
    assert.deepEqual(work, ['later']);
  });

  it('are set to an earlier instant by a task that is due before the one they wait for', async () => {
    await scene.submit('late', { delayMs: 25_000 });
    await scene.submit('early', { delayMs: 10_000 });
    const work: string[] = [];
    scene.store.onSignal((signal) => signal.kind === 'work' && work.push(...signal.types));
    await scene.pass(10_000);
    assert.deepEqual(work, ['early']);
  });

  it('take back the tasks of a lost node when its leases end', async () => {
    const id = await scene.submit('x');
    await scene.claim('x', 'dead');
    await scene.pass(89_999, 10_000);
    assert.equal(await statusOf(id), 'processing');
    // The end itself, and the gap between two sweeps.
    await scene.pass(6);
    const [task] = await scene.store.get([id]);
    assert.deepEqual([task?.status, task?.retry, task?.recoveries], ['pending', 0, 1]);
    assert.equal(task?.error, 'Worker dead was lost while running this task');
  });

  it('take back more than one page', async () => {
    await scene.engine.submit(Array.from({ length: 700 }, () => ({ type: 'x' })));
    await scene.claim('x', 'dead', 700);
    await scene.pass(90_010, 30_000);
    const { total } = await scene.store.list({ status: 'pending', limit: 1, offset: 0, order: 'asc' });
    assert.equal(total, 700);
  });

  it('give a handler that outlived its deadline a timeout, when its node is still there', async () => {
    const id = await scene.submit('x', { processTimeoutMs: 10_000, maxRetry: 0 });
    await scene.store.reportNode(report('hung'));
    const [claimed] = await scene.claim('x', 'hung');
    assert.ok(claimed);
    await scene.pass(30_000, 10_000);
    await scene.store.heartbeat({ nodeId: 'hung', leases: [claimed.lease] });
    await scene.pass(10_000);
    const [task] = await scene.store.get([id]);
    assert.deepEqual([task?.status, task?.errorCode], ['failed', 'process_timeout']);
  });

  it('do nothing to a lease that was settled between their look and their step', async () => {
    const id = await scene.submit('x');
    const claimed = await scene.claim('x');
    const answer = scene.weather.hold('lostLeases');
    scene.clock.set(scene.clock.now() + 90_000);
    await scene.pass(30_000);
    // The sweeper has seen the lease as lost; meanwhile somebody else recovers and finishes the task.
    const { token } = first(claimed).lease;
    const outcome = { kind: 'recover', error: 'lost' } as const;
    await scene.store.settle([{ id, token, outcome, handler: 'ended', by: 'sweeper' }]);
    await scene.succeed(await scene.claim('x'));
    answer();
    await quiet();
    const [task] = await scene.store.get([id]);
    assert.deepEqual([task?.status, task?.recoveries, task?.attempts.length], ['success', 1, 2]);
  });

  it('forget final tasks when their retention is over', async () => {
    const id = await scene.submit('x');
    await scene.succeed(await scene.claim('x'));
    await scene.pass(3_599_000, 60_000);
    assert.equal(await statusOf(id), 'success');
    await scene.pass(2_000);
    assert.equal(await statusOf(id), undefined);
  });

  it('go on when the store was away, at once when it is back, and complain once', async () => {
    const id = await scene.submit('x', { queueTimeoutMs: 60_000 });
    scene.weather.away('sweepTimers', 'lostLeases', 'purge', 'audit');
    await scene.pass(300_000, 1000);
    const tries = sweeps() + scene.weather.count('lostLeases');
    assert.ok(tries < 150, `${tries} tries in five minutes`);
    const complaints = scene.log.of('warn').filter((line) => line.startsWith('The timer sweeper cannot work'));
    assert.equal(complaints.length, 1);
    let ended = false;
    scene.store.onSignal(({ kind }) => {
      ended ||= kind === 'outbox';
    });
    scene.weather.back();
    await scene.pass(6_000, 1000);
    assert.equal(ended, true);
    assert.equal(await statusOf(id), 'timeout');
  });

  it('go on after a defect of the store as well', async () => {
    let faults = 2;
    scene.weather.poison('sweepTimers', () => (faults-- > 0 ? new TypeError('bug') : null));
    const id = await scene.submit('x', { queueTimeoutMs: 10_000 });
    await scene.pass(20_000, 1000);
    assert.equal(await statusOf(id), 'timeout');
    assert.equal(scene.log.of('error').length, 1);
  });

  it('of an idle engine ask next to nothing', async () => {
    const before = scene.weather.total;
    await scene.pass(600_000, 10_000);
    const calls = scene.weather.total - before;
    // Twice a minute lost leases and timers, every five minutes retention and audit.
    assert.ok(calls <= 2 * 20 + 2 * 2 + 4, `${calls} calls in ten idle minutes`);
  });

  it('sweep tasks that become due one after the other together', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, n) => scene.submit('x', { delayMs: 1000 + n })));
    const before = sweeps();
    await scene.pass(1300, 1);
    assert.ok(sweeps() - before <= 60, `${sweeps() - before} sweeps for 200 tasks in 200 ms`);
  });

  it('stop with the engine and leave no timer behind', async () => {
    await scene.submit('x', { queueTimeoutMs: 1000 });
    await scene.engine.close();
    assert.equal(scene.clock.timers, 0);
    const before = scene.weather.total;
    await scene.pass(60_000);
    assert.equal(scene.weather.total, before);
  });
});

describe('the auditor', () => {
  it('looks once per cleanup interval and tells every finding, loudly', async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    let looks = 0;
    const auditor = startAuditor({
      store: {
        audit: async () => {
          looks += 1;
          return [{ invariant: 'S4', detail: 'a slot without a task', repaired: true }];
        },
      },
      clock,
      log: { ...SILENT, error: (message, fields) => told.push(`${message}: ${String(fields?.['invariant'])}`) },
      cleanupIntervalMs: 300_000,
    });
    await clock.advanceAsync(299_999);
    assert.equal(looks, 0);
    await clock.advanceAsync(1);
    assert.deepEqual(told, ['Found and repaired a broken invariant: S4']);
    await clock.advanceAsync(300_000);
    assert.equal(looks, 2);
    await auditor.close();
  });
});

describe('a sweep loop', () => {
  it('that finds something due it can do nothing about asks ever more slowly', async () => {
    const clock = new ManualClock();
    let runs = 0;
    const run = async (): Promise<SweepResult> => {
      runs += 1;
      return { nextMs: 0, did: 'nothing' };
    };
    const loop = new SweepLoop({ name: 'test', clock, log: SILENT, netMs: 30_000, run });
    loop.nudge(0);
    await clock.advanceAsync(60_000);
    assert.ok(runs > 10 && runs < 60, `${runs} runs in a minute`);
    await loop.close();
  });

  it('is not driven by signals to hammer a store that is away', async () => {
    const clock = new ManualClock();
    let runs = 0;
    const run = async (): Promise<SweepResult> => {
      runs += 1;
      throw new StoreUnavailable('away');
    };
    const loop = new SweepLoop({ name: 'test', clock, log: SILENT, netMs: 30_000, run });
    for (let n = 0; n < 1000; n++) {
      loop.nudge(0);
      await clock.advanceAsync(10);
    }
    assert.ok(runs >= 4 && runs <= 8, `${runs} runs in ten seconds`);
    await loop.close();
  });

  it('goes straight on while there is more to do', async () => {
    const clock = new ManualClock();
    let left = 20;
    const run = async (): Promise<SweepResult> => ({ nextMs: --left > 0 ? 0 : null, did: 'something' });
    const loop = new SweepLoop({ name: 'test', clock, log: SILENT, netMs: 30_000, run });
    loop.nudge(0);
    await clock.advanceAsync(100);
    assert.equal(left, 0);
    await loop.close();
  });

  it('keeps a signal that comes while a run is under way', async () => {
    const clock = new ManualClock();
    const runs: number[] = [];
    const held = Promise.withResolvers<SweepResult>();
    const run = (): Promise<SweepResult> => {
      runs.push(clock.monotonic());
      return runs.length === 1 ? held.promise : Promise.resolve({ nextMs: null, did: 'nothing' });
    };
    const loop = new SweepLoop({ name: 'test', clock, log: SILENT, netMs: 30_000, run });
    loop.nudge(0);
    await clock.advanceAsync(10);
    loop.nudge(1000);
    held.resolve({ nextMs: null, did: 'nothing' });
    await clock.advanceAsync(2000);
    assert.deepEqual(runs, [0, 1010]);
    await loop.close();
  });

  it('does not start again once it is closed, and waits for the run under way', async () => {
    const clock = new ManualClock();
    const held = Promise.withResolvers<SweepResult>();
    let runs = 0;
    const run = (): Promise<SweepResult> => {
      runs += 1;
      return held.promise;
    };
    const loop = new SweepLoop({ name: 'test', clock, log: SILENT, netMs: 30_000, run });
    loop.nudge(0);
    await clock.advanceAsync(1);
    const closing = loop.close().then(() => 'closed');
    const meanwhile = quiet().then(() => 'waits');
    assert.equal(await Promise.race([closing, meanwhile]), 'waits');
    held.resolve({ nextMs: 0, did: 'something' });
    assert.equal(await closing, 'closed');
    await clock.advanceAsync(60_000);
    assert.equal(runs, 1);
    assert.equal(clock.timers, 0);
  });
});
