// Why a task waits.
import { ExplainAnswer } from '../../protocol/schemas/explain.ts';
import { TaskId } from '../../protocol/schemas/fields.ts';
import { ok, refusal } from '../answer.ts';
import { explain } from '../explain.ts';
import { route } from '../route.ts';

export const explainTask = route({
  method: 'GET',
  path: '/api/v1/tasks/{id}/explain',
  scope: 'read',
  tag: 'Tasks',
  summary: 'Why a task waits',
  description: 'What its next step depends on: when it is due, its limits and who holds them, the nodes of its type.',
  pathMembers: { id: TaskId },
  badPath: 'task_not_found',
  answers: {
    200: { description: 'As of now', schema: ExplainAnswer },
    404: { description: 'There is no task with this id' },
  },
  async handle({ path }, { engine, clock }) {
    const task = await engine.get(path.id);
    return task === null ? refusal('task_not_found') : ok(await explain(engine, task, clock.now()));
  },
});
