// The stream of all changes, the time series and the push addresses.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import type { SeriesAnswer } from '../../../src/protocol/schemas/series.ts';
import { startScene } from '../server/scene.ts';

describe('the stream of all tasks', () => {
  it('tells every change, in order, with the messages of the topics', async () => {
    await using scene = await startScene();
    const abort = new AbortController();
    const response = await fetch(`${scene.url}/api/v1/events?type=example`, { signal: abort.signal });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    const reader = (response.body ?? assert.fail()).pipeThrough(new TextDecoderStream()).getReader();
    await scene.submit({ type: 'other' });
    const id = await scene.submit();
    await scene.succeed(await scene.claim());
    let text = '';
    while (!text.includes('"status":"success"')) text += (await reader.read()).value ?? '';
    const told = [...text.matchAll(/event: status\ndata: (.*)\n/g)].map(
      ([, data = '']) => JSON.parse(data) as { task_id: string; status: string },
    );
    assert.deepEqual(
      told.map(({ task_id, status }) => [task_id, status]),
      [
        [id, 'pending'],
        [id, 'processing'],
        [id, 'success'],
      ],
    );
    abort.abort();
  });

  it('leaves out what is more than was asked for in a second, says so, and goes on', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    const abort = new AbortController();
    const response = await fetch(`${scene.url}/api/v1/events?max_per_second=3`, { signal: abort.signal });
    const reader = (response.body ?? assert.fail()).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (wanted: RegExp): Promise<void> => {
      while (!wanted.test(text)) text += (await reader.read()).value ?? '';
    };
    await until(/retry/);
    for (let i = 0; i < 9; i++) await scene.submit({ type: `t${i}` });
    await until(/t2/);
    clock.advance(1_000);
    await until(/event: gap/);
    const before = text.slice(0, text.indexOf('event: gap'));
    assert.deepEqual(
      [...before.matchAll(/"type":"(t\d)"/g)].map(([, type]) => type),
      ['t0', 't1', 't2'],
    );
    // Whether its share of this second is used up already or not: something comes each time.
    while (!text.includes('later')) {
      await scene.submit({ type: 'later' });
      clock.advance(1_000);
      text += (await reader.read()).value ?? '';
    }
    abort.abort();
  });

  it('ends after the time that was asked for', async () => {
    await using scene = await startScene();
    const { status, text } = await scene.call('GET', '/api/v1/events?seconds=0.01');
    assert.equal(status, 200);
    assert.match(text, /^retry: /);
  });
});

describe('the time series', () => {
  it('has a point per step with what waits, runs, and how long it waited', async () => {
    const clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
    await using scene = await startScene({ clock });
    const points = async (): Promise<SeriesAnswer['points']> =>
      (JSON.parse((await scene.call('GET', '/api/v1/stats/series')).text) as SeriesAnswer).points;
    const reach = async (n: number): Promise<SeriesAnswer['points']> => {
      for (;;) {
        const now = await points();
        if (now.length >= n) return now;
      }
    };
    clock.advance(1_000);
    await reach(1);
    await scene.submit();
    await scene.submit();
    clock.advance(4_000);
    await scene.succeed(await scene.claim());
    clock.advance(6_000);
    const [first, second] = await reach(2);
    assert.deepEqual([first?.pending, first?.wait_p50_seconds], [0, null]);
    assert.deepEqual([second?.pending, second?.oldest_pending_seconds, second?.wait_p95_seconds], [1, 10, 4]);
  });
});

it('the push addresses say whether MQTT is there, and which topics it has', async () => {
  await using scene = await startScene();
  assert.deepEqual(JSON.parse((await scene.call('GET', '/api/v1/push')).text), {
    mqtt: { status: 'ok', path: '/mqtt', topic: 'task/status', progress_topic: 'task/progress' },
    events: '/api/v1/events',
  });
});
