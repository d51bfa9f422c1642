// What Asynq's Client, ServeMux and Server are here.
import { NonRetryableError, TaskManager } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

// #region server
manager.registerHandler({
  type: 'email:welcome',
  async handle(task) {
    const { userId } = task.payload as { userId?: number };
    if (userId === undefined) throw new NonRetryableError('no user'); // asynq.SkipRetry
    return { welcomed: userId };
  },
});
// #endregion

// #region client
const handle = await manager.submitTask(
  'email:welcome',
  { userId: 42 },
  {
    maxRetry: 10,
    processTimeout: '3m',
    delay: '10ms', // asynq.ProcessIn
    idempotencyKey: 'welcome-42', // asynq.TaskID
  },
);
console.log(await handle.result());
// #endregion
