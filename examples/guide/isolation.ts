// A handler that never ends is ended, and takes nothing with it.
import { TaskManager, withRetry, withTimeout } from 'xqueue';

await using manager = await TaskManager.start({
  embedded: { path: ':memory:' },
  handlers: [new URL('isolated-handlers.ts', import.meta.url).pathname],
});
const handle = await manager.submitTask('compute', {}, withTimeout('500ms'), withRetry(0));
console.log((await handle.settled()).errorCode);
