// `xqueue task watch <id>`: a line per change until the task ends; on a terminal a line per status, and progress as a bar
// below. A server that goes away meanwhile is waited for.
import type { Command } from 'commander';
import type { Change } from '../client.ts';
import { addExamples } from './examples.ts';
import { clockOf, type Io } from './io.ts';
import { addOutputOption, outputOf } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { printable } from './table.ts';
import { endAs } from './task-output.ts';
import { progressLine } from './task-wait.ts';

export function addTaskWatch(parent: Command, io: Io): void {
  const command = parent
    .command('watch')
    .description('Follow a task until it ends, drawing its progress; the exit code says how it ended')
    .argument('<id>', 'id of the task');
  addExamples(command, 'xqueue task watch $(xqueue task submit example -q)');
  addServerOption(addOutputOption(command)).action(async (id: string) => {
    const { client } = serverOf(command, io);
    const show = outputOf(command) === 'table' ? shower(io) : (change: Change) => io.out(json(id, change));
    let last: Change | undefined;
    try {
      for await (const change of client.watch(id)) {
        show(change, last);
        last = change;
      }
    } finally {
      io.terminal?.status('');
    }
    if (last !== undefined) endAs({ id, status: last.status, error: last.error });
  });
}

function shower(io: Io): (change: Change, last: Change | undefined) => void {
  const clock = clockOf(io);
  const start = clock.monotonic();
  return (change, last) => {
    const bar = io.terminal?.size() === null ? undefined : io.terminal;
    if (bar === undefined || change.status !== last?.status || change.retry !== last.retry) {
      bar?.status('');
      io.out(line(change));
    }
    const elapsedMs = Math.floor((clock.monotonic() - start) / 1000) * 1000;
    bar?.status(progressLine({ ...change, elapsedMs }));
  };
}

function line({ at, status, progress, error }: Change): string {
  const parts = [at.toISOString(), status.padEnd(10)];
  if (progress !== null) parts.push(JSON.stringify(progress));
  if (error !== null) parts.push(error);
  return printable(parts.join('  ').trimEnd());
}

/** In the names of the wire, as in every JSON of the command line. */
function json(id: string, { at, workerId, cancelRequested, ...rest }: Change): string {
  const more = { worker_id: workerId, cancel_requested: cancelRequested };
  return JSON.stringify({ task_id: id, timestamp: at.toISOString(), ...rest, ...more });
}
