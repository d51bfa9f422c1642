// A contract whose values are checked, here by zod; valibot, arktype and others that speak Standard Schema do as well.
import { defineTask, implement, TaskManager, XQueueError } from 'xqueue';
import { z } from 'zod';

// #region contract
const resize = defineTask({
  type: 'resize',
  input: z.object({ file: z.string().min(1), width: z.int().max(4000).default(800) }),
  output: z.object({ savedAt: z.iso.datetime().transform((text) => new Date(text)) }),
});
// #endregion

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

// #region use
manager.registerHandler(
  implement(resize, {
    handle({ payload }) {
      console.log(payload.width); // 800: the default of the schema
      return { savedAt: '2027-01-01T00:00:00Z' };
    },
  }),
);
const handle = await manager.submit(resize, { file: 'cat.jpg' }); // `width` may be left out
const { savedAt } = await handle.result();
console.log(savedAt.getUTCFullYear()); // a Date, as the schema makes it

try {
  await manager.submit(resize, { file: '', width: 5000 });
} catch (error) {
  if (error instanceof XQueueError) console.log(error.code, error.faults.map(({ path }) => path).join(', '));
}
// #endregion
