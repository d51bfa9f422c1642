// Accepting a task when there is a log: first the log, which makes it safe, then the store, so that it can be read back at once.
// A store that is away does not refuse a task: whoever reads the log puts it in later.
import { acceptedTask } from '../../domain/accepted-task.ts';
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Submission, SubmitReply } from '../../ports/task-store.ts';
import type { EngineReply } from '../engine.ts';
import type { LogFront } from './log-front.ts';

type Insert = (batch: readonly Submission[]) => Promise<readonly SubmitReply[]>;

/**
 * With an idempotency key only the store can say whether there is a task already: without it such a submit is refused, and can be
 * repeated until there is an answer.
 * @throws LogUnavailable, and StoreUnavailable when one of the batch has an idempotency key
 */
export function submitThroughLog(
  { log, intake, own, acceptedRecord }: Pick<LogFront, 'log' | 'intake' | 'own' | 'acceptedRecord'>,
  insert: Insert,
  clock: Clock,
) {
  return async (batch: readonly Submission[]): Promise<EngineReply[]> => {
    const known = await repeated(batch, intake);
    const fresh = known === null ? batch : batch.filter((_, index) => !known[index]);
    const acceptedAt = clock.now();
    const records = fresh.map((submission) => acceptedRecord(submission, acceptedAt));
    const places = await log.append('tasks', records);
    const placed = fresh.map((submission, index) => at(submission, places[index]));
    const inStore = await inserted(placed, insert, acceptedAt);
    for (const [index, reply] of inStore.entries()) {
      const place = places[index];
      // Need not be read back.
      if (place && reply.state === 'created') own.add(place, reply.task.id);
    }
    const replies = inStore.values();
    return batch.map((_, index) => known?.[index] ?? (replies.next().value as EngineReply));
  };
}

function at(submission: Submission, record: Submission['record']): Submission {
  return record === undefined ? submission : { ...submission, record };
}

/** What is answered by an earlier submit with the same key, in order of the batch; `null`: there are no keys. */
async function repeated(
  batch: readonly Submission[],
  intake: LogFront['intake'],
): Promise<(SubmitReply | null)[] | null> {
  const named = batch.flatMap(({ idempotency }) => idempotency ?? []);
  if (named.length === 0) return null;
  const replies = (await intake.replays(named)).values();
  return batch.map(({ idempotency }) => (idempotency === undefined ? null : (replies.next().value ?? null)));
}

async function inserted(batch: readonly Submission[], insert: Insert, acceptedAt: number): Promise<EngineReply[]> {
  if (batch.length === 0) return [];
  try {
    const replies = await insert(batch);
    return replies.map((reply, index) => ownOrOther(reply, batch[index]?.spec.id ?? ''));
  } catch (error) {
    if (batch.some(({ idempotency }) => idempotency !== undefined)) {
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable('The store did not take the task', error);
    }
    // Whatever kept the store from it, the task is in the log: a refusal would be wrong, and a second try a second task.
    return batch.map((submission) => ({ state: 'logged', task: asAccepted(submission, acceptedAt) }));
  }
}

/** Whoever reads the log may have been faster than this node: the task is new all the same. */
function ownOrOther(reply: SubmitReply, id: string): SubmitReply {
  if (reply.state === 'conflict' || reply.task.id !== id) return reply;
  return { state: 'created', task: reply.task };
}

function asAccepted({ spec, due }: Submission, acceptedAt: number) {
  const runAt = 'at' in due ? Math.max(acceptedAt, due.at) : acceptedAt + due.afterMs;
  return acceptedTask(spec, acceptedAt, runAt, runAt > acceptedAt ? 'scheduled' : 'ready');
}
