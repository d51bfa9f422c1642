import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { type Scene, startScene } from './scene.ts';

interface StreamEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** The parts between empty lines, as they come. */
async function* blocksOf(response: Response): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += chunk;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks;
  }
}

function eventOf(block: string): StreamEvent | null {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  const data = field('data');
  if (data === undefined) return null;
  return { id: Number(field('id')), event: field('event') ?? '', data: JSON.parse(data) as Record<string, unknown> };
}

async function* eventsOf(response: Response): AsyncGenerator<StreamEvent, void, undefined> {
  for await (const block of blocksOf(response)) {
    const event = eventOf(block);
    if (event !== null) yield event;
  }
}

function open(scene: Scene, id: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${scene.url}/api/v1/tasks/${id}/events`, init);
}

async function nextOf<T>(events: AsyncGenerator<T, void, undefined>): Promise<T> {
  const { value, done } = await events.next();
  if (done) throw new Error('the stream has ended');
  return value;
}

describe('following a task', () => {
  it('shows it as it is, then each change, and ends after the final one', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    const response = await open(scene, id);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    const events = eventsOf(response);
    const first = await nextOf(events);
    assert.deepEqual(
      [first.id, first.event, first.data['status'], first.data['attempts']],
      [1, 'snapshot', 'pending', []],
    );

    const claimed = await scene.claim();
    const second = await nextOf(events);
    assert.deepEqual([second.id, second.event, second.data['status']], [2, 'status', 'processing']);
    assert.deepEqual([second.data['task_id'], second.data['worker_id']], [id, 'worker-1']);

    await scene.store.progress([{ ...claimed.lease, progress: '{\n"progress": 50}' }]);
    const third = await nextOf(events);
    assert.deepEqual([third.id, third.event, third.data['progress']], [3, 'progress', { progress: 50 }]);

    await scene.succeed(claimed);
    const last = await nextOf(events);
    assert.deepEqual([last.id, last.event, last.data['status']], [4, 'status', 'success']);
    assert.equal((await events.next()).done, true);
    assert.equal(scene.server.raw.listening, true);
  });

  it('of a task that is final shows it and ends', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    await scene.succeed(await scene.claim());
    const events: StreamEvent[] = [];
    for await (const event of eventsOf(await open(scene, id))) events.push(event);
    assert.deepEqual(
      events.map((one) => [one.id, one.event, one.data['status']]),
      [[3, 'snapshot', 'success']],
    );
  });

  it('resumes after the version that was seen last', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    const claimed = await scene.claim();
    const after = (version: string) => open(scene, id, { headers: { 'last-event-id': version } });

    const behind = eventsOf(await after('1'));
    assert.deepEqual([(await nextOf(behind)).id], [2]);

    const upToDate = eventsOf(await after('2'));
    await scene.succeed(claimed);
    const next = await nextOf(upToDate);
    assert.deepEqual([next.id, next.event], [3, 'status']);
    assert.equal((await nextOf(behind)).id, 3);

    // A browser connects again after every end; only 204 stops it.
    assert.equal((await after('3')).status, 204);
    assert.equal((await after('2')).status, 200);
  });

  for (const seen of ['999', 'x', '-1', '1.5', '99999999999999999999']) {
    it(`begins anew when the last event was ${seen}`, async () => {
      await using scene = await startScene();
      const id = await scene.submit();
      const events = eventsOf(await open(scene, id, { headers: { 'last-event-id': seen } }));
      assert.deepEqual((await nextOf(events)).event, 'snapshot');
      await events.return();
    });
  }

  it('of a task that nobody knows is 404, and HEAD only asks', async () => {
    await using scene = await startScene();
    assert.equal((await open(scene, '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17')).status, 404);
    const head = await open(scene, await scene.submit(), { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream']);
  });
});

describe('a quiet stream', () => {
  it('says now and then that it is alive', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    const blocks = blocksOf(await open(scene, await scene.submit()));
    assert.match(await nextOf(blocks), /^retry: \d+$/);
    assert.match(await nextOf(blocks), /event: snapshot/);
    await clock.advanceAsync(15_000);
    assert.equal(await nextOf(blocks), ': keep-alive');
    await clock.advanceAsync(15_000);
    assert.equal(await nextOf(blocks), ': keep-alive');
  });
});

/** Counts what is followed now, and tells when the count changes. */
class Watches {
  #open = 0;
  #changed = Promise.withResolvers<void>();

  async reaches(count: number): Promise<void> {
    while (this.#open !== count) await this.#changed.promise;
  }

  readonly wrap = (engine: Engine): Engine => {
    const change = (by: number): void => {
      this.#open += by;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    };
    return {
      ...engine,
      async *watch(id, options) {
        change(1);
        try {
          yield* engine.watch(id, options);
        } finally {
          change(-1);
        }
      },
    };
  };
}

describe('a stream ends in the server too', () => {
  it('when its reader goes away', async () => {
    const watches = new Watches();
    const clock = new ManualClock();
    await using scene = await startScene({ wrap: watches.wrap, clock });
    const id = await scene.submit();
    const timers = clock.timers;
    const client = new AbortController();
    const responses = await Promise.all(Array.from({ length: 5 }, () => open(scene, id, { signal: client.signal })));
    await watches.reaches(5);
    client.abort();
    await Promise.allSettled(responses.map((response) => response.text()));
    await watches.reaches(0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(clock.timers, timers);
  });

  it('when the server closes: cut, so that the reader sees that more was to come', async () => {
    const scene = await startScene();
    const response = await open(scene, await scene.submit());
    const events = eventsOf(response);
    await nextOf(events);
    await scene[Symbol.asyncDispose]();
    await assert.rejects(events.next());
  });

  it('when the store fails: cut as well', async () => {
    const broken = Promise.withResolvers<void>();
    await using scene = await startScene({
      wrap: (engine) => ({
        ...engine,
        async *watch(id, options) {
          for await (const change of engine.watch(id, options)) {
            yield change;
            await broken.promise;
            throw new Error('the store broke');
          }
        },
      }),
    });
    const events = eventsOf(await open(scene, await scene.submit()));
    await nextOf(events);
    broken.resolve();
    await assert.rejects(events.next());
  });
});

it('a reader that does not read makes the server wait, not remember', async () => {
  const progress = 'x'.repeat(100_000);
  let given = 0;
  let isStuck: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => {
    isStuck = resolve;
  });
  await using scene = await startScene({
    wrap: (engine) => ({
      ...engine,
      async *watch(id) {
        const task = await engine.get(id);
        if (task === null) return;
        for (let version = 2; version < 100_000; version++) {
          given++;
          // Asked for once more only when there is room: the turn after the last request, nothing has moved.
          const before = given;
          setImmediate(() => setTimeout(() => given === before && isStuck(), 200));
          const event = { ...task, kind: 'progress' as const, taskId: id, at: 0, version, progress: `"${progress}"` };
          yield { kind: 'event', event };
        }
      },
    }),
  });
  const id = await scene.submit();
  const client = new AbortController();
  await open(scene, id, { signal: client.signal });
  await stuck;
  assert.ok(given < 1000, `${given} events of 100 kB were taken for one reader`);
  client.abort();
});
