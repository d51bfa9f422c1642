// Which test files run, in which order, how many at once and for how long.
import { globSync } from 'node:fs';
import { join } from 'node:path';

export interface PlannedFile {
  readonly file: string;
  readonly deadlineMs: number;
}

export interface Stage {
  readonly name: string;
  /** How many files run at the same time. Two cores: two files, or one where a file fills both cores by itself. */
  readonly together: number;
  readonly needs: 'nothing' | 'servers';
  readonly files: readonly PlannedFile[];
}

/** `fast`: what needs no server and no second process. `all`: everything. */
export type Extent = 'fast' | 'all';

const FAST_FOLDERS = new Set(['unit', 'conformance', 'differential']);
/** The tests of the tests: they run a whole suite again and again, each time with something broken. */
const MUTANTS = /\/mutants\.test\.ts$/;
/** They measure time against real processes and stop some of them, or start a large one: no neighbours. */
const ALONE_FOLDERS = new Set(['faults', 'faults-redis', 'faults-kafka', 'kafka', 'e2e-kafka']);

export function plan(root: string, extent: Extent, filters: readonly string[] = []): Stage[] {
  const wanted = (file: string) => filters.length === 0 || filters.some((filter) => file.includes(filter));
  const all = globSync('test/**/*.test.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .filter(wanted);
  const isFast = (file: string) =>
    (FAST_FOLDERS.has(folderOf(file)) && !MUTANTS.test(file)) || file === 'test/tidy.test.ts';
  const isAlone = (file: string) => ALONE_FOLDERS.has(folderOf(file));
  const stage = (kind: Omit<Stage, 'files'>, deadlineMs: number, takes: (file: string) => boolean): Stage => ({
    ...kind,
    files: all.filter(takes).map((file) => ({ file: join(root, file), deadlineMs })),
  });
  const stages = [stage({ name: 'fast', together: 2, needs: 'nothing' }, 120_000, isFast)];
  if (extent === 'all') {
    stages.push(stage({ name: 'mutants', together: 2, needs: 'nothing' }, 300_000, (file) => MUTANTS.test(file)));
    const rest = (file: string) => !isFast(file) && !MUTANTS.test(file) && !isAlone(file);
    stages.push(stage({ name: 'with servers and processes', together: 2, needs: 'servers' }, 240_000, rest));
    stages.push(stage({ name: 'one at a time', together: 1, needs: 'servers' }, 300_000, isAlone));
  }
  return stages.filter(({ files }) => files.length > 0);
}

/** `test/unit/domain/retry.test.ts` -> `unit` */
function folderOf(file: string): string {
  const [, folder = '', ...rest] = file.split('/');
  return rest.length > 0 ? folder : '';
}
