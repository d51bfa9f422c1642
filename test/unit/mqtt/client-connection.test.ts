// One client's byte stream: what goes wrong in it stays in it, and what is written arrives as it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientConnection, type ConnectionOptions, type Wire } from '../../../src/adapters/mqtt/client-connection.ts';

class ScriptedWire implements Wire {
  readonly written: Buffer[] = [];
  readonly calls: string[] = [];
  #room: (() => void) | null = null;

  write(data: Buffer, done: () => void): void {
    this.written.push(data);
    this.#room = done;
  }
  hasRoom(): void {
    const room = this.#room;
    this.#room = null;
    room?.();
  }
  end(): void {
    this.calls.push('end');
  }
  destroy(): void {
    this.calls.push('destroy');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
}

function connectionOn(wire: Wire, over: Partial<ConnectionOptions> = {}): ClientConnection {
  const connection = new ClientConnection({
    wire,
    packetBytesMax: 1000,
    unsentBytesMax: 1000,
    onBadPacket: () => {},
    ...over,
  });
  connection.on('error', () => {});
  return connection;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an error thrown while reading a packet ends this connection and goes no further', async () => {
  const wire = new ScriptedWire();
  const verdicts: string[] = [];
  const connection = connectionOn(wire, { onBadPacket: (verdict) => verdicts.push(verdict) });
  connection.on('readable', () => {
    if (connection.read() !== null) throw new RangeError('out of bounds');
  });
  connection.feed(Buffer.from([0xc0, 0]));
  await turn();
  assert.equal(connection.destroyed, true);
  assert.deepEqual(verdicts, ['malformed']);
  assert.ok(wire.calls.includes('destroy'));
});

test('the answer to CONNECT goes out alone, and after it all of one turn as one piece, in order', async () => {
  const wire = new ScriptedWire();
  const connection = connectionOn(wire);
  for (const text of ['a', 'b', 'c', 'd']) connection.write(text);
  await turn();
  connection.write('e');
  await turn();
  assert.deepEqual(wire.written.map(String), ['a', 'bcd', 'e']);
});

test('what was written before the end goes out before it', () => {
  for (const end of ['end', 'destroy'] as const) {
    const wire = new ScriptedWire();
    const connection = connectionOn(wire);
    for (const text of ['a', 'b', 'c']) connection.write(text);
    connection[end]();
    assert.equal(Buffer.concat(wire.written).toString(), 'abc', end);
  }
});

test('with much on its way out, writers wait until the wire has taken it', async () => {
  const wire = new ScriptedWire();
  const connection = connectionOn(wire, { unsentBytesMax: 100 });
  let taken = 0;
  for (let i = 0; i < 5; i++) connection.write(Buffer.alloc(20), () => taken++);
  await turn();
  assert.ok(taken < 5, `${taken} were taken`);
  for (let i = 0; i < 5; i++) {
    wire.hasRoom();
    await turn();
  }
  assert.equal(taken, 5);
  assert.equal(Buffer.concat(wire.written).length, 100);
});

test('a client that does not take its bytes is told from one that does by the bound on what is unsent', () => {
  const wire = new ScriptedWire();
  const connection = connectionOn(wire, { unsentBytesMax: 100 });
  assert.equal(connection.write(Buffer.alloc(99)), true);
  assert.equal(connection.write(Buffer.alloc(1)), false);
});

test('reading stops while nobody takes what came', () => {
  const wire = new ScriptedWire();
  const connection = connectionOn(wire, { packetBytesMax: 1e6 });
  const packet = Buffer.concat([Buffer.from([0x30, 0x80, 0x80, 0x08]), Buffer.alloc(131_072)]);
  connection.feed(packet);
  assert.ok(wire.calls.includes('pause'));
});

test('a proper end lets the last bytes out; an error does not', () => {
  for (const [error, call] of [
    [undefined, 'end'],
    [new Error('protocol'), 'destroy'],
  ] as const) {
    const wire = new ScriptedWire();
    connectionOn(wire).destroy(error);
    assert.deepEqual(wire.calls, [call]);
  }
});
