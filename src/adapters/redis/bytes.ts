// Reads and writes the binary forms that scripts pack and unpack with `struct`: big-endian numbers, texts with their
// length in front.

import { ID_BYTES, readToken, TOKEN_BYTES, writeId } from './ids.ts';

export class Reader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Byte by byte: a record has twenty of them, and Node's own way to one leads through three functions. */
  uint(size: 1 | 2 | 4 | 6): number {
    const end = this.at + size;
    if (end > this.bytes.length) throw new RangeError('the bytes end in the middle of a number');
    let value = 0;
    while (this.at < end) value = value * 256 + (this.bytes[this.at++] as number);
    return value;
  }

  int32(): number {
    const value = this.bytes.readInt32BE(this.at);
    this.at += 4;
    return value;
  }

  token(): number {
    const value = readToken(this.bytes, this.at);
    this.at += TOKEN_BYTES;
    return value;
  }

  double(): number {
    const value = this.bytes.readDoubleBE(this.at);
    this.at += 8;
    return value;
  }

  skip(size: number): void {
    this.at += size;
  }

  /** A text whose length comes first, in so many bytes. */
  text(lengthSize: 1 | 2 | 4): string {
    const length = this.uint(lengthSize);
    if (length === 0) return '';
    const value = this.bytes.toString('utf8', this.at, this.at + length);
    this.at += length;
    return value;
  }

  slice(lengthSize: 1 | 2 | 4): Buffer {
    const length = this.uint(lengthSize);
    const value = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return value;
  }
}

/** Of UTF-8 for one UTF-16 unit. */
export const BYTES_PER_CHAR_MAX = 3;

/** Grows as needed; handed out once. */
export class Writer {
  #bytes: Buffer;
  #at = 0;

  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  uint(value: number, size: 1 | 2 | 4 | 6): this {
    this.#room(size);
    let rest = value;
    for (let at = this.#at + size - 1; at >= this.#at; at--) {
      this.#bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    if (rest !== 0) throw new RangeError(`${value} does not fit into ${size} bytes`);
    this.#at += size;
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
    return this;
  }

  double(value: number): this {
    this.#room(8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
    return this;
  }

  id(id: string): this {
    this.#room(ID_BYTES);
    writeId(this.#bytes, id, this.#at);
    this.#at += ID_BYTES;
    return this;
  }

  zeros(size: number): this {
    this.#room(size);
    this.#bytes.fill(0, this.#at, this.#at + size);
    this.#at += size;
    return this;
  }

  raw(bytes: Buffer): this {
    this.#room(bytes.length);
    bytes.copy(this.#bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  text(value: string, lengthSize: 1 | 2 | 4): this {
    if (value === '') return this.uint(0, lengthSize);
    this.#room(lengthSize + value.length * BYTES_PER_CHAR_MAX);
    // Written first: to count its bytes before would cost as much again.
    const length = this.#bytes.write(value, this.#at + lengthSize);
    this.uint(length, lengthSize);
    this.#at += length;
    return this;
  }

  /** What `write` adds, with its length in front in four bytes. */
  sized(write: () => void): this {
    const lengthAt = this.#at;
    this.uint(0, 4);
    write();
    this.#bytes.writeUInt32BE(this.#at - lengthAt - 4, lengthAt);
    return this;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
