// A server and, over HTTP, a client that submits and follows. The client runs in browsers as well.
import { implement, TaskManager } from 'xqueue';
import { XQueueClient } from 'xqueue/client';
import { sendMail } from './tasks.ts';

await using manager = await TaskManager.start({
  embedded: { path: ':memory:' },
  server: { port: 0 },
  mqtt: { listen: '' },
});
manager.registerHandler(
  implement(sendMail, {
    async handle(_task, ctx) {
      await ctx.progress({ progress: 50, message: 'half way' });
      return { messageId: 'm-1' };
    },
  }),
);
const url = manager.url ?? '';

// #region watch
const client = new XQueueClient({ url }); // and apiKey, when the server has auth.keys
const handle = await client.submit(sendMail, { to: 'ann@example.org', subject: 'Hello' });
for await (const change of handle.watch()) {
  if (change.status === 'success') console.log('done'); // the loop ends by itself after the final state
}
// #endregion

// #region client
console.log((await handle.result()).messageId);
for await (const task of client.listAll({ type: 'send_mail' })) console.log(task.status);
// #endregion
