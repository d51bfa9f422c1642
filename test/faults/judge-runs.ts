// What handlers say they did, against what the store says: nothing ran that was not claimed, nothing twice for one
// claim, everything that succeeded really ran to its end, and limits held for what really ran (S2).
import type { TaskWithAttempts } from '../../src/domain/task.ts';
import type { HistoryRules } from './history.ts';
import type { Run } from './runs.ts';

/** Of many processes: this one died, or stood still for longer than its leases, when so many runs had been noted. */
export interface Gone {
  readonly pid: number;
  readonly runs: number;
}

export interface RunRules extends HistoryRules {
  readonly gone?: readonly Gone[];
}

export function judgeRuns(runs: readonly Run[], tasks: readonly TaskWithAttempts[], rules: RunRules = {}): string[] {
  const findings: string[] = [];
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const started = new Set<string>();
  const ended = new Set<string>();
  for (const { what, taskId, attempt } of runs) {
    const task = byId.get(taskId);
    const name = `${taskId} attempt ${attempt}`;
    if (task === undefined) findings.push(`C1: a handler ran ${taskId}, which is not kept`);
    else if (attempt > task.attempt) findings.push(`I8: ${name} ran, the store knows ${task.attempt}`);
    const seen = what === 'start' ? started : ended;
    if (seen.has(name)) findings.push(`I7: ${name} has two of ${what}`);
    if (what === 'end' && !started.has(name)) findings.push(`I8: ${name} ended and had not started`);
    seen.add(name);
  }
  for (const task of tasks) findings.push(...judgeSuccess(task, started, ended));
  return [...findings, ...judgeLimits(runs, byId, rules)];
}

/** The promise: who succeeded was started, and its last attempt ended. */
function judgeSuccess(
  { id, status, attempt }: TaskWithAttempts,
  started: ReadonlySet<string>,
  ended: ReadonlySet<string>,
): string[] {
  const name = `${id} attempt ${attempt}`;
  if (status !== 'success') return [];
  if (!started.has(name)) return [`I3: ${name} is a success and never started`];
  return ended.has(name) ? [] : [`I3: ${name} is a success and never ended`];
}

function judgeLimits(
  runs: readonly Run[],
  byId: ReadonlyMap<string, TaskWithAttempts>,
  { operatorLimits = {}, nodes = 'one', gone = [] }: RunRules,
): string[] {
  const findings: string[] = [];
  /** By key: the process of each running attempt. */
  const running = new Map<string, Map<string, number>>();
  const forget = (isGone: (pid: number) => boolean): void => {
    for (const ofKey of running.values()) for (const [name, pid] of ofKey) if (isGone(pid)) ofKey.delete(name);
  };
  for (const [index, run] of runs.entries()) {
    // Whatever a process ran has died with it. Where there is one at a time, another one means that it is dead.
    if (nodes === 'one') forget((pid) => pid !== run.pid);
    for (const { pid, runs: at } of gone) if (at === index) forget((other) => other === pid);
    for (const { key, max } of byId.get(run.taskId)?.limits ?? []) {
      const ofKey = running.get(key) ?? new Map<string, number>();
      running.set(key, ofKey);
      const name = `${run.taskId} attempt ${run.attempt}`;
      if (run.what === 'end') {
        ofKey.delete(name);
        continue;
      }
      ofKey.set(name, run.pid);
      const limit = operatorLimits[key] ?? max;
      if (ofKey.size > limit) findings.push(`S2: ${ofKey.size} handlers of ${key} ran at once, limit ${limit}`);
    }
  }
  return findings;
}
