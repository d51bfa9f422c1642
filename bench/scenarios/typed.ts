// What a contract with schemas costs.
import { compareQueues, costRatio, costs, rateRatio, rates } from '../harness/queue-figures.ts';
import { xqueueEmbedded } from '../harness/queue-sides.ts';
import type { Scenario } from '../harness/scenario.ts';

const TASKS = 20_000;
const PAIR = ['typed', 'untyped'] as const;

export const typed: Scenario = {
  name: 'typed',
  title: 'Typed tasks: input and result checked by schemas',
  how: [
    `${TASKS} no-op tasks of about 100 bytes, 1000 per call, embedded; submitMany and implement against submitTasks and a plain handler`,
    'The input is checked when it is submitted and again before it runs, the result after it',
  ],
  async run({ runs, scratch }) {
    const side = xqueueEmbedded(scratch);
    const named = (name: string, contract?: 'with schemas') => ({
      name,
      measure: (task: Parameters<typeof side.measure>[0]) =>
        side.measure(contract === undefined ? task : { ...task, contract }),
    });
    const sides = [named('typed', 'with schemas'), named('untyped')];
    const { outcomes, notes } = await compareQueues(runs, sides, { measure: 'life', tasks: TASKS });
    return {
      figures: [
        ...rates(outcomes, 'submitMs', 'submit'),
        ...rates(outcomes, 'processMs', 'process'),
        ...costs(outcomes, 'submit then process'),
        ...rateRatio(outcomes, PAIR, ['submitMs', 'submit'], { atLeast: 0.9 }),
        ...rateRatio(outcomes, PAIR, ['processMs', 'process'], { atLeast: 0.9 }),
        ...costRatio(outcomes, PAIR, 'submit then process'),
      ],
      notes,
    };
  },
};
