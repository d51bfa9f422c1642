// What a concurrency limit costs that never limits anybody.
import { compareQueues, rates } from '../harness/queue-figures.ts';
import { type QueueSide, xqueueEmbedded, xqueueOnRedis } from '../harness/queue-sides.ts';
import { type Figure, ratio, type Scenario } from '../harness/scenario.ts';

const TASKS = 200_000;

export const keyLimit: Scenario = {
  name: 'key-limit',
  title: 'A concurrency key whose limit is the capacity',
  how: [
    `${TASKS} no-op tasks that all name one key with a limit of 100, on a node with 100 slots; against none`,
    'on the embedded store and on a local Redis (append-only file, fsync every second)',
  ],
  async run({ runs, scratch }) {
    const figures: Figure[] = [];
    const notes: string[] = [];
    for (const side of [xqueueEmbedded(scratch), xqueueOnRedis()]) {
      const compared = await withAndWithout(side, runs);
      figures.push(...compared.figures);
      notes.push(...compared.notes);
    }
    return { figures, notes };
  },
};

async function withAndWithout(side: QueueSide, runs: number): Promise<{ figures: Figure[]; notes: readonly string[] }> {
  const sides: QueueSide[] = [
    { name: `${side.name}, with a key`, measure: (task) => side.measure({ ...task, key: 'one key for all' }) },
    { name: `${side.name}, without`, measure: (task) => side.measure(task) },
  ];
  const { outcomes, notes } = await compareQueues(runs, sides, { measure: 'life', tasks: TASKS });
  const processed = rates(outcomes, 'processMs', 'process');
  const [withKey, without] = processed;
  const figures = [...rates(outcomes, 'submitMs', 'submit'), ...processed];
  if (withKey && without) {
    figures.push(ratio(`${side.name}, with : without`, 'process', [withKey.values, without.values], { atLeast: 0.9 }));
  }
  return { figures, notes };
}
