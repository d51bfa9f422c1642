// Tests of a user's own handlers: no server, no waiting.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { implement } from 'xqueue';
import { createTestQueue, runHandler } from 'xqueue/testing';
import { sendMail } from './tasks.ts';

const mailHandler = implement(sendMail, {
  async handle(task, ctx) {
    if (ctx.attempt === 1) throw new Error('The mail server is busy');
    return { messageId: `to ${task.payload.to}` };
  },
});

// #region queue
it('mails a reminder an hour later, although the first attempt fails', async () => {
  await using queue = await createTestQueue({ handlers: [mailHandler], clock: 'manual' });
  const handle = await queue.submit(sendMail, { to: 'ann', subject: 'Reminder' }, { delay: '1h' });

  await queue.advance('59m');
  assert.equal(await handle.status(), 'pending');
  await queue.advance('2m'); // and the retry, some ten seconds after the failure
  assert.deepEqual(await handle.result(), { messageId: 'to ann' });

  const [reminder] = await queue.submitted(sendMail);
  assert.equal(reminder?.payload.subject, 'Reminder');
});
// #endregion

// #region handler
it('answers with the id of the message in its second attempt', async () => {
  const run = await runHandler(mailHandler, { to: 'ann', subject: 'Hi' }, { attempt: 2 });
  assert.equal(run.outcome, 'success');
  assert.deepEqual(run.result, { messageId: 'to ann' });
});
// #endregion
