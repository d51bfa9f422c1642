// From the call that submits a task to the first line of its handler, on a system that does nothing else.
import { compareQueues, latencyFigures } from '../harness/queue-figures.ts';
import { bullMq, xqueueEmbedded } from '../harness/queue-sides.ts';
import type { Scenario } from '../harness/scenario.ts';
import { percentile } from '../harness/statistics.ts';

const TASKS = 500;

export const latency: Scenario = {
  name: 'latency',
  title: 'Submit to start of the handler, idle system',
  how: [
    `${TASKS} tasks one after the other, each after a pause of 8 ms; in process for XQueue, through Redis for BullMQ`,
  ],
  async run({ runs, scratch }) {
    const sides = [xqueueEmbedded(scratch), bullMq()];
    const { outcomes, notes } = await compareQueues(runs, sides, { measure: 'latency', tasks: TASKS });
    const figures = latencyFigures(outcomes, [
      ['p50', (ms) => percentile(ms, 0.5), { XQueue: { atMost: 3 } }],
      ['p99', (ms) => percentile(ms, 0.99), { XQueue: { atMost: 15 } }],
    ]);
    return { figures, notes };
  },
};
