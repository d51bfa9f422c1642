// Cuts a byte stream into whole MQTT packets without looking into them, and reads or makes single packets where somebody
// has to look. Nothing is kept beyond one packet of the size that is allowed.
import { generate, type Packet, parser } from 'mqtt-packet';
import { PacketSizeGuard, type SizeVerdict } from './packet-size-guard.ts';

/** Packet types of MQTT, the high half of the first byte. */
export const PACKET = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

export interface Frame {
  readonly type: number;
  readonly bytes: Buffer;
}

export class FrameSplitter {
  readonly #guard: PacketSizeGuard;
  #rest: Buffer = Buffer.alloc(0);

  constructor(bytesMax: number) {
    this.#guard = new PacketSizeGuard(bytesMax);
  }

  /** The packets that are complete now; after anything but `fine` the connection must end. */
  split(chunk: Buffer): { readonly verdict: SizeVerdict; readonly frames: readonly Frame[] } {
    const verdict = this.#guard.look(chunk);
    if (verdict !== 'fine') return { verdict, frames: [] };
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let length = frameLength(this.#rest); length !== null; length = frameLength(this.#rest)) {
      frames.push({ type: (this.#rest[0] ?? 0) >> 4, bytes: this.#rest.subarray(0, length) });
      this.#rest = this.#rest.subarray(length);
    }
    // What is left must not keep the whole chunk alive.
    this.#rest = Buffer.from(this.#rest);
    return { verdict, frames };
  }
}

/** `null`: not a valid packet. */
export function readPacket(bytes: Buffer, protocolVersion: number): Packet | null {
  let read: Packet | null = null;
  const reader = parser({ protocolVersion });
  reader.on('packet', (packet) => {
    read = packet;
  });
  reader.on('error', () => {
    read = null;
  });
  try {
    reader.parse(bytes);
  } catch {
    return null;
  }
  return read;
}

export function writePacket(packet: Packet, protocolVersion: number): Buffer {
  return generate(packet, { protocolVersion });
}

/** `null`: not complete yet. The guard has already refused lengths of more than four bytes. */
function frameLength(bytes: Buffer): number | null {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte & 0x80) continue;
    const total = at + 1 + length;
    return bytes.length >= total ? total : null;
  }
  return null;
}
