// What should be impossible, said once more: the model checks itself as every store does.
import { isFinal } from '../../src/domain/task.ts';
import type { AuditFinding } from '../../src/ports/task-store.ts';
import { isRunning, type ModelState, type ModelTask } from './state.ts';

export function audit(state: ModelState): AuditFinding[] {
  return [...state.all().flatMap(faults), ...counts(state)].map((fault) => ({ ...fault, repaired: false }));
}

type Fault = Omit<AuditFinding, 'repaired'>;

function faults(task: ModelTask): Fault[] {
  const { status, lease, attempts, completedAt, cancelRequested } = task;
  const open = attempts.filter(({ endedAt }) => endedAt === null).length;
  const found: Fault[] = [];
  const expect = (invariant: string, holds: boolean, what: string) => {
    if (!holds) found.push({ invariant, detail: `task ${task.spec.id} (${status}): ${what}` });
  };
  expect('I1', isRunning(task) || lease === null, 'has a lease and does not run');
  expect('I1', status !== 'processing' || lease !== null, 'runs without a lease');
  expect('I3', isFinal(status) === (completedAt !== null), 'completedAt does not fit');
  expect('I8', open === (status === 'processing' ? 1 : 0), `${open} open attempts`);
  expect(
    'I8',
    attempts.every(({ attempt }, index) => attempt === index + 1),
    'attempts have gaps',
  );
  expect('I11', !cancelRequested || status === 'processing', 'a request to cancel outlived its attempt');
  return found;
}

function counts(state: ModelState): Fault[] {
  const kept = state.tasks.size;
  if (state.accepted === kept + state.purged) return [];
  return [{ invariant: 'C1', detail: `accepted ${state.accepted}, kept ${kept}, purged ${state.purged}` }];
}
