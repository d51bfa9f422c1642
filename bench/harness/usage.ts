// What a process and its children have used so far, read from /proc: programs in any language and servers alike.
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time of the process, all its threads and all its children, living and ended. */
  readonly cpuSeconds: number;
  /** Largest resident size so far, summed over the processes that live now. */
  readonly peakMb: number;
  /** Resident size now, summed likewise. */
  readonly residentMb: number;
}

/** Linux counts CPU time in ticks; a hundred to the second on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

export function usageOf(pid: number): Usage {
  const all = processes();
  const total = { cpuSeconds: 0, peakMb: 0, residentMb: 0 };
  const visit = (id: number): void => {
    const found = all.get(id);
    if (found === undefined) return;
    total.cpuSeconds += found.ticks / TICKS_PER_SECOND;
    const { peakMb, residentMb } = memoryOf(id);
    total.peakMb += peakMb;
    total.residentMb += residentMb;
    for (const [child, { parent }] of all) if (parent === id) visit(child);
  };
  visit(pid);
  return total;
}

export function cpuBetween(before: Usage, after: Usage): number {
  return after.cpuSeconds - before.cpuSeconds;
}

interface ProcessStat {
  readonly parent: number;
  readonly ticks: number;
}

function processes(): Map<number, ProcessStat> {
  const all = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const text = textOf(`/proc/${entry}/stat`);
    // The name stands in parentheses and may contain anything, so what follows is counted from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [parent, ...ticks] = [fields[1], fields[11], fields[12], fields[13], fields[14]].map(Number);
    if (parent !== undefined && fields.length > 14) {
      all.set(Number(entry), { parent, ticks: ticks.reduce((sum, value) => sum + value, 0) });
    }
  }
  return all;
}

function memoryOf(pid: number): { peakMb: number; residentMb: number } {
  const text = textOf(`/proc/${pid}/status`);
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { peakMb: read('VmHWM'), residentMb: read('VmRSS') };
}

/** A process may end while the list is read; what is gone counts nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
