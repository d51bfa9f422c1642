import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import mqtt from 'mqtt';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import type { MqttConnection } from '../../../src/client/mqtt-line.ts';
import { watchTask } from '../../../src/client/watch-task.ts';
import { type Change, ServerUnreachable, type TaskView, withTags, XQueueClient } from '../../../src/client.ts';
import { clientOf, gate, started } from './server.ts';

function pushed(id: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({ task_id: id, type: 'a', status: 'success', version: 3, timestamp: '2026-01-01T00:00:00Z' }),
  );
}

function strictlyRising(changes: readonly Change[]): void {
  const versions = changes.map(({ version }) => version);
  assert.deepEqual(
    versions,
    [...new Set(versions)].sort((a, b) => a - b),
  );
}

/** Cuts each stream of events off after `events` of them, `cuts` times. */
function cutting(events: number, cuts: number): { fetch: typeof fetch; streams: () => number } {
  let left = cuts;
  let streams = 0;
  const own: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!new Request(input).url.endsWith('/events') || response.body === null) return response;
    streams++;
    if (left-- <= 0) return response;
    let seen = 0;
    const cut = new TransformStream<string, string>({
      transform(chunk, controller) {
        const blocks = chunk.split(/(?<=\n\n)/);
        for (const block of blocks) {
          if (block.startsWith('id:') && ++seen > events) return controller.error(new Error('connection reset'));
          controller.enqueue(block);
        }
      },
    });
    const body = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(cut)
      .pipeThrough(new TextEncoderStream());
    return new Response(body, response);
  };
  return { fetch: own, streams: () => streams };
}

async function collected(changes: AsyncIterable<Change>, each: (change: Change) => void): Promise<Change[]> {
  const all: Change[] = [];
  for await (const change of changes) {
    all.push(change);
    each(change);
  }
  return all;
}

const WAYS = {
  'server-sent events': { settings: {}, options: {} },
  'MQTT over WebSocket': { settings: {}, options: { mqtt: { library: mqtt } } },
  'MQTT over WebSocket, as CloudEvents': {
    settings: { mqtt: { listen: '', format: 'cloudevents' } },
    options: { mqtt: { library: mqtt } },
  },
} as const;

for (const [way, { settings, options }] of Object.entries(WAYS)) {
  describe(`a watch over ${way}`, () => {
    it('begins with the task as it is, and ends by itself with the final state', async () => {
      const { handler, pass, started: runs } = gate('slow');
      const client = clientOf(await started(settings, handler), options);
      const handle = await client.submitTask('slow');
      await runs;
      const changes = await collected(handle.watch(), () => pass());
      assert.equal(changes[0]?.status, 'processing');
      assert.equal(changes[0]?.progress, 10);
      assert.equal(changes.at(-1)?.status, 'success');
      assert.ok(changes.some(({ progress }) => progress === 90));
      strictlyRising(changes);
    });

    it('of a task that has ended shows it once', async () => {
      const client = clientOf(await started(settings, { type: 'quick', handle: () => 1 }), options);
      const handle = await client.submitTask('quick');
      await handle.result();
      const changes = await collected(handle.watch(), () => undefined);
      assert.deepEqual(
        changes.map(({ status }) => status),
        ['success'],
      );
    });

    it('ends when its signal is aborted', async () => {
      const client = clientOf(await started(settings), options);
      const { id } = await client.submitTask('nobody');
      const abort = new AbortController();
      const changes = await collected(client.watch(id, { signal: abort.signal }), () => abort.abort());
      assert.deepEqual(
        changes.map(({ status }) => status),
        ['pending'],
      );
    });

    it('of a task that is not there says so', async () => {
      const client = clientOf(await started(settings), options);
      const watching = client.watch('01900000-0000-7000-8000-000000000000');
      await assert.rejects(watching.next(), { code: 'task_not_found' });
    });
  });

  describe(`watching all tasks over ${way}`, () => {
    it('shows the changes of those that match', async () => {
      const manager = await started(settings, { type: 'wanted', handle: () => 1 }, { type: 'other', handle: () => 1 });
      const client = clientOf(manager, options);
      const abort = new AbortController();
      const seen: [string, string | null][] = [];
      const query = { type: 'wanted', status: 'success', tag: 'red' } as const;
      for await (const change of client.watchAll(query, { signal: abort.signal })) {
        if (change === 'gap') {
          // The connection stands (perhaps not for the first time): what is submitted now must be seen.
          await manager.submitTask('wanted', {}, withTags('blue'));
          await manager.submitTask('other', {}, withTags('red'));
          await manager.submitTask('wanted', { n: 1 }, withTags('red'));
          continue;
        }
        seen.push([change.type, change.status]);
        assert.deepEqual((await client.get(change.id))?.tags, ['red']);
        if (seen.length === 1) abort.abort();
      }
      assert.deepEqual(seen, [['wanted', 'success']]);
    });
  });
}

