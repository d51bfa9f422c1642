// The embedded store through its port: rates by size of the call and by calls under way.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { measureOnce, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { StoreInput, StoreResult } from '../programs/store.bench.ts';

const SHAPES = [
  { batch: 1, inFlight: 1, tasks: 2000 },
  { batch: 1, inFlight: 64, tasks: 20_000 },
  { batch: 10, inFlight: 1, tasks: 10_000 },
  { batch: 100, inFlight: 1, tasks: 30_000 },
  { batch: 100, inFlight: 4, tasks: 50_000 },
  { batch: 1000, inFlight: 2, tasks: 100_000 },
] as const;
const PHASES = ['submitMs', 'claimMs', 'settleMs'] as const;

export const store: Scenario = {
  name: 'store',
  title: 'The embedded store through its port, on disk with fsync',
  how: ['tasks of about 100 bytes; submit all, claim all, settle all; no engine, no worker'],
  async run({ runs, scratch }) {
    const notes: string[] = [];
    const sides = SHAPES.map((shape) => ({
      name: `${shape.batch} per call, ${shape.inFlight} under way`,
      run: async () => ({ ...(await measure(scratch, shape)), tasks: shape.tasks }),
    }));
    const results = await alternate(runs, sides, (name, error) => notes.push(`${name}: ${String(error)}`));
    const figures = [...results].flatMap(([of, outcomes]) => [
      ...PHASES.map(
        (phase): Figure => ({
          of,
          what: phase.replace('Ms', ''),
          unit: 'tasks/s',
          values: outcomes.map((outcome) => (outcome.tasks / outcome[phase]) * 1000),
        }),
      ),
      {
        of,
        what: 'CPU per task, all three',
        unit: 'us CPU',
        values: outcomes.map(({ cpuSeconds, tasks }) => (cpuSeconds / tasks) * 1e6),
      } satisfies Figure,
    ]);
    return { figures, notes };
  },
};

async function measure(
  scratch: string,
  shape: Omit<StoreInput, 'path'>,
): Promise<StoreResult & { readonly cpuSeconds: number }> {
  const dir = mkdtempSync(join(scratch, 'store-'));
  try {
    const input: StoreInput = { path: join(dir, 'xqueue.db'), ...shape };
    const program = new URL('../programs/store.bench.ts', import.meta.url);
    const { result, cpuSeconds } = await measureOnce<StoreResult>(nodeProgram(program, input));
    return { ...result, cpuSeconds };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
