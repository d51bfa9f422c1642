// Task ids as Redis keeps them: the 16 bytes of the UUID.

export const ID_BYTES = 16;
const ID_LENGTH = 36;
/** Bytes before which a dash stands. */
const DASHED = new Set([4, 6, 8, 10]);
const DASH = '-'.charCodeAt(0);

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
  let from = 0;
  for (let byte = 0; byte < ID_BYTES; byte++) {
    if (DASHED.has(byte) && id.charCodeAt(from++) !== DASH) return false;
    const high = HEX_VALUES[id.charCodeAt(from++)] ?? -1;
    const low = HEX_VALUES[id.charCodeAt(from++)] ?? -1;
    if (high < 0 || low < 0) return false;
    into[at + byte] = high * 16 + low;
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

export function readId(from: Buffer, at: number): string {
  const hex = from.toString('hex', at, at + ID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
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
