// Limits by customer, by type, and by rules of your own.
import { byPayload, byType, TaskManager, withConcurrency } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

let running = 0;
let most = 0;
manager.registerHandler({
  type: 'export',
  async handle() {
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running--;
  },
});

// #region submit
const handles = await Promise.all(
  Array.from({ length: 12 }, (_, page) => manager.submitTask('export', { page }, withConcurrency('customer_42', 3))),
);
for (const handle of handles) await handle.result();
console.log(`12 tasks, at most ${most} at once`);
// #endregion

// #region strategies
manager.useConcurrency(
  byType({ export: 10 }), // at most 10 exports at once
  byPayload('user_id', 3), // at most 3 tasks of each user, of whatever type
  (task) => (task.tags.includes('gpu') ? { key: 'gpu', max: 1 } : null), // a rule of your own
);
// #endregion

// #region operator
await manager.setLimit('customer_42', 1); // from now on, whatever tasks ask for; 0 pauses the key
await manager.setLimit('customer_42', null); // what tasks ask for counts again
// #endregion
