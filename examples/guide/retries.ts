// What happens to an attempt that fails.
import { NonRetryableError, RetryAfterError, TaskManager, withRetry } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

// #region errors
manager.registerHandler({
  type: 'charge',
  async handle(task) {
    const { card } = task.payload as { card: string };
    if (card === 'stolen') throw new NonRetryableError('The card is stolen'); // failed, whatever retries are left
    if (task.retry === 0) throw new RetryAfterError('The bank is busy', 0.05); // tried again after 50 ms
    if (task.retry === 1) throw new Error('The line was cut'); // tried again as the strategy says
    return `charged in attempt ${task.retry + 1}`;
  },
});
// #endregion

// #region submit
const handle = await manager.submitTask(
  'charge',
  { card: 'good' },
  withRetry(5, { type: 'exponential', delay: '20ms', factor: 2, maxDelay: '1h', jitter: 0.1 }),
);
console.log(await handle.result());
// #endregion

const stolen = await (await manager.submitTask('charge', { card: 'stolen' })).settled();
console.log(stolen.status, stolen.errorCode, stolen.attempts.length);
