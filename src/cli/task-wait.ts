// Waits for a task's end and draws how far it is, where a person looks at standard error.
import { formatDuration } from '../domain/duration.ts';
import { clockOf, type Io } from './io.ts';
import type { Server } from './server-call.ts';
import { printable } from './table.ts';

const WIDTH = 24;

export async function waitForFinal(server: Server, id: string, io: Io): Promise<void> {
  const clock = clockOf(io);
  const start = clock.monotonic();
  try {
    for await (const { status, progress, retry } of server.client.watch(id)) {
      const seconds = Math.floor((clock.monotonic() - start) / 1000);
      io.terminal?.status(progressLine({ status, progress, retry, elapsedMs: seconds * 1000 }));
    }
  } finally {
    io.terminal?.status('');
  }
}

export interface Shown {
  readonly status: string;
  readonly progress: unknown;
  readonly retry: number;
  readonly elapsedMs: number;
}

/** `processing  ██████░░░░░░  50 %  step 2 of 4  3s`; the bar only for progress by the convention of numbers to 100. */
export function progressLine({ status, progress, retry, elapsedMs }: Shown): string {
  const { percent, message } = conventional(progress);
  const parts = [status.padEnd(10)];
  if (percent !== null) {
    const full = Math.round((percent / 100) * WIDTH);
    parts.push(`${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${String(Math.round(percent)).padStart(3)} %`);
  }
  if (message !== null) parts.push(message);
  if (retry > 0) parts.push(`retry ${retry}`);
  parts.push(formatDuration(elapsedMs));
  return printable(parts.join('  '));
}

function conventional(progress: unknown): { readonly percent: number | null; readonly message: string | null } {
  if (progress === null || progress === undefined) return { percent: null, message: null };
  if (typeof progress === 'number') return { percent: within(progress), message: null };
  if (typeof progress !== 'object') return { percent: null, message: JSON.stringify(progress) };
  const { progress: percent, message } = progress as { readonly progress?: unknown; readonly message?: unknown };
  if (typeof percent !== 'number') return { percent: null, message: JSON.stringify(progress) };
  return { percent: within(percent), message: typeof message === 'string' ? message : null };
}

function within(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
