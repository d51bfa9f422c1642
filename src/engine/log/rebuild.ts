// Brings back what the store has lost: first every change that the log knows, so that it is known what is done; then every
// accepted task, final as it was or pending again. At its end the store knows how far the log was read, and nodes go on
// from there. Doing it again does nothing again, so it can be stopped at any time and started anew.
import type { ToldChange } from '../../domain/told-change.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogIntake } from '../../ports/log-intake.ts';
import type { LogPage, LogRecord, LogTopic, PartitionBounds, TaskLog } from '../../ports/task-log.ts';
import type { LostTask, RestoreReply, TaskRestorer } from '../../ports/task-restore.ts';
import { TaskHistories } from '../push/task-histories.ts';
import { type RecordRules, readRecord } from './log-record.ts';
import { RebuildQueue } from './rebuild-queue.ts';

export interface RebuildParts {
  readonly log: Pick<TaskLog, 'bounds' | 'read'>;
  readonly restorer: TaskRestorer;
  readonly intake: Pick<LogIntake, 'setOffsets'>;
  readonly rules: RecordRules;
  readonly readChange: (text: string) => ToldChange | null;
  readonly clock: Clock;
  /** Ended tasks older than this are not brought back. */
  readonly retentionMs: number;
  readonly idempotencyMs: number;
  /** When the newest task was accepted that the store has; 0: it has none. Unix ms. */
  readonly newestAt: number;
  /** `report`: changes nothing. */
  readonly mode: 'apply' | 'report';
  readonly onProgress: (progress: RebuildProgress) => void;
}

export interface RebuildProgress {
  readonly reading: 'events' | 'tasks';
  /** Records. */
  readonly done: number;
  readonly total: number;
}

/** Numbers of tasks, unless they say something else. */
export interface RebuildReport {
  /** Distinct tasks in the log: `final` + `pending` + `forgotten`. */
  readonly accepted: number;
  readonly final: number;
  readonly pending: number;
  /** Ended so long ago that they are not kept any more. */
  readonly forgotten: number;
  /** Records of a task that another record had brought, or whose idempotency key names another task. */
  readonly duplicates: number;
  /** Records that are no valid task. */
  readonly unreadable: number;
  /** Of `final` and `pending`: were not there; were there as they had been earlier; were there. */
  readonly restored: number;
  readonly corrected: number;
  readonly there: number;
  /** Records of changes. */
  readonly changes: number;
}

type Counts = { -readonly [K in keyof RebuildReport]: number };

const NONE: RebuildReport = {
  accepted: 0,
  final: 0,
  pending: 0,
  forgotten: 0,
  duplicates: 0,
  unreadable: 0,
  restored: 0,
  corrected: 0,
  there: 0,
  changes: 0,
};
const utf8 = new TextDecoder();

/** @throws LogUnavailable, StoreUnavailable. What was brought back until then stays. */
export async function rebuild(parts: RebuildParts): Promise<RebuildReport> {
  const { intake, mode } = parts;
  const counts: Counts = { ...NONE };
  const histories = await readChanges(parts, counts);
  const bounds = await parts.log.bounds('tasks');
  const next = await readTasks(parts, bounds, histories, counts);
  if (mode === 'apply') await intake.setOffsets(next);
  return counts;
}

async function readChanges(parts: RebuildParts, counts: Counts): Promise<TaskHistories> {
  const histories = new TaskHistories();
  for await (const { records } of pagesOf(parts, 'events', await parts.log.bounds('events'))) {
    for (const { value } of records) {
      const change = value === null ? null : parts.readChange(utf8.decode(value));
      if (change === null) continue;
      counts.changes += 1;
      histories.add(change);
    }
  }
  return histories;
}

/** Answers where to go on in each partition. */
async function readTasks(
  parts: RebuildParts,
  bounds: readonly PartitionBounds[],
  histories: TaskHistories,
  counts: Counts,
): Promise<Map<number, number>> {
  const next = new Map(bounds.map(({ partition, end }) => [partition, end]));
  const seen = new Set<string>();
  const queue = new RebuildQueue(parts, (replies) => count(replies, counts));
  for await (const page of pagesOf(parts, 'tasks', bounds)) {
    for (const record of page.records) {
      const task = lostTask(record, parts, histories);
      if (task === null) {
        counts.unreadable += 1;
        continue;
      }
      const { id } = task.submission.spec;
      if (seen.has(id)) {
        counts.duplicates += 1;
        continue;
      }
      seen.add(id);
      if (isForgotten(task, parts)) counts.forgotten += 1;
      else queue.add(task);
    }
    next.set(page.partition, Math.max(page.next, next.get(page.partition) ?? 0));
    await queue.settle();
  }
  await queue.end();
  counts.accepted = counts.final + counts.pending + counts.forgotten;
  return next;
}

function lostTask(
  record: LogRecord,
  { rules }: Pick<RebuildParts, 'rules'>,
  histories: TaskHistories,
): LostTask | null {
  const read = readRecord(record, rules);
  if (!read.ok) return null;
  const history = histories.of(read.submission.spec.id);
  return { submission: read.submission, createdAt: history?.createdAt ?? read.acceptedAt, last: history };
}

function isForgotten({ last }: LostTask, { clock, retentionMs }: RebuildParts): boolean {
  if (last === null || last.status === 'pending' || last.status === 'processing') return false;
  return (last.completedAt ?? last.at) + retentionMs <= clock.now();
}

function count(replies: readonly (readonly [LostTask, RestoreReply])[], counts: Counts): void {
  for (const [{ last }, reply] of replies) {
    if (reply === 'replayed') {
      counts.duplicates += 1;
      continue;
    }
    counts[reply] += 1;
    const isPending = last === null || last.status === 'pending' || last.status === 'processing';
    counts[isPending ? 'pending' : 'final'] += 1;
  }
}

/** Says how far it is with every page. */
async function* pagesOf(
  { log, onProgress }: RebuildParts,
  reading: Extract<LogTopic, RebuildProgress['reading']>,
  bounds: readonly PartitionBounds[],
): AsyncGenerator<LogPage> {
  const earliest = new Map(bounds.map((of) => [of.partition, of.earliest]));
  const total = bounds.reduce((sum, of) => sum + of.end - of.earliest, 0);
  const at = new Map<number, number>();
  const tell = (): void => {
    const done = [...at].reduce((sum, [partition, next]) => sum + next - (earliest.get(partition) ?? 0), 0);
    onProgress({ reading, done: Math.min(done, total), total });
  };
  tell();
  for await (const page of log.read(reading)) {
    yield page;
    at.set(page.partition, page.next);
    tell();
  }
}
