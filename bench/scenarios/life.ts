// The whole life of a task, embedded and on disk, against BullMQ on a local Redis.
import { compareQueues, costRatio, costs, rateRatio, rates } from '../harness/queue-figures.ts';
import { bullMq, xqueueEmbedded } from '../harness/queue-sides.ts';
import type { Scenario } from '../harness/scenario.ts';

/** Some seconds of work: a shorter run would measure the warming up of both. */
const TASKS = 100_000;
const PAIR = ['XQueue', 'BullMQ'] as const;

export const life: Scenario = {
  name: 'life',
  title: 'Whole life of a task: bulk submit and a no-op handler',
  how: [
    `${TASKS} tasks of about 100 bytes, 1000 per call, 4 calls under way, 100 handlers at once, finished tasks kept`,
    'XQueue: embedded, SQLite with fsync before each answer. BullMQ: local Redis, append-only file, fsync every second',
    'submit then process: one after the other, rates apart; together: tasks run while others are being submitted',
  ],
  async run({ runs, scratch }) {
    const sides = [xqueueEmbedded(scratch), bullMq()];
    const apart = await compareQueues(runs, sides, { measure: 'life', tasks: TASKS });
    const together = await compareQueues(runs, sides, { measure: 'together', tasks: TASKS });
    const singles = await compareQueues(runs, sides, { measure: 'singles', tasks: TASKS });
    return {
      figures: [
        ...rates(apart.outcomes, 'submitMs', 'submit'),
        ...rates(apart.outcomes, 'processMs', 'process'),
        ...rates(apart.outcomes, 'totalMs', 'submit then process'),
        ...rates(together.outcomes, 'totalMs', 'together'),
        ...rates(singles.outcomes, 'submitMs', 'single submits, 64 under way'),
        ...costs(apart.outcomes, 'submit then process'),
        ...rateRatio(apart.outcomes, PAIR, ['submitMs', 'submit']),
        ...rateRatio(apart.outcomes, PAIR, ['processMs', 'process']),
        ...rateRatio(apart.outcomes, PAIR, ['totalMs', 'submit then process'], { atLeast: 2 }),
        ...rateRatio(together.outcomes, PAIR, ['totalMs', 'together'], { atLeast: 2 }),
        ...rateRatio(singles.outcomes, PAIR, ['submitMs', 'single submits, 64 under way']),
        ...costRatio(apart.outcomes, PAIR, 'submit then process'),
      ],
      notes: [...apart.notes, ...together.notes, ...singles.notes],
    };
  },
};
