// The outbox: one row per transaction. Entries leave the store as text; whoever wants events decodes them.
import type { Step } from './step.ts';

export type OutboxRow = [position: number, events: string];

export function readOutbox(step: Step, after: string | null, limit: number): OutboxRow[] {
  step.writeGathered();
  return step.db.rows<OutboxRow>(
    'SELECT position, events FROM outbox WHERE position > ? ORDER BY position LIMIT ?',
    after === null ? 0 : Number(after),
    limit,
  );
}

export function trimOutbox(step: Step, position: string): void {
  step.db.run('DELETE FROM outbox WHERE position <= ?', Number(position));
}
