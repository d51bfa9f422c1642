// XQueue on Redis beside the queues people use today, each as its own documentation runs it fastest.
import { compareQueues, costs, type Outcomes, rateRatio, rates } from '../harness/queue-figures.ts';
import {
  asynq,
  buildAsynq,
  bullMq,
  graphileWorker,
  pgBoss,
  type QueueSide,
  type Task,
  xqueueEmbedded,
  xqueueOnRedis,
} from '../harness/queue-sides.ts';
import type { Context, Figure, Scenario } from '../harness/scenario.ts';
import { type Postgres, startPostgres } from '../servers/postgres.ts';

const TASKS = 100_000;
/** One at a time over the network with an fsync each takes PostgreSQL seconds for thousands. For the others it is mostly warm-up: `redis` has the target. */
const SINGLES = 20_000;
const REDIS = ['XQueue on Redis', 'BullMQ'] as const;
const FASTEST = ['XQueue on Redis', 'Graphile Worker'] as const;

export const peers: Scenario = {
  name: 'peers',
  title: 'Beside other queues',
  how: [
    `${TASKS} tasks of about 100 bytes, 1000 per call, 4 calls under way, 100 handlers at once; single submits: ${SINGLES}, 64 under way`,
    'XQueue on Redis, BullMQ, Asynq: local Redis, append-only file, fsync every second. Asynq has no bulk submit: 64 clients',
    'Graphile Worker (24 at once, local queue of 500, completions batched), pg-boss (2 workers, batches of 500, LISTEN/NOTIFY):',
    'PostgreSQL with fsync at each commit. Graphile Worker deletes what succeeded; all others keep it',
  ],
  async run(context) {
    const notes: string[] = [];
    const postgres = await startPostgres();
    try {
      const sides = sidesOf(context, postgres, notes);
      const figures = await figuresOf(context.runs, sides, notes);
      return { figures, notes };
    } finally {
      await postgres.stop();
    }
  },
};

function sidesOf({ scratch, say }: Context, postgres: Postgres, notes: string[]): QueueSide[] {
  const sides = [xqueueOnRedis(), xqueueEmbedded(scratch), bullMq(), graphileWorker(postgres), pgBoss(postgres)];
  say('building bench/asynq');
  try {
    sides.push(asynq(buildAsynq(scratch)));
  } catch (error) {
    notes.push(`Asynq is left out: ${String(error).split('\n')[0]}`);
  }
  return sides;
}

async function figuresOf(runs: number, all: readonly QueueSide[], notes: string[]): Promise<Figure[]> {
  let sides = all;
  const compare = async (measure: Task['measure'], tasks: number): Promise<Outcomes> => {
    const comparison = await compareQueues(runs, sides, { measure, tasks });
    notes.push(...comparison.notes);
    // What failed once would fail again.
    sides = sides.filter(({ name }) => comparison.outcomes.has(name));
    return comparison.outcomes;
  };
  const apart = await compare('life', TASKS);
  const together = await compare('together', TASKS);
  const singles = await compare('singles', SINGLES);
  const filled = await compare('fill', TASKS);
  const bytes = [...filled].flatMap(([of, outcomes]): Figure[] => {
    const values = outcomes.flatMap(({ serverBytes, tasks }) =>
      serverBytes === undefined ? [] : [serverBytes / tasks],
    );
    const target = of === REDIS[0] ? { target: { atMost: 550 } } : {};
    return values.length === 0 ? [] : [{ of, what: 'memory of a waiting task', unit: 'bytes', values, ...target }];
  });
  return [
    ...rates(apart, 'submitMs', 'bulk submit'),
    ...rates(apart, 'processMs', 'process'),
    ...rates(together, 'totalMs', 'together'),
    ...rates(singles, 'submitMs', 'single submits'),
    ...costs(apart, 'submit then process'),
    ...bytes,
    ...rateRatio(apart, REDIS, ['submitMs', 'bulk submit'], { atLeast: 5 }),
    ...rateRatio(apart, REDIS, ['processMs', 'process'], { atLeast: 4 }),
    ...rateRatio(singles, REDIS, ['submitMs', 'single submits']),
    ...rateRatio(apart, FASTEST, ['submitMs', 'bulk submit'], { atLeast: 2 }),
    ...rateRatio(apart, FASTEST, ['processMs', 'process'], { atLeast: 2 }),
  ];
}
