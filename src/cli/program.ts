// All commands under their names.
import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addAuthNewKey } from './auth-new-key.ts';
import { addCompletion } from './completion.ts';
import { addConcurrency } from './concurrency.ts';
import { addConfigShow } from './config-show.ts';
import { addDoctor } from './doctor.ts';
import { EXIT_MEANINGS } from './exit.ts';
import { addInit } from './init.ts';
import type { Io } from './io.ts';
import { addRebuild } from './rebuild.ts';
import { addStart } from './start.ts';
import { addStats } from './stats.ts';
import { addTaskCancel } from './task-cancel.ts';
import { addTaskGet } from './task-get.ts';
import { addTaskList } from './task-list.ts';
import { addTaskLogs } from './task-logs.ts';
import { addTaskRetry } from './task-retry.ts';
import { addTaskSubmit } from './task-submit.ts';
import { addTaskWatch } from './task-watch.ts';
import { addTop } from './top.ts';

/** Where nobody looks. */
const HELP_WIDTH = 100;

export function buildProgram(io: Io): Command {
  const program = new Command('xqueue')
    .description('A distributed task queue')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      getOutHelpWidth: () => io.terminal?.size()?.columns ?? HELP_WIDTH,
    })
    .addHelpText('after', `\nExit codes:\n${exitCodes()}`);

  for (const name of ['start', 'server', 'worker'] as const) addStart(program, name, io);

  const task = program.command('task').description('Submit, look at and change tasks of a running server');
  for (const add of [addTaskSubmit, addTaskGet, addTaskList, addTaskWatch, addTaskCancel, addTaskRetry, addTaskLogs])
    add(task, io);
  addStats(program, io);
  addTop(program, io);
  addConcurrency(program, io);

  addDoctor(program, io);
  addRebuild(program, io);
  addConfigShow(program.command('config').description('Settings'), io);
  addAuthNewKey(program.command('auth').description('API keys'), io);
  addInit(program, io);
  addCompletion(program, io);
  return program;
}

function exitCodes(): string {
  return Object.entries(EXIT_MEANINGS)
    .map(([code, meaning]) => `  ${code}  ${meaning}`)
    .join('\n');
}
