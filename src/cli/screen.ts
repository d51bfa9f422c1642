// What is shown again and again: in place on a terminal, one after the other everywhere else.
import type { Io } from './io.ts';

const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Overwrites what stands there instead of clearing first, which would flicker. */
export function draw(io: Io, text: string): void {
  const size = io.terminal?.size() ?? null;
  if (size === null) return io.out(text);
  const lines = text.split('\n').slice(0, Math.max(1, size.rows - 1));
  const fitting = lines.map((line) => `${line.slice(0, size.columns)}${CLEAR_LINE}`);
  io.terminal?.draw(`${HOME}${fitting.join('\n')}\n${CLEAR_BELOW}`);
}
