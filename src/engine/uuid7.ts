// Task ids: UUIDv7 (RFC 9562), strictly rising within a process so that ids made in one millisecond keep their order.
// 48 bits of time, a 26-bit counter, 48 bits that name the process. No system call per id.
import type { Clock } from '../ports/clock.ts';

const HEX3 = Array.from({ length: 0x1000 }, (_, n) => n.toString(16).padStart(3, '0'));
/** Two bits that every such id has there, and two of the counter. */
const VARIANT = '89ab';
const COUNTER_END = 2 ** 26;

/** Returns a maker of ids. `nodeId` is mixed in so that two nodes with the same source of chance still differ. */
export function createUuid7(clock: Clock, nodeId: string): () => string {
  const process = hex24(clock.random() * 2 ** 24, nodeId) + hex24(clock.random() * 2 ** 24, `${nodeId}/`);
  let ms = -1;
  let counter = 0;
  let time = '';
  const startOf = (next: number): void => {
    ms = next;
    // A random start in the lower half leaves room to count and keeps ids of one instant from being guessed at sight.
    counter = Math.floor((clock.random() * COUNTER_END) / 2);
    const hex = ms.toString(16).padStart(12, '0');
    time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  };
  return () => {
    const now = clock.now();
    // A clock that was set back must not make ids that sort before those already given out.
    if (now > ms) startOf(now);
    else if (++counter === COUNTER_END) startOf(ms + 1);
    return `${time}${HEX3[counter >>> 14]}-${VARIANT[(counter >>> 12) & 3]}${HEX3[counter & 0xfff]}-${process}`;
  };
}

/** 24 bits of chance, changed by the text (FNV-1a), as six hex digits. */
function hex24(chance: number, text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return ((hash ^ Math.floor(chance)) & 0xffffff).toString(16).padStart(6, '0');
}
