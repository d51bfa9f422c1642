// Mutants that judge wrongly: what may run, until when, in which order, and what is told of it.
import type { Clock } from '../../../src/ports/clock.ts';
import type { TaskEvent } from '../../../src/ports/outbox.ts';
import type { StoreSettings } from '../../../src/ports/task-store.ts';
import { ModelState, type ModelTask, type Occupied, queueDeadline } from '../../model/state.ts';
import { type Mutant, mutantOfState } from './mutant.ts';

class LostWake extends ModelState {
  readonly #parked = new Set<ModelTask>();
  override admitted(task: ModelTask, occupied: Occupied): boolean {
    if (!super.admitted(task, occupied)) this.#parked.add(task);
    return !this.#parked.has(task);
  }
}

class WakeOnlyBySlots extends ModelState {
  readonly #parked = new Map<ModelTask, number>();
  override admitted(task: ModelTask, occupied: Occupied): boolean {
    const slots = occupied.get(`type:${task.spec.type}`)?.length ?? 0;
    if (!super.admitted(task, occupied)) this.#parked.set(task, slots);
    const parkedAt = this.#parked.get(task);
    if (parkedAt !== undefined && slots >= parkedAt) return false;
    this.#parked.delete(task);
    return true;
  }
}

class HeadOfLine extends ModelState {
  override ready(): ModelTask[] {
    const sorted = super.ready().sort((a, b) => b.spec.priority - a.spec.priority || a.sequence - b.sequence);
    const types = new Set<string>();
    return sorted.filter(({ spec }) => !types.has(spec.type) && types.add(spec.type));
  }
}

class OneTooMany extends ModelState {
  override isFull(task: ModelTask, key: string, occupied: Occupied): boolean {
    const holders = (occupied.get(key) ?? []).slice(1);
    return super.isFull(task, key, new Map([[key, holders]]));
  }
}

class FirstKeyOnly extends ModelState {
  override admitted(task: ModelTask, occupied: Occupied): boolean {
    const [first] = task.spec.limits;
    return first === undefined ? super.admitted(task, occupied) : !this.isFull(task, first.key, occupied);
  }
}

class TypeKeyNotCounted extends ModelState {
  override occupied(): Occupied {
    const named = [...super.occupied()].map(([key, holders]) => {
      const those = holders.filter(({ task }) => task.spec.limits.some((limit) => limit.key === key));
      return [key, those] as const;
    });
    return new Map(named);
  }
}

class OperatorCannotRaise extends ModelState {
  override isFull(task: ModelTask, key: string, occupied: Occupied): boolean {
    const own = task.spec.limits.find((limit) => limit.key === key)?.max ?? Number.POSITIVE_INFINITY;
    return super.isFull(task, key, occupied) || (occupied.get(key)?.length ?? 0) >= own;
  }
}

class LeakedSlot extends ModelState {
  /** Slots are counted until somebody settles the task, whether the lease is over or not. */
  override occupied(): Occupied {
    const { now } = this;
    this.now = Number.NEGATIVE_INFINITY;
    const occupied = super.occupied();
    this.now = now;
    return occupied;
  }
}

class EndlessDrain extends ModelState {
  override begin(): void {
    super.begin();
    for (const drain of this.drains) drain.endsAt = this.now + 3_600_000;
  }
}

class MovedDeadline extends ModelState {
  readonly #made = new Map<number | null, number>();
  /** Right when the lease is made, a full lease whenever it is renewed. */
  override leaseEnd(deadline: number | null): number {
    const madeAt = this.#made.get(deadline) ?? this.now;
    this.#made.set(deadline, madeAt);
    return madeAt === this.now ? super.leaseEnd(deadline) : this.now + this.settings.leaseMs;
  }
}

class LeaseOneMillisecondLonger extends ModelState {
  override held(ref: Parameters<ModelState['held']>[0]): ReturnType<ModelState['held']> {
    this.now -= 1;
    const task = super.held(ref);
    this.now += 1;
    return task;
  }
}

class EarlyStart extends ModelState {
  override ready(): ModelTask[] {
    return this.all('pending').filter((task) => task.dueAt <= this.now + 1 && !this.waitIsOver(task));
  }
}

class LateDeadline extends ModelState {
  override waitIsOver(task: ModelTask): boolean {
    const deadline = queueDeadline(task);
    return task.status === 'pending' && deadline !== null && deadline < this.now;
  }
}

class LostPlace extends ModelState {
  override changed(task: ModelTask, kind?: TaskEvent['kind']): void {
    if (task.status === 'pending' && task.version > 0) Object.assign(task, { sequence: (this.sequence += 1) });
    super.changed(task, kind);
  }
}