describe('watching all tasks over MQTT', () => {
  it('loses nothing of what comes in one breath after an outage', async () => {
    const burst = 5000;
    const hand: { message?: (topic: string, payload: Uint8Array) => void } = {};
    const connection: MqttConnection = {
      on(event: string, listener: never) {
        if (event === 'message') hand.message = listener;
      },
      subscribe: () => undefined,
      unsubscribe: () => undefined,
      end: () => undefined,
    };
    const client = new XQueueClient({ url: 'http://127.0.0.1:9', mqtt: { library: { connect: () => connection } } });
    const abort = new AbortController();
    let told = 0;
    for await (const change of client.watchAll({}, { signal: abort.signal })) {
      if (change !== 'gap') {
        if (++told === burst) abort.abort();
        continue;
      }
      assert.ok(hand.message !== undefined, 'something was lost');
      for (let n = 0; n < burst; n++) hand.message(`task/status/t${n}`, pushed(`t${n}`));
      delete hand.message;
    }
    assert.equal(told, burst);
  });
});

describe('a watch over a line that breaks', () => {
  it('goes on where it was: nothing twice, versions rise, and the end comes', async () => {
    const { handler, pass } = gate('slow');
    const cut = cutting(1, 3);
    const client = clientOf(await started({}, handler), { fetch: cut.fetch });
    const handle = await client.submitTask('slow');
    const changes = await collected(handle.watch(), ({ progress }) => {
      if (progress === 10) pass();
    });
    strictlyRising(changes);
    assert.equal(changes.at(-1)?.status, 'success');
    assert.ok(cut.streams() >= 2);
  });

  it('over MQTT connects again and reads what it missed', async () => {
    const { handler, pass, started: runs } = gate('slow');
    const manager = await started({}, handler);
    const connections: mqtt.MqttClient[] = [];
    const library = {
      connect(url: string, options: object) {
        const connection = mqtt.connect(url, { ...options, reconnectPeriod: 50 });
        connections.push(connection);
        return connection;
      },
    };
    const client = clientOf(manager, { mqtt: { library } });
    const handle = await client.submitTask('slow');
    await runs;
    const changes = await collected(handle.watch(), () => {
      if (connections.length === 1 && connections[0]?.connected) connections[0].stream.destroy();
      pass();
    });
    strictlyRising(changes);
    assert.equal(changes.at(-1)?.status, 'success');
  });
});

describe('a watch of a server that is away', () => {
  it('waits for it and goes on', async () => {
    const { handler, pass, started: runs } = gate('slow');
    const manager = await started({}, handler);
    let away = 0;
    let refused = 0;
    const own: typeof fetch = (input, init) => {
      if (away === 0) return fetch(input, init);
      away--;
      refused++;
      return Promise.reject(new TypeError('fetch failed'));
    };
    const client = clientOf(manager, { mqtt: { library: mqtt }, fetch: own, retries: 0 });
    const handle = await client.submitTask('slow');
    await runs;
    away = 3;
    const changes = await collected(handle.watch(), () => pass());
    assert.equal(refused, 3);
    assert.equal(changes.at(-1)?.status, 'success');
  });

  it('ends when nothing was heard for half a minute, or for two minutes in the middle of it', async () => {
    const first = { version: 1, status: 'processing', updatedAt: new Date(0) } as TaskView;
    for (const [heard, fromMs, toMs] of [
      [0, 15_000, 45_000],
      [1, 60_000, 150_000],
    ] as const) {
      const clock = new ManualClock();
      let reads = 0;
      const read = async (): Promise<TaskView> => {
        if (reads++ < heard) return first;
        throw new ServerUnreachable('nobody');
      };
      const line = {
        async *follow() {
          for (;;) yield 'gap' as const;
        },
      };
      const end: { error?: unknown } = {};
      void collected(watchTask({ line, read, clock }, 'id'), () => undefined).catch((error: unknown) => {
        end.error = error;
      });
      while (end.error === undefined) await clock.advanceAsync(500);
      assert.ok(end.error instanceof ServerUnreachable);
      const tookMs = clock.monotonic();
      assert.ok(tookMs >= fromMs && tookMs <= toMs, `${tookMs} ms`);
    }
  });
});
