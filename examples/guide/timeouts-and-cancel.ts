// Handlers that are asked to stop, and tasks that wait too long.
import { HandlerAborted, TaskCanceled, TaskManager, withRetry, withTimeout } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

// #region handler
manager.registerHandler({
  type: 'download',
  async handle(_task, { signal, progress }) {
    await progress('waiting for the first byte');
    try {
      signal.throwIfAborted(); // an abort from before would not be heard below
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason)); // fetch(url, { signal }) does the same
      });
    } catch (error) {
      if (error instanceof HandlerAborted) console.log('asked to stop:', error.reason, error.cancelReason);
      throw error;
    }
  },
});
// #endregion

// #region timeouts
const slow = await manager.submitTask('download', {}, withTimeout({ queue: '10m', process: '50ms' }), withRetry(0));
console.log((await slow.settled()).errorCode);
const unheard = await manager.submitTask('nobody_does_this', {}, withTimeout({ queue: '50ms' }));
console.log((await unheard.settled()).status);
// #endregion

// #region cancel
const handle = await manager.submitTask('download');
for await (const change of handle.watch()) if (change.progress !== null) break; // it runs
console.log(await handle.cancel({ reason: 'withdrawn' }));
await handle.result().catch((error: unknown) => console.log(error instanceof TaskCanceled));
// #endregion
