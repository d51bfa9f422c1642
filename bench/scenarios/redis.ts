// XQueue on Redis beside BullMQ on a Redis of the same kind, round by round in turn; and what a cluster of XQueue costs
// while nothing happens, and how quick it is from one node to another.
import { compareQueues, costRatio, costs, rateRatio, rates } from '../harness/queue-figures.ts';
import { bullMq, xqueueOnRedis } from '../harness/queue-sides.ts';
import type { Scenario } from '../harness/scenario.ts';

const TASKS = 100_000;
const PAIR = ['XQueue on Redis', 'BullMQ'] as const;

export const redis: Scenario = {
  name: 'redis',
  title: 'On Redis, beside BullMQ',
  how: [
    `${TASKS} tasks of about 100 bytes, 1000 per call, 4 calls under way, 100 handlers at once, finished tasks kept`,
    'each measurement on a fresh local Redis: append-only file, fsync every second, never rewritten; single submits: 64 under way',
  ],
  async run({ runs }) {
    const sides = [xqueueOnRedis(), bullMq()];
    const apart = await compareQueues(runs, sides, { measure: 'life', tasks: TASKS });
    const together = await compareQueues(runs, sides, { measure: 'together', tasks: TASKS });
    const singles = await compareQueues(runs, sides, { measure: 'singles', tasks: TASKS });
    return {
      figures: [
        ...rates(apart.outcomes, 'submitMs', 'bulk submit'),
        ...rates(apart.outcomes, 'processMs', 'process'),
        ...rates(apart.outcomes, 'totalMs', 'submit then process'),
        ...rates(together.outcomes, 'totalMs', 'together'),
        ...rates(singles.outcomes, 'submitMs', 'single submits'),
        ...costs(apart.outcomes, 'submit then process'),
        ...rateRatio(apart.outcomes, PAIR, ['submitMs', 'bulk submit'], { atLeast: 5 }),
        ...rateRatio(apart.outcomes, PAIR, ['processMs', 'process'], { atLeast: 4 }),
        ...rateRatio(apart.outcomes, PAIR, ['totalMs', 'submit then process'], { atLeast: 2 }),
        ...rateRatio(together.outcomes, PAIR, ['totalMs', 'together'], { atLeast: 2 }),
        ...rateRatio(singles.outcomes, PAIR, ['submitMs', 'single submits'], { atLeast: 2 }),
        ...costRatio(apart.outcomes, PAIR, 'submit then process'),
      ],
      notes: [...apart.notes, ...together.notes, ...singles.notes],
    };
  },
};
