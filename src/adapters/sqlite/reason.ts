// Why a pending task does not run. Computed when somebody looks; remembered per lane for the length of one step.
import type { PendingReason } from '../../domain/task.ts';
import { liveTypes } from './nodes.ts';
import { facedLimits, hasRoom } from './slots.ts';
import type { Step } from './step.ts';

export class Reasons {
  readonly #step: Step;
  readonly #known = new Map<string, PendingReason>();
  #types: ReadonlySet<string> | null = null;

  constructor(step: Step) {
    this.#step = step;
  }

  of(task: { type: string; laneId: number | null; retry: number; limits: string | null }): PendingReason {
    if (task.laneId === null) return task.retry > 0 ? 'retry_backoff' : 'scheduled';
    const name = `${task.type}\n${task.limits}`;
    let reason = this.#known.get(name);
    if (!reason) {
      reason = this.#ready(task.type, task.limits);
      this.#known.set(name, reason);
    }
    return reason;
  }

  #ready(type: string, limits: string | null): PendingReason {
    const faced = facedLimits(type, limits);
    if (faced.some(({ key }) => this.#step.memory.operatorLimits.get(key) === 0)) return 'paused';
    this.#types ??= liveTypes(this.#step);
    if (!this.#types.has(type)) return 'no_handler';
    return faced.every((limit) => hasRoom(this.#step, limit)) ? 'ready' : 'concurrency';
  }
}
