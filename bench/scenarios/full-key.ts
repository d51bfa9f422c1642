// A free task behind a full key: what waits there must not delay it.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { measureOnce, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import { type Figure, ratio, type Scenario } from '../harness/scenario.ts';
import { percentile } from '../harness/statistics.ts';
import type { FullKeyInput, FullKeyResult } from '../programs/full-key.bench.ts';

const BLOCKED = 100_000;
const PROBES = 300;
const [BEHIND, EMPTY] = [`behind ${BLOCKED}`, 'empty queue'] as const;

export const fullKey: Scenario = {
  name: 'full-key',
  title: 'One free task behind a full key',
  how: [
    `${BLOCKED} tasks wait for a key that one running task holds; ${PROBES} free tasks, one after the other: submit to start`,
  ],
  async run({ runs, scratch }) {
    const notes: string[] = [];
    const side = (name: string, blocked: number) => ({ name, run: () => probe(scratch, blocked) });
    const results = await alternate(runs, [side(BEHIND, BLOCKED), side(EMPTY, 0)], (name, error) =>
      notes.push(`${name}: ${String(error)}`),
    );
    const of = (name: string, pick: (ms: readonly number[]) => number): number[] =>
      (results.get(name) ?? []).map(({ latenciesMs }) => pick(latenciesMs));
    const p50 = (ms: readonly number[]): number => percentile(ms, 0.5);
    const figures: Figure[] = [...results.keys()].flatMap((name): Figure[] => [
      { of: name, what: 'p50', unit: 'ms', values: of(name, p50) },
      { of: name, what: 'p99', unit: 'ms', values: of(name, (ms) => percentile(ms, 0.99)) },
      { of: name, what: 'longest', unit: 'ms', values: of(name, (ms) => Math.max(...ms)), target: { atMost: 50 } },
    ]);
    return { figures: [...figures, ratio('behind : empty', 'p50', [of(BEHIND, p50), of(EMPTY, p50)])], notes };
  },
};

async function probe(scratch: string, blocked: number): Promise<FullKeyResult> {
  const dir = mkdtempSync(join(scratch, 'full-key-'));
  try {
    const input: FullKeyInput = { path: join(dir, 'xqueue.db'), blocked, probes: PROBES };
    const program = new URL('../programs/full-key.bench.ts', import.meta.url);
    return (await measureOnce<FullKeyResult>(nodeProgram(program, input))).result;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
