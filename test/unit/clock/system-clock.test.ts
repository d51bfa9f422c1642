import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it, mock } from 'node:test';
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { TIMER_MS_MAX } from '../../../src/domain/limits.ts';

void describe('the system clock', () => {
  void it('tells Unix milliseconds, a time that never goes back, and chance', () => {
    const clock = new SystemClock();
    assert.ok(Number.isInteger(clock.now()) && Math.abs(clock.now() - Date.now()) < 1000);
    const before = clock.monotonic();
    assert.ok(clock.monotonic() >= before);
    assert.ok(clock.random() >= 0 && clock.random() < 1);
  });

  void it('calls back once after the wait', async () => {
    const clock = new SystemClock();
    const startedAt = clock.monotonic();
    // The clock's own timers do not keep the process alive.
    const alive = setInterval(() => undefined, 1000);
    await new Promise<void>((resolve) => clock.after(20, resolve));
    clearInterval(alive);
    assert.ok(clock.monotonic() - startedAt >= 19);
  });

  void it('cuts a wait that Node cannot hold into pieces instead of firing at once', (t) => {
    t.after(() => mock.restoreAll());
    const waits: number[] = [];
    let elapsedMs = 0;
    let fire: () => void = () => undefined;
    mock.method(performance, 'now', () => elapsedMs);
    mock.method(globalThis, 'setTimeout', (callback: () => void, ms: number) => {
      waits.push(ms);
      fire = callback;
      return { unref: () => ({}) };
    });
    let calls = 0;
    new SystemClock().after(TIMER_MS_MAX + 5000, () => (calls += 1));
    elapsedMs += TIMER_MS_MAX;
    fire();
    assert.deepEqual([waits, calls], [[TIMER_MS_MAX, 5000], 0]);
    elapsedMs += 5000;
    fire();
    assert.equal(calls, 1);
  });

  void it('fires no canceled timer, whichever piece it waits in', (t) => {
    t.after(() => mock.restoreAll());
    let elapsedMs = 0;
    const pieces: { readonly fire: () => void; readonly unref: () => unknown }[] = [];
    const cleared: unknown[] = [];
    mock.method(performance, 'now', () => elapsedMs);
    mock.method(globalThis, 'setTimeout', (fire: () => void) => {
      const piece = { fire, unref: () => piece };
      pieces.push(piece);
      return piece;
    });
    mock.method(globalThis, 'clearTimeout', (piece: unknown) => cleared.push(piece));
    const timer = new SystemClock().after(2 * TIMER_MS_MAX, () => assert.fail('was canceled'));
    elapsedMs += TIMER_MS_MAX;
    pieces[0]?.fire();
    timer.cancel();
    assert.equal(pieces.length, 2);
    assert.deepEqual(cleared, [pieces[1]]);
  });

  void it('does not keep a process alive by its timers', () => {
    const module = new URL('../../../src/adapters/clock/system-clock.ts', import.meta.url).href;
    const program = `const { systemClock } = await import('${module}'); systemClock.after(60_000, () => {});`;
    const { status, signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 20_000,
    });
    assert.deepEqual([status, signal], [0, null]);
  });
});
