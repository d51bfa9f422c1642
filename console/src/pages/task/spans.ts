// What a task spent its time with, from what is known about it: waiting, each attempt, backing off in between.
import type { Attempt, TaskDetail } from '../../api/task.ts';

export interface Span {
  readonly kind: 'scheduled' | 'waiting' | 'gated' | 'backoff' | 'attempt';
  /** Unix ms. */
  readonly from: number;
  /** null: goes on. */
  readonly to: number | null;
  /** Of an attempt. */
  readonly attempt?: Attempt;
}

export function spansOf(task: TaskDetail): Span[] {
  const spans: Span[] = [];
  let at = Date.parse(task.created_at);
  for (const [i, attempt] of task.attempts.entries()) {
    const start = Date.parse(attempt.started_at);
    const before = task.attempts[i - 1];
    // Only the last 50 attempts are kept: what was before them is not known.
    if (i > 0 || attempt.attempt === 1) {
      const isRetry = before?.outcome === 'failed' || before?.outcome === 'timeout';
      const due = Date.parse(task.run_at);
      const isLast = i === task.attempts.length - 1;
      // `run_at` is when the last attempt was due: what lies before it was the plan, what lies behind it was waiting.
      if (isLast && due > at && due < start) {
        push(spans, { kind: isRetry ? 'backoff' : 'scheduled', from: at, to: due });
        push(spans, { kind: 'waiting', from: due, to: start });
      } else push(spans, { kind: isRetry ? 'backoff' : 'waiting', from: at, to: start });
    }
    const end = attempt.ended_at === null ? null : Date.parse(attempt.ended_at);
    spans.push({ kind: 'attempt', from: start, to: end, attempt });
    at = end ?? start;
  }
  const rest = restOf(task, at);
  for (const span of rest) push(spans, span);
  return spans;
}

/** What came after the last attempt. */
function restOf(task: TaskDetail, at: number): Span[] {
  const due = Date.parse(task.run_at);
  const hasRun = task.attempts.length > 0;
  if (task.status === 'pending') {
    const isPlanned = task.pending_reason === 'scheduled' || task.pending_reason === 'retry_backoff';
    const planned = task.pending_reason === 'retry_backoff' ? 'backoff' : 'scheduled';
    if (isPlanned) return [{ kind: planned, from: at, to: null }];
    const kind = task.pending_reason === 'concurrency' || task.pending_reason === 'paused' ? 'gated' : 'waiting';
    if (due <= at) return [{ kind, from: at, to: null }];
    return [
      { kind: hasRun ? 'backoff' : 'scheduled', from: at, to: due },
      { kind, from: due, to: null },
    ];
  }
  if (task.status === 'processing' || task.completed_at === null) return [];
  return [{ kind: 'waiting', from: at, to: Date.parse(task.completed_at) }];
}

/** Steps of the store that took no time are no spans. */
function push(spans: Span[], span: Span): void {
  if (span.to === null || span.to - span.from > 0) spans.push(span);
}
