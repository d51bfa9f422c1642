import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANUAL_START, ManualClock } from '../../../src/adapters/clock/manual-clock.ts';

void describe('a manual clock', () => {
  void it('stands still until it is told to move', () => {
    const clock = new ManualClock();
    assert.deepEqual([clock.now(), clock.monotonic()], [MANUAL_START, 0]);
    clock.advance(1500);
    assert.deepEqual([clock.now(), clock.monotonic()], [MANUAL_START + 1500, 1500]);
  });

  void it('fires timers in order, each at its own instant, equal ones in the order they were made', () => {
    const clock = new ManualClock({ now: 0 });
    const fired: string[] = [];
    for (const [name, ms] of Object.entries({ late: 30, early: 10, middle: 20, 'middle too': 20 })) {
      clock.after(ms, () => fired.push(`${name} at ${clock.now()}`));
    }
    clock.advance(25);
    assert.deepEqual(fired, ['early at 10', 'middle at 20', 'middle too at 20']);
    assert.deepEqual([clock.timers, clock.nextTimerMs], [1, 5]);
  });

  void it('fires timers that timers start, when they are due in the same stretch', () => {
    const clock = new ManualClock({ now: 0 });
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.monotonic());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    assert.deepEqual(fired, [10, 20, 30]);
  });

  void it('fires a canceled timer never, and each timer once', () => {
    const clock = new ManualClock();
    let fired = 0;
    const timer = clock.after(10, () => (fired += 1));
    clock.after(10, () => (fired += 10));
    timer.cancel();
    timer.cancel();
    clock.advance(100);
    assert.equal(fired, 10);
  });

  void it('lets what is under way settle between timers', async () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    const step = async (name: string): Promise<void> => {
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} at ${clock.monotonic()}`);
    };
    clock.after(10, () => void step('first'));
    clock.after(20, () => void step('second'));
    await clock.advanceAsync(50);
    assert.deepEqual(seen, ['first at 10', 'second at 20']);
  });

  void it('can be set back or forwards without any time passing', () => {
    const clock = new ManualClock({ now: 1_000_000 });
    let fired = false;
    clock.after(10, () => (fired = true));
    clock.set(5_000_000);
    assert.deepEqual([clock.now(), clock.monotonic(), fired], [5_000_000, 0, false]);
    clock.set(1000);
    clock.advance(10);
    assert.deepEqual([clock.now(), clock.monotonic(), fired], [1010, 10, true]);
  });

  void it('repeats its chance with its seed', () => {
    const draw = (seed: number) => {
      const clock = new ManualClock({ seed });
      return Array.from({ length: 50 }, () => clock.random());
    };
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.ok(draw(7).every((n) => n >= 0 && n < 1));
  });

  void it('refuses to go back by advancing', () => {
    assert.throws(() => new ManualClock().advance(-1), RangeError);
    assert.throws(() => new ManualClock().advance(0.5), RangeError);
  });
});

describe('a manual clock that fires by grains', () => {
  it('fires timers that are close together at the end of their grain, in order, and those they start', () => {
    const clock = new ManualClock({ now: 0 });
    const fired: [string, number][] = [];
    const at = (name: string, delayMs: number) => clock.after(delayMs, () => fired.push([name, clock.now()]));
    at('b', 120);
    at('a', 100);
    clock.after(130, () => at('started', 0));
    at('far', 500);
    at('later', 5000);
    assert.equal(clock.fireNext(1000, 50), 'fired');
    assert.deepEqual(fired.splice(0), [
      ['a', 150],
      ['b', 150],
      ['started', 150],
    ]);
    assert.equal(clock.fireNext(850, 50), 'fired');
    assert.deepEqual(fired.splice(0), [['far', 550]]);
    assert.equal(clock.fireNext(450, 50), 'none_due');
    assert.equal(clock.now(), 550, 'time stands still where nothing is due');
    assert.equal(clock.fireNext(4460, 50), 'fired');
    assert.deepEqual(fired, [['later', 5010]], 'no later than was asked for');
  });
});
