// Taking tasks in: one, or a thousand at once.
import { hash } from 'node:crypto';
import { Type } from 'typebox';
import type { Fault } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { EngineReply, TaskRequest } from '../../engine/engine.ts';
import { parseBatch } from '../../protocol/batch.ts';
import { canonicalBody, IDEMPOTENCY_KEY_MUST, parseIdempotencyKey } from '../../protocol/idempotency-key.ts';
import { problemOf } from '../../protocol/problem.ts';
import { BatchBody, SubmitBody } from '../../protocol/schemas/submit.ts';
import { BatchAnswer, TaskAnswer } from '../../protocol/schemas/task.ts';
import { parseSubmitValue } from '../../protocol/submit.ts';
import { taskJson } from '../../protocol/task-json.ts';
import { type Answer, invalid, jsonAnswer, refusal } from '../answer.ts';
import { type Call, headerFault, type JsonBody, route } from '../route.ts';
import type { Services } from '../services.ts';

const Durability = {
  'XQueue-Durability': {
    description: 'What the acceptance survives: `fsync` and `kafka` a power cut, `process` a crash, `memory` nothing',
    schema: Type.Enum(['fsync', 'process', 'kafka', 'memory'], { type: 'string' }),
  },
};
const Replayed = {
  'Idempotent-Replayed': {
    description: 'An earlier call with this Idempotency-Key made the task',
    schema: Type.Literal('true'),
  },
};
const idempotencyHeader = {
  'Idempotency-Key': {
    description:
      'Makes repeating safe: within 24 hours the same key and body answer the first task again. In a batch it covers each task by its place',
    schema: Type.String({ minLength: 1, maxLength: LIMITS.idempotencyKeyLengthMax }),
  },
};

export const submitTask = route({
  method: 'POST',
  path: '/api/v1/tasks',
  scope: 'submit',
  tag: 'Tasks',
  summary: 'Submit a task',
  body: { schema: SubmitBody },
  headers: idempotencyHeader,
  answers: {
    200: {
      description: 'This Idempotency-Key made this task earlier; the task as it is now',
      schema: TaskAnswer,
      headers: { ...Durability, ...Replayed },
    },
    201: {
      description: 'Accepted',
      schema: TaskAnswer,
      headers: { ...Durability, Location: { description: 'Address of the task', schema: Type.String() } },
    },
    202: {
      description: 'Accepted and safe in Kafka; the store is away, and will show the task when it is back',
      schema: TaskAnswer,
      headers: { ...Durability, Location: { description: 'Address of the task', schema: Type.String() } },
    },
    422: { description: 'This Idempotency-Key was used with another body' },
  },
  handle: submitOne,
});

export const submitBatch = route({
  method: 'POST',
  path: '/api/v1/tasks/batch',
  scope: 'submit',
  tag: 'Tasks',
  summary: 'Submit many tasks at once',
  description: 'Each task is judged on its own; the answer lists them in order.',
  body: { schema: BatchBody },
  headers: idempotencyHeader,
  answers: {
    200: { description: 'What became of each task', schema: BatchAnswer, headers: Durability },
  },
  handle: submitMany,
});

async function submitOne(call: Call, services: Services): Promise<Answer> {
  const { text, value } = bodyOf(call);
  const key = idempotencyKey(call);
  const parsed = parseSubmitValue(text, value, services);
  if (!parsed.ok || key.fault !== null) {
    return invalid([...(parsed.ok ? [] : parsed.faults), ...(key.fault === null ? [] : [key.fault])]);
  }
  return answerOf(await services.submits.submit(withKey(parsed.value, key.scoped, text)), services);
}

function answerOf(reply: EngineReply, { durability }: Services): Answer {
  switch (reply.state) {
    case 'created':
      return jsonAnswer(201, taskJson(reply.task), {
        'xqueue-durability': durability,
        location: `/api/v1/tasks/${reply.task.id}`,
      });
    case 'logged':
      return jsonAnswer(202, taskJson(reply.task), {
        'xqueue-durability': durability,
        location: `/api/v1/tasks/${reply.task.id}`,
      });
    case 'exists':
    case 'replayed':
      return jsonAnswer(200, taskJson(reply.task), {
        'xqueue-durability': durability,
        'idempotent-replayed': 'true',
      });
    case 'conflict':
      return refusal('idempotency_conflict');
  }
}

async function submitMany(call: Call, services: Services): Promise<Answer> {
  const { text, value } = bodyOf(call);
  const key = idempotencyKey(call);
  const batch = parseBatch(text, value, services);
  if (!batch.ok || key.fault !== null) {
    return invalid([...(batch.ok ? [] : batch.faults), ...(key.fault === null ? [] : [key.fault])]);
  }
  const requests: TaskRequest[] = [];
  for (const [place, item] of batch.value.entries()) {
    if (!item.request.ok) continue;
    // A key of the batch plus the place: a batch that is sent again finds each of its tasks.
    requests.push(withKey(item.request.value, key.scoped === null ? null : `${key.scoped}\n${place}`, item.text));
  }
  const replies = (requests.length === 0 ? [] : await services.engine.submit(requests)).values();
  const results = batch.value.map(({ request }) =>
    request.ok ? itemJson(replies.next().value as EngineReply) : refusedJson(request.faults),
  );
  const accepted = results.filter((result) => result.startsWith('{"status":20')).length;
  return jsonAnswer(
    200,
    `{"results":[${results.join(',')}],"accepted":${accepted},"rejected":${results.length - accepted}}`,
    { 'xqueue-durability': services.durability },
  );
}

function itemJson(reply: EngineReply): string {
  switch (reply.state) {
    case 'created':
      return `{"status":201,"task":${taskJson(reply.task)}}`;
    case 'logged':
      return `{"status":202,"task":${taskJson(reply.task)}}`;
    case 'exists':
    case 'replayed':
      return `{"status":200,"task":${taskJson(reply.task)}}`;
    case 'conflict':
      return JSON.stringify({ status: 422, error: problemOf('idempotency_conflict') });
  }
}

function refusedJson(faults: readonly Fault[]): string {
  return JSON.stringify({ status: 400, error: problemOf('invalid_request', undefined, faults) });
}

function bodyOf(call: Call): JsonBody {
  return call.body ?? { text: 'null', value: null };
}

function withKey(request: TaskRequest, key: string | null, text: string): TaskRequest {
  if (key === null) return request;
  return { ...request, idempotency: { key, fingerprint: hash('sha256', canonicalBody(text)) } };
}

type ScopedKey =
  | { readonly scoped: string | null; readonly fault: null }
  | { readonly scoped: null; readonly fault: Fault };

/** Keys are the caller's own: two callers that choose the same one must not see each other's tasks. */
function idempotencyKey({ request, principal }: Call): ScopedKey {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return { scoped: null, fault: null };
  const key = typeof header === 'string' ? parseIdempotencyKey(header) : null;
  if (key === null) return { scoped: null, fault: headerFault('Idempotency-Key', IDEMPOTENCY_KEY_MUST) };
  return { scoped: `${principal.name}\n${key}`, fault: null };
}
