// Many small writes become one, and nothing else about a stream changes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatheringStream } from '../../../src/adapters/mqtt/gathering-stream.ts';

/** A transport that notes what it is given and, if told so, is slow to say that it took it. */
class Transport extends Duplex {
  readonly writes: string[] = [];
  pace: 'at once' | 'held' = 'at once';
  #held: (() => void)[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk.toString());
    if (this.pace === 'at once') done();
    else this.#held.push(done);
  }

  release(): void {
    this.pace = 'at once';
    for (const done of this.#held.splice(0)) done();
  }
}

test('what is written in one turn goes out as one piece, text and bytes in order', async () => {
  const transport = new Transport();
  const stream = new GatheringStream(transport);
  stream.write('a');
  stream.write(Buffer.from('b'));
  process.nextTick(() => stream.write('ü'));
  assert.deepEqual(transport.writes, []);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(transport.writes, ['abü']);
});

test('a transport that is full holds the writer back, and lets it go on', async () => {
  const transport = new Transport();
  transport.pace = 'held';
  const stream = new GatheringStream(transport);
  let isTaken = false;
  stream.write(Buffer.alloc(300_000), () => {
    isTaken = true;
  });
  await nextTurn();
  await nextTurn();
  assert.equal(isTaken, false);
  assert.equal(stream.writableNeedDrain, true);
  const drained = once(stream, 'drain');
  transport.release();
  await drained;
  assert.equal(isTaken, true);
});

test('the last bytes go out before the end', async () => {
  const transport = new Transport();
  const stream = new GatheringStream(transport);
  stream.end('bye');
  await once(transport, 'finish');
  assert.deepEqual(transport.writes, ['bye']);
});

test('what comes in is passed on, and the end and the fault of the transport are its own', async () => {
  const transport = new Transport();
  const stream = new GatheringStream(transport);
  transport.push('hello');
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  assert.equal(chunk.toString(), 'hello');
  const failed = once(stream, 'error');
  transport.destroy(new Error('reset'));
  assert.match(String(await failed), /reset/);
  assert.equal(stream.destroyed, true);
});

test('a writer that waits when the stream is destroyed is told', async () => {
  const transport = new Transport();
  transport.pace = 'held';
  const stream = new GatheringStream(transport);
  stream.on('error', () => {});
  const told = new Promise<Error | null | undefined>((resolve) => stream.write(Buffer.alloc(300_000), resolve));
  stream.destroy();
  assert.ok((await told) instanceof Error);
  assert.equal(transport.destroyed, true);
});
