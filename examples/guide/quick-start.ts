// A queue inside one program: nothing to install, nothing to configure.
import { TaskManager, withConcurrency, withPriority } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } }); // or a file; default ./data/xqueue.db

manager.registerHandler({
  type: 'resize',
  async handle(task, ctx) {
    await ctx.progress({ progress: 50, message: 'half way' });
    return { resized: task.payload };
  },
});

const handle = await manager.submitTask(
  'resize',
  { file: 'cat.jpg' },
  withConcurrency('customer_42', 3), // at most 3 of this customer at once, in the whole cluster
  withPriority(5),
);
console.log(await handle.result());
