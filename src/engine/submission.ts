// What a request becomes on its way to the store: the node's defaults filled in, the concurrency strategies asked. Requests
// come from clients, and from the log (ingest, rebuild), where a node has already decided some of it.
import { type ConcurrencyStrategy, type Limit, limitsOf } from '../domain/concurrency.ts';
import { XQueueError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { DEFAULT_RETRY, type RetryStrategy } from '../domain/retry.ts';
import type { TaskSpec } from '../domain/task.ts';
import type { Submission } from '../ports/task-store.ts';
import type { EngineSettings, TaskRequest } from './engine.ts';

export type SubmissionDefaults = Pick<EngineSettings, 'defaultRetry' | 'defaultTimeoutMs'>;

/** @throws XQueueError `invalid_request` when a strategy fails */
export function submissionOf(
  request: TaskRequest,
  id: string,
  defaults: SubmissionDefaults,
  strategies: readonly ConcurrencyStrategy[],
): Submission {
  const spec = specOf(request, id, defaults, strategies);
  const due = request.runAt === undefined ? { afterMs: request.delayMs ?? 0 } : { at: request.runAt };
  return request.idempotency === undefined ? { spec, due } : { spec, due, idempotency: request.idempotency };
}

function specOf(
  request: TaskRequest,
  id: string,
  settings: SubmissionDefaults,
  strategies: readonly ConcurrencyStrategy[],
): TaskSpec {
  const { type, concurrencyKey = null, maxConcurrency = null } = request;
  const payload = request.payload ?? '{}';
  const priority = request.priority ?? 0;
  const tags = request.tags ?? [];
  const asked = { type, concurrencyKey, maxConcurrency };
  const limits =
    request.limits ??
    (strategies.length === 0
      ? limitsOf(asked)
      : limitsOf(asked, limitsAdded(strategies, { type, payload, priority, tags })));
  return {
    id,
    type,
    concurrencyKey,
    maxConcurrency,
    payload,
    priority,
    maxRetry: request.maxRetry ?? settings.defaultRetry,
    retryStrategy: retryOf(request.retryStrategy),
    queueTimeoutMs: request.queueTimeoutMs ?? settings.defaultTimeoutMs,
    processTimeoutMs: request.processTimeoutMs ?? settings.defaultTimeoutMs,
    limits,
    tags,
    parentId: request.parentId ?? null,
  };
}

/** Member by member: a spread would let an explicit `undefined` erase a default. */
function retryOf(asked: Partial<RetryStrategy> | undefined): RetryStrategy {
  if (asked === undefined) return DEFAULT_RETRY;
  return {
    type: asked.type ?? DEFAULT_RETRY.type,
    delayMs: asked.delayMs ?? DEFAULT_RETRY.delayMs,
    factor: asked.factor ?? DEFAULT_RETRY.factor,
    maxDelayMs: asked.maxDelayMs ?? DEFAULT_RETRY.maxDelayMs,
    jitter: asked.jitter ?? DEFAULT_RETRY.jitter,
  };
}

/** Strategies are the user's code: what they throw or make up is refused here, never stored. */
function limitsAdded(
  strategies: readonly ConcurrencyStrategy[],
  task: { type: string; payload: string; priority: number; tags: readonly string[] },
): Limit[] {
  const seen = { ...task, payload: JSON.parse(task.payload) as unknown };
  const added: Limit[] = [];
  for (const strategy of strategies) {
    let answer: ReturnType<ConcurrencyStrategy>;
    try {
      answer = strategy(seen);
    } catch (error) {
      throw new XQueueError('invalid_request', `A concurrency strategy failed for a task of type ${task.type}`, {
        cause: error,
      });
    }
    if (answer === null || answer === undefined) continue;
    for (const limit of Array.isArray(answer) ? (answer as readonly Limit[]) : [answer as Limit]) {
      added.push(checked(limit, task.type));
    }
  }
  return added;
}

function checked(limit: Limit, type: string): Limit {
  const { key, max } = limit;
  const keyFits = typeof key === 'string' && key.length > 0 && key.length <= LIMITS.keyLengthMax;
  if (keyFits && Number.isInteger(max) && max >= 1 && max <= LIMITS.maxConcurrencyMax) return { key, max };
  throw new XQueueError(
    'invalid_request',
    `A concurrency strategy gave an impossible limit for a task of type ${type}: ${JSON.stringify(limit)}`,
  );
}
