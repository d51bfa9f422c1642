// What Celery's tasks, delay and AsyncResult are here.
import { defineTask, implement, TaskManager, typed } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

// #region task
const add = defineTask({
  type: 'add',
  input: typed<{ x: number; y: number }>(),
  output: typed<number>(),
  retry: { max: 3, type: 'fixed', delay: '3m' },
});
manager.registerHandler(implement(add, { handle: ({ payload: { x, y } }) => x + y }));
// #endregion

// #region call
const result = await manager.submit(add, { x: 4, y: 4 }, { delay: '10ms' });
console.log(await result.result({ timeout: '10s' }));
// #endregion
