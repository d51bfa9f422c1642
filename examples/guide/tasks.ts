// Contracts: what can be submitted, and what comes back. This file may be imported anywhere, also by a browser.
import { defineTask, typed } from 'xqueue/client';

// #region contract
export const sendMail = defineTask({
  type: 'send_mail',
  input: typed<{ to: string; subject: string }>(), // or a schema of zod, valibot, arktype ...
  output: typed<{ messageId: string }>(),
  progress: typed<{ progress: number; message: string }>(),
  retry: { max: 5, type: 'exponential', delay: '10s', maxDelay: '1h' },
  timeouts: { queue: '1d', process: '30s' },
  concurrency: { max: 2, key: ({ to }) => `mailbox:${to}` },
});
// #endregion