class UpsideDown extends ModelState {
  /** Those of the larger priority wait until no others are ready. */
  override ready(): ModelTask[] {
    const ready = super.ready();
    const plain = ready.filter(({ spec }) => spec.priority <= 0);
    return plain.length > 0 ? plain : ready;
  }
}

class SilentTimeout extends ModelState {
  override changed(task: ModelTask, kind?: TaskEvent['kind']): void {
    super.changed(task, kind);
    if (task.status === 'timeout') this.events.pop();
  }
}

class ToldTwice extends ModelState {
  override changed(task: ModelTask, kind?: TaskEvent['kind']): void {
    super.changed(task, kind);
    const event = this.events.at(-1);
    if (event?.status === 'success') this.events.push(event);
  }
}

class UncountedProgress extends ModelState {
  override changed(task: ModelTask, kind?: TaskEvent['kind']): void {
    if (kind === 'progress') task.version -= 1;
    super.changed(task, kind);
  }
}

class UncountedCancel extends ModelState {
  override happened(what: Parameters<ModelState['happened']>[0]): void {
    if (what !== 'canceled') super.happened(what);
  }
}

class ReviveKeepsRetries extends ModelState {
  readonly #retries = new Map<ModelTask, number>();
  override changed(task: ModelTask, kind?: TaskEvent['kind']): void {
    if (task.status === 'failed') this.#retries.set(task, task.retry);
    else if (task.status === 'pending') task.retry = Math.max(task.retry, this.#retries.get(task) ?? 0);
    super.changed(task, kind);
  }
}

class ClockGoesBack extends ModelState {
  readonly #systemClock: Clock;
  constructor(clock: Clock, settings: StoreSettings) {
    super(clock, settings);
    this.#systemClock = clock;
  }
  override begin(): void {
    super.begin();
    this.now = this.#systemClock.now();
  }
}

class StallUnnoticed extends ModelState {
  constructor(clock: Clock, settings: StoreSettings) {
    super(clock, { ...settings, stallMs: 0 });
  }
}

class NodesLiveForEver extends ModelState {
  override isLive(): boolean {
    return true;
  }
}

export const MUTANTS_OF_STATE: readonly Mutant[] = [
  mutantOfState({ name: 'a parked task is never woken', breaks: 'S5' }, LostWake),
  mutantOfState({ name: 'a raised limit wakes nobody', breaks: 'S5' }, WakeOnlyBySlots),
  mutantOfState({ name: 'a full key holds up what is behind it', breaks: 'S5' }, HeadOfLine),
  mutantOfState({ name: 'limits admit one too many', breaks: 'S1' }, OneTooMany),
  mutantOfState({ name: 'only the first of several limits is checked', breaks: 'S1' }, FirstKeyOnly),
  mutantOfState({ name: 'the type key counts only who names it', breaks: 'S1' }, TypeKeyNotCounted),
  mutantOfState({ name: 'an operator cannot raise a limit', breaks: 'limits' }, OperatorCannotRaise),
  mutantOfState({ name: 'a slot outlives its lease', breaks: 'S5' }, LeakedSlot),
  mutantOfState({ name: 'a draining slot never ends', breaks: 'S5' }, EndlessDrain),
  mutantOfState({ name: 'a heartbeat moves the process deadline', breaks: 'I13' }, MovedDeadline),
  mutantOfState({ name: 'a lease is held one millisecond too long', breaks: 'I6' }, LeaseOneMillisecondLonger),
  mutantOfState({ name: 'a task starts a millisecond early', breaks: 'I16' }, EarlyStart),
  mutantOfState({ name: 'a wait ends a millisecond late', breaks: 'I12' }, LateDeadline),
  mutantOfState({ name: 'a retried task goes to the back', breaks: 'I17' }, LostPlace),
  mutantOfState({ name: 'the larger priority runs last', breaks: 'I17' }, UpsideDown),
  mutantOfState({ name: 'an event is missing', breaks: 'I5' }, SilentTimeout),
  mutantOfState({ name: 'an event comes twice', breaks: 'I5' }, ToldTwice),
  mutantOfState({ name: 'progress does not count as a version', breaks: 'I5' }, UncountedProgress),
  mutantOfState({ name: 'canceled tasks are not counted in their minute', breaks: 'C1' }, UncountedCancel),
  mutantOfState({ name: 'a revived task keeps its retries', breaks: 'revive' }, ReviveKeepsRetries),
  mutantOfState({ name: 'time goes back with the clock', breaks: 'time' }, ClockGoesBack),
  mutantOfState({ name: 'a pause of the store takes leases', breaks: 'stall' }, StallUnnoticed),
  mutantOfState({ name: 'a silent node counts as live', breaks: 'nodes' }, NodesLiveForEver),
];
