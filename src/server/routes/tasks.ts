// Reading tasks, and the two things a person does to one: cancel it, try it again.
import { Type } from 'typebox';
import { LIMITS } from '../../domain/limits.ts';
import { parseCancel } from '../../protocol/cancel.ts';
import { msOfSeconds } from '../../protocol/durations.ts';
import { CancelBody } from '../../protocol/schemas/cancel.ts';
import { ConcurrencyKey, GivenInstant, StatusName, Tag, TaskId, TaskType } from '../../protocol/schemas/fields.ts';
import { TaskAnswer, TaskDetailAnswer, TaskPageAnswer } from '../../protocol/schemas/task.ts';
import { taskDetailJson, taskJson } from '../../protocol/task-json.ts';
import { type Answer, invalid, jsonAnswer, refusal } from '../answer.ts';
import { filterOf } from '../list-filter.ts';
import { route } from '../route.ts';

const LIST_LIMIT_DEFAULT = 10;
/** Far beyond any store's size, and exact in every number format between here and there. */
const OFFSET_MAX = 1_000_000_000;

export const listTasks = route({
  method: 'GET',
  path: '/api/v1/tasks',
  scope: 'read',
  tag: 'Tasks',
  summary: 'List tasks',
  queryMembers: {
    status: Type.Optional(StatusName),
    type: Type.Optional(TaskType),
    tag: Type.Optional(Tag),
    concurrency_key: Type.Optional(ConcurrencyKey),
    parent_id: Type.Optional(TaskId),
    created_after: Type.Optional(GivenInstant('Accepted at this instant or later')),
    created_before: Type.Optional(GivenInstant('Accepted before this instant: pages stay put while new tasks arrive')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.listLimitMax, default: LIST_LIMIT_DEFAULT })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: OFFSET_MAX, default: 0 })),
    order: Type.Optional(
      Type.Enum(['desc', 'asc'], { type: 'string', default: 'desc', description: 'By acceptance; desc: newest first' }),
    ),
  },
  answers: { 200: { description: 'One page', schema: TaskPageAnswer } },
  async handle({ query }, { engine }) {
    const limit = query.limit ?? LIST_LIMIT_DEFAULT;
    const offset = (query.offset ?? 0) + 0;
    const { tasks, total } = await engine.list({ ...filterOf(query), limit, offset, order: query.order ?? 'desc' });
    const list = tasks.map(taskJson).join(',');
    return jsonAnswer(
      200,
      `{"tasks":[${list}],"count":${tasks.length},"total":${total},"limit":${limit},"offset":${offset}}`,
    );
  },
});

const byId = { pathMembers: { id: TaskId }, badPath: 'task_not_found', tag: 'Tasks' } as const;

export const getTask = route({
  ...byId,
  method: 'GET',
  path: '/api/v1/tasks/{id}',
  scope: 'read',
  summary: 'Get a task',
  queryMembers: {
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: LIMITS.waitSecondsMax,
        description: 'Answer as soon as the task is final, at the latest after this many seconds',
      }),
    ),
  },
  answers: {
    200: { description: 'The task', schema: TaskDetailAnswer },
    404: { description: 'There is no task with this id' },
  },
  async handle({ path, query, response }, { engine, openCalls }) {
    const waitMs = msOfSeconds(query.wait ?? 0);
    const task =
      waitMs === 0 ? await engine.get(path.id) : await engine.waitForFinal(path.id, waitMs, openCalls.open(response));
    return task === null ? refusal('task_not_found') : jsonAnswer(200, taskDetailJson(task));
  },
});

export const cancelTask = route({
  ...byId,
  method: 'DELETE',
  path: '/api/v1/tasks/{id}',
  scope: 'submit',
  summary: 'Cancel a task',
  body: { schema: CancelBody, presence: 'optional' },
  answers: {
    200: { description: 'The task, canceled now or before', schema: TaskAnswer },
    202: { description: 'The task; it runs, and its handler is being told', schema: TaskAnswer },
    404: { description: 'There is no task with this id' },
    409: { description: 'The task has already ended otherwise' },
  },
  async handle({ path, body }, { engine }): Promise<Answer> {
    const given = parseCancel(body?.value);
    if (!given.ok) return invalid(given.faults);
    const reply = await engine.cancel(path.id, given.value);
    switch (reply.state) {
      case 'canceled':
      case 'already_canceled':
        return jsonAnswer(200, taskJson(reply.task));
      case 'cancel_requested':
        return jsonAnswer(202, taskJson(reply.task));
      case 'already_finished':
        return refusal('already_finished', { detail: `The task has already ended with status ${reply.task.status}` });
      case 'not_found':
        return refusal('task_not_found');
    }
  },
});

export const retryTask = route({
  ...byId,
  method: 'POST',
  path: '/api/v1/tasks/{id}/retry',
  scope: 'operate',
  summary: 'Try a failed, canceled or timed out task again',
  answers: {
    200: { description: 'The task, pending again', schema: TaskAnswer },
    404: { description: 'There is no task with this id' },
    409: { description: 'The task has not ended, or it succeeded' },
  },
  async handle({ path }, { engine }): Promise<Answer> {
    const reply = await engine.revive(path.id);
    switch (reply.state) {
      case 'revived':
        return jsonAnswer(200, taskJson(reply.task));
      case 'not_retryable':
        return refusal('not_retryable', { detail: `The task is ${reply.task.status}` });
      case 'not_found':
        return refusal('task_not_found');
    }
  },
});
