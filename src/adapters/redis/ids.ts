// Task ids as Redis keeps them: the 16 bytes of the UUID.

export const ID_BYTES = 16;
const ID_LENGTH = 36;
const DASH = '-'.charCodeAt(0);
/** Groups of digits: where each begins in the text, and its bytes. */
const GROUPS = [
  { from: 0, byte: 0, end: 4 },
  { from: 9, byte: 4, end: 6 },
  { from: 14, byte: 6, end: 8 },
  { from: 19, byte: 8, end: 10 },
  { from: 24, byte: 10, end: ID_BYTES },
] as const;

const HEX_CODES = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** Value of a lower-case hex digit by its code; -1: it is none. */
const HEX_VALUES = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/** Writes the id's 16 bytes. What is no id is written as zeros, which no task has: it is found nowhere. */
export function writeId(into: Buffer, id: string, at: number): void {
  if (!parseId(into, id, at)) into.fill(0, at, at + ID_BYTES);
}

/** The same of an id that is to be given to a task. @throws Error when it is none */
export function writeNewId(into: Buffer, id: string, at: number): void {
  if (!parseId(into, id, at)) throw new Error(`a task id must be a UUID in lower case, not '${id}'`);
}

/** Digit by digit: with an expression and a conversion of its own it is the dearest part of a large submit. */
function parseId(into: Buffer, id: string, at: number): boolean {
  if (id.length !== ID_LENGTH) return false;
  for (const { from, byte, end } of GROUPS) {
    if (from > 0 && id.charCodeAt(from - 1) !== DASH) return false;
    for (let to = byte, digit = from; to < end; to++, digit += 2) {
      const high = HEX_VALUES[id.charCodeAt(digit)] ?? -1;
      const low = HEX_VALUES[id.charCodeAt(digit + 1)] ?? -1;
      if (high < 0 || low < 0) return false;
      into[at + to] = high * 16 + low;
    }
  }
  return true;
}

/** Ids that one node made rise, so that there is usually nothing to look up. */
export function isAnIdTwice<T>(batch: readonly T[], idOf: (one: T) => string): boolean {
  let last = '';
  for (const one of batch) {
    const id = idOf(one);
    if (id <= last) return new Set(batch.map(idOf)).size < batch.length;
    last = id;
  }
  return false;
}

export function idBytes(id: string): Buffer {
  const bytes = Buffer.allocUnsafe(ID_BYTES);
  writeId(bytes, id, 0);
  return bytes;
}

/** The dashes stay where they are. */
const idText = Buffer.alloc(ID_LENGTH, DASH);

/** Made as one text: put together from pieces it would have to be joined when it is written. */
export function readId(from: Buffer, at: number): string {
  for (const group of GROUPS) {
    for (let byte = group.byte, digit = group.from; byte < group.end; byte++, digit += 2) {
      const value = from[at + byte] as number;
      idText[digit] = HEX_CODES[value >> 4] as number;
      idText[digit + 1] = HEX_CODES[value & 15] as number;
    }
  }
  return idText.toString('latin1');
}

export const TOKEN_BYTES = 7;

/** A token nobody can have (not whole, not positive) is written as 0, which no lease has. */
export function writeToken(into: Buffer, token: number, at: number): void {
  const known = Number.isSafeInteger(token) && token > 0 ? token : 0;
  into.writeUIntBE(Math.floor(known / 2 ** 32), at, 3);
  into.writeUInt32BE(known % 2 ** 32, at + 3);
}

/** What is stored is never above 2^53. */
export function readToken(from: Buffer, at: number): number {
  return from.readUIntBE(at, 3) * 2 ** 32 + from.readUInt32BE(at + 3);
}

const REF_BYTES = ID_BYTES + TOKEN_BYTES;

/** References to leases: an id and a token each. */
export function refsBytes(refs: readonly { readonly id: string; readonly token: number }[]): Buffer {
  const bytes = Buffer.allocUnsafe(refs.length * REF_BYTES);
  for (const [index, { id, token }] of refs.entries()) {
    writeId(bytes, id, index * REF_BYTES);
    writeToken(bytes, token, index * REF_BYTES + ID_BYTES);
  }
  return bytes;
}
