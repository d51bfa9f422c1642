// Packets are measured by what they announce, however the network cuts them up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FrameSplitter } from '../../../src/adapters/mqtt/frame-splitter.ts';
import { PacketSizeGuard } from '../../../src/adapters/mqtt/packet-size-guard.ts';

function packet(type: number, length: number): Buffer {
  const header = [type << 4];
  let left = length;
  do {
    header.push((left & 0x7f) | (left > 127 ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 0xff)]);
}

const packets = fc.array(fc.tuple(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 0, max: 400 })), { maxLength: 6 });

function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(stream.subarray(at, at + size));
    at += size;
  }
  return [...pieces, stream.subarray(at)];
}

test('a stream of packets within the bound passes, cut anywhere, and is split into just those packets', () => {
  fc.assert(
    fc.property(packets, fc.array(fc.integer({ min: 1, max: 100 })), (list, sizes) => {
      const whole = list.map(([type, length]) => packet(type, length));
      const splitter = new FrameSplitter(400);
      const frames = cut(Buffer.concat(whole), sizes).flatMap((piece) => {
        const { verdict, frames } = splitter.split(piece);
        assert.equal(verdict, 'fine');
        return frames;
      });
      assert.deepEqual(
        frames,
        list.map(([type], index) => ({ type, bytes: whole[index] })),
      );
    }),
  );
});

test('a packet over the bound is found at its announcement, before its body', () => {
  const guard = new PacketSizeGuard(1000);
  assert.equal(guard.look(packet(3, 1000)), 'fine');
  assert.equal(guard.look(packet(3, 1001).subarray(0, 3)), 'too_large');
});

test('the largest announcement there is, of 256 MB, is refused with its second byte', () => {
  assert.equal(new PacketSizeGuard(64).look(Buffer.from([0x30, 0xff])), 'too_large');
  assert.equal(new PacketSizeGuard(2 ** 28).look(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])), 'fine');
});

test('a length of five bytes and a packet of type 0 are malformed', () => {
  assert.equal(new PacketSizeGuard(2 ** 30).look(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80])), 'malformed');
  assert.equal(new PacketSizeGuard(1000).look(Buffer.from([0x00])), 'malformed');
});
