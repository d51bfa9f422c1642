// What the handler of a task said while it ran.
import { Type } from 'typebox';
import { TaskId } from '../../protocol/schemas/fields.ts';
import { LogsAnswer } from '../../protocol/schemas/logs.ts';
import { formatTimestamp } from '../../protocol/timestamps.ts';
import { jsonAnswer, refusal } from '../answer.ts';
import { route } from '../route.ts';

export const getLogs = route({
  method: 'GET',
  path: '/api/v1/tasks/{id}/logs',
  scope: 'read',
  tag: 'Tasks',
  summary: 'Read what the handler said',
  description: 'The lines of `ctx.log`, over all attempts.',
  pathMembers: { id: TaskId },
  badPath: 'task_not_found',
  queryMembers: {
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        default: 0,
        description: 'Only lines with a larger number: to follow a running task',
      }),
    ),
  },
  answers: {
    200: { description: 'Lines, oldest first', schema: LogsAnswer },
    404: { description: 'There is no task with this id' },
  },
  async handle({ path, query }, { engine }) {
    const lines = await engine.logs(path.id, (query.after ?? 0) + 0);
    if (lines === null) return refusal('task_not_found');
    const list = lines.map(
      ({ line, at, attempt, level, message, fields }) =>
        `{"line":${line},"at":"${formatTimestamp(at)}","attempt":${attempt},"level":"${level}"` +
        `,"message":${JSON.stringify(message)},"fields":${fields}}`,
    );
    return jsonAnswer(200, `{"logs":[${list.join(',')}],"count":${lines.length}}`);
  },
});
