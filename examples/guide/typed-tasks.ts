// One contract, used by the side that works and by the side that asks.
import { implement, type Middleware, TaskFailed, TaskManager } from 'xqueue';
import { sendMail } from './tasks.ts';

// #region handler
const mailHandler = implement(sendMail, {
  async handle(task, ctx) {
    await ctx.progress({ progress: 50, message: `writing to ${task.payload.to}` }); // checked by the compiler
    return { messageId: `${ctx.idempotencyKey.length} characters, the same on every attempt` };
  },
});
// #endregion

// #region middleware
const timed: Middleware = async (ctx, next) => {
  ctx.log.debug('begins', { attempt: ctx.attempt });
  return next(); // what it returns is the result, what it throws is how the attempt failed
};
// #endregion

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });
manager.use(timed).registerHandler(mailHandler);

// #region submit
const handle = await manager.submit(sendMail, { to: 'ann@example.org', subject: 'Hello' });
try {
  const { messageId } = await handle.result({ timeout: '10s' }); // typed by the contract
  console.log(messageId);
} catch (error) {
  if (error instanceof TaskFailed) console.error(error.code, error.retryable, error.task.attempts);
  else throw error;
}
// #endregion
