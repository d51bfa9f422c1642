// Which partition a key belongs to, as every client of Kafka computes it by default: so records of one key stay together
// whoever writes them. The client library has the same in numbers of any length, at fifty times the price.

const SEED = 0x9747b28c;
const FACTOR = 0x5bd1e995;

/** Murmur2 of the key, made positive: to be taken modulo the number of partitions. */
export function partitionHash(key: Buffer): number {
  const { length } = key;
  const whole = length - (length % 4);
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    const mixed = Math.imul(key.readInt32LE(at), FACTOR);
    hash = Math.imul(hash, FACTOR) ^ Math.imul(mixed ^ (mixed >>> 24), FACTOR);
  }
  if (whole < length) hash = Math.imul(hash ^ key.readUIntLE(whole, length - whole), FACTOR);
  hash = Math.imul(hash ^ (hash >>> 13), FACTOR);
  return (hash ^ (hash >>> 15)) & 0x7fffffff;
}
