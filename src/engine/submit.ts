// Accepting tasks: fills in the node's defaults, asks the concurrency strategies, and hands the batch to the store.
import type { ConcurrencyStrategy } from '../domain/concurrency.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Submission, SubmitReply, TaskStore } from '../ports/task-store.ts';
import { Batcher } from './batcher.ts';
import type { EngineReply, EngineSettings, TaskRequest } from './engine.ts';
import type { LogFront } from './log/log-front.ts';
import { submitThroughLog } from './log/submit-through-log.ts';
import { submissionOf } from './submission.ts';
import { createUuid7 } from './uuid7.ts';

/**
 * Batches under way at once. The embedded store runs one while others wait for the disk, so that more of them keep it busy. Redis takes
 * one after the other, each with a price of its own, so that fewer and larger ones do more; but one must wait at its door when it has
 * done with another.
 */
const BATCHES = { embedded: { underWayMax: 8 }, redis: { underWayMax: 4, inHalves: true } } as const;

export interface Submit {
  readonly submit: (requests: readonly TaskRequest[]) => Promise<EngineReply[]>;
  readonly useConcurrency: (...strategies: readonly ConcurrencyStrategy[]) => void;
  /** Those in use; the list grows. */
  readonly strategies: readonly ConcurrencyStrategy[];
}

export function createSubmit(
  store: Pick<TaskStore, 'submit' | 'kind'>,
  clock: Clock,
  settings: Pick<EngineSettings, 'nodeId' | 'defaultRetry' | 'defaultTimeoutMs'>,
  front: LogFront | null = null,
): Submit {
  const newId = createUuid7(clock, settings.nodeId);
  const strategies: ConcurrencyStrategy[] = [];
  const batches = new Batcher<Submission, SubmitReply>(
    (batch) => store.submit(batch),
    LIMITS.batchMax,
    BATCHES[store.kind],
  );

  const of = (request: TaskRequest) => submissionOf(request, request.id ?? newId(), settings, strategies);
  const throughLog = front === null ? null : submitThroughLog(front, (batch) => batches.many(batch), clock);

  return {
    strategies,
    // Async, so that a strategy that throws rejects the caller's promise and nothing of the call was sent.
    async submit(requests) {
      if (throughLog !== null) return throughLog(requests.map(of));
      return requests.length === 1
        ? [await batches.one(of(requests[0] as TaskRequest))]
        : batches.many(requests.map(of));
    },
    useConcurrency(...more) {
      strategies.push(...more);
    },
  };
}
