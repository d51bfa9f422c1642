// The time as the pages show it, ticking once a second; every relative time moves with the same tick.
import { Cell, useCell } from './cell.ts';

const now = new Cell(Date.now());
setInterval(() => {
  if (!document.hidden) now.set(Date.now());
}, 1000);

export function useNow(): number {
  return useCell(now);
}
