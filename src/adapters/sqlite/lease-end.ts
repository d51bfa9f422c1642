// When a lease that is made or renewed now ends: never past the attempt's deadline plus grace, so that a handler
// that hangs is not kept alive for ever.
import type { Step } from './step.ts';

export function leaseEnd(step: Step, processDeadline: number | null): number {
  const full = step.now + step.settings.leaseMs;
  return processDeadline === null ? full : Math.min(full, processDeadline + step.settings.cancelGraceMs);
}
