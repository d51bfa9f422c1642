// Task ids as Redis keeps them: the 16 bytes of the UUID.

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const ID_BYTES = 16;

export function isId(id: string): boolean {
  return CANONICAL.test(id);
}

/** Writes the id's 16 bytes. What is no id is written as zeros, which no task has: it is found nowhere. */
export function writeId(into: Buffer, id: string, at: number): void {
  if (isId(id)) into.write(id.replaceAll('-', ''), at, ID_BYTES, 'hex');
  else into.fill(0, at, at + ID_BYTES);
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
