// The lines handlers say, beside their tasks: appended under the lease, cut from the front, read by whoever asks.
import { LIMITS } from '../../domain/limits.ts';
import type { LogBatch, LogLevel, LogLine } from '../../ports/log-store.ts';
import { LEASE_HELD, type Step } from './step.ts';

export function appendLogs(step: Step, batch: readonly LogBatch[]): { state: 'recorded' | 'lease_lost' }[] {
  return batch.map(({ id, token, entries }) => {
    const row = step.db.row<[number, number]>(
      `SELECT seq, attempt FROM task WHERE id = ? AND token = ? AND lease = ${LEASE_HELD} AND lease_ends > ?`,
      id,
      token,
      step.now,
    );
    if (!row) return { state: 'lease_lost' };
    const [seq, attempt] = row;
    let line = step.db.row<[number | null]>('SELECT max(line) FROM log WHERE seq = ?', seq)?.[0] ?? 0;
    for (const { agoMs, level, message, fields } of entries) {
      const bytes = Buffer.byteLength(message) + (fields === null ? 0 : Buffer.byteLength(fields));
      const at = step.now - Math.max(0, Math.round(agoMs));
      step.db.run(
        'INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        seq,
        ++line,
        at,
        attempt,
        level,
        message,
        fields,
        bytes,
      );
    }
    cutFront(step, seq, line);
    return { state: 'recorded' };
  });
}

/** The number of the last line goes on from the newest that is kept, so that one is never cut. */
function cutFront(step: Step, seq: number, last: number): void {
  step.db.run('DELETE FROM log WHERE seq = ? AND line <= ?', seq, last - LIMITS.logLinesKept);
  const kept = step.db.rows<[number, number]>('SELECT line, bytes FROM log WHERE seq = ? ORDER BY line DESC', seq);
  let bytes = 0;
  const first = kept.find(([line, own]) => (bytes += own) > LIMITS.logBytesKept && line < last);
  if (first !== undefined) step.db.run('DELETE FROM log WHERE seq = ? AND line <= ?', seq, first[0]);
}

type LineRow = [number, number, number, string, string, string | null];

export function readLogs(step: Step, id: string, after: number): LogLine[] | null {
  const seq = step.db.row<[number]>('SELECT seq FROM task WHERE id = ?', id)?.[0];
  if (seq === undefined) return null;
  return step.db
    .rows<LineRow>(
      'SELECT line, at, attempt, level, message, fields FROM log WHERE seq = ? AND line > ? ORDER BY line',
      seq,
      after,
    )
    .map(([line, at, attempt, level, message, fields]) => ({
      line,
      at,
      attempt,
      level: level as LogLevel,
      message,
      fields,
    }));
}
