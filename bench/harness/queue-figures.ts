// Figures of one queue measurement, and the ratio of two queues.

import type { Outcome, QueueSide, Task } from './queue-sides.ts';
import { alternate } from './rounds.ts';
import { type Figure, ratio, type Target } from './scenario.ts';

export type Outcomes = ReadonlyMap<string, readonly Outcome[]>;

export interface Comparison {
  readonly outcomes: Outcomes;
  readonly notes: readonly string[];
}

export async function compareQueues(runs: number, sides: readonly QueueSide[], task: Task): Promise<Comparison> {
  const notes: string[] = [];
  const outcomes = await alternate(
    runs,
    sides.map((side) => ({ name: side.name, run: () => side.measure(task) })),
    (name, error) => notes.push(`${name}, ${task.measure}: ${inOneLine(error)}`),
  );
  return { outcomes, notes };
}

type Phase = 'submitMs' | 'processMs' | 'totalMs';

/** Tasks per second of each side that has the phase. */
export function rates(outcomes: Outcomes, phase: Phase, what: string): Figure[] {
  return [...outcomes].map(([of, runs]) => ({ of, what, unit: 'tasks/s', values: ratesOf(runs, phase) }));
}

export function rateRatio(
  outcomes: Outcomes,
  [one, other]: readonly [string, string],
  [phase, what]: readonly [Phase, string],
  target?: Target,
): Figure[] {
  const [above, below] = [outcomes.get(one), outcomes.get(other)];
  if (above === undefined || below === undefined) return [];
  return [ratio(`${one} : ${other}`, what, [ratesOf(above, phase), ratesOf(below, phase)], target)];
}

/** CPU time per task, program and server together: hardly depends on what else the machine does. */
export function costs(outcomes: Outcomes, what: string): Figure[] {
  return [...outcomes].flatMap(([of, runs]): Figure[] => [
    { of, what: `CPU per task, ${what}`, unit: 'us CPU', values: runs.map(cpuMicros) },
    ...memory(of, runs, what),
  ]);
}

function memory(of: string, runs: readonly Outcome[], what: string): Figure[] {
  const values = runs.flatMap(({ peakMb }) => (peakMb === null ? [] : [peakMb]));
  return values.length === 0 ? [] : [{ of, what: `peak memory, ${what}`, unit: 'MB', values }];
}

export function costRatio(outcomes: Outcomes, [one, other]: readonly [string, string], what: string): Figure[] {
  const [above, below] = [outcomes.get(one), outcomes.get(other)];
  if (above === undefined || below === undefined) return [];
  return [ratio(`${one} : ${other}`, `CPU per task, ${what}`, [above.map(cpuMicros), below.map(cpuMicros)])];
}

export function latencyFigures(outcomes: Outcomes, quantiles: LatencyTargets): Figure[] {
  return [...outcomes].flatMap(([of, runs]) =>
    quantiles.map(([what, pick, targets]): Figure => {
      const target = targets?.[of];
      const values = runs.map(({ latenciesMs = [] }) => pick(latenciesMs));
      return { of, what, unit: 'ms', values, ...(target === undefined ? {} : { target }) };
    }),
  );
}

type LatencyTargets = readonly (readonly [
  what: string,
  pick: (latenciesMs: readonly number[]) => number,
  targets?: Readonly<Record<string, Target>>,
])[];

function ratesOf(runs: readonly Outcome[], phase: Phase): number[] {
  return runs.map((run) => (run.tasks / (run[phase] ?? Number.NaN)) * 1000);
}

function cpuMicros({ cpuSeconds, tasks }: Outcome): number {
  return (cpuSeconds / tasks) * 1e6;
}

/** What went wrong in one line: of a program's stack trace the line that says it. */
function inOneLine(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error).split('\n');
  return (lines.find((line) => /^\s*(\w*Error\b|throw )/.test(line)) ?? lines[0] ?? '').trim().slice(0, 300);
}
