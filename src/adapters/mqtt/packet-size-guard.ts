// Counts bytes against the lengths that MQTT packets announce, before anything is stored of them. A client that announces
// 256 MB must be turned away at the announcement, not after sending it.

export type SizeVerdict = 'fine' | 'too_large' | 'malformed';

/** MQTT 3.1.1 section 2.2.3: at most four bytes of length. */
const LENGTH_BYTES_MAX = 4;

export class PacketSizeGuard {
  readonly #bytesMax: number;
  #state: 'type' | 'length' | 'body' = 'type';
  #length = 0;
  #lengthBytes = 0;
  /** Of the body, still to come. */
  #left = 0;

  /** @param bytesMax largest packet, counted after its fixed header. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Looks at the next piece of the stream. After anything but `fine` the connection must end. */
  look(chunk: Uint8Array): SizeVerdict {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'body') {
        const skipped = Math.min(this.#left, chunk.length - at);
        at += skipped;
        this.#left -= skipped;
        if (this.#left === 0) this.#state = 'type';
        continue;
      }
      const byte = chunk[at++] ?? 0;
      const verdict = this.#state === 'type' ? this.#beginPacket(byte) : this.#takeLengthByte(byte);
      if (verdict !== 'fine') return verdict;
    }
    return 'fine';
  }

  /** Types 0 and 15 are reserved in MQTT 3.1.1; 15 is AUTH in MQTT 5, which is for the broker to judge. */
  #beginPacket(byte: number): SizeVerdict {
    if (byte >> 4 === 0) return 'malformed';
    this.#state = 'length';
    this.#length = 0;
    this.#lengthBytes = 0;
    return 'fine';
  }

  #takeLengthByte(byte: number): SizeVerdict {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++;
    if (this.#length > this.#bytesMax) return 'too_large';
    if (byte & 0x80) return this.#lengthBytes < LENGTH_BYTES_MAX ? 'fine' : 'malformed';
    this.#left = this.#length;
    this.#state = this.#left === 0 ? 'type' : 'body';
    return 'fine';
  }
}
