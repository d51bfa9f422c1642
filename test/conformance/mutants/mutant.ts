// A mutant is a store that breaks one guarantee. The suite and the differential test are worth what they catch of these.
import type { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import type { LockStore } from '../../../src/ports/lock-store.ts';
import type { StoreSettings, TaskStore } from '../../../src/ports/task-store.ts';
import { ModelStore } from '../../model/model-store.ts';
import type { ModelState } from '../../model/state.ts';
import { model, type StoreUnderTest } from '../stores.ts';

export interface Mutant extends StoreUnderTest {
  /** The invariant or rule that it breaks. */
  readonly breaks: string;
  /** What random histories cannot see of it, and why. */
  readonly notSeenByHistories?: string;
}

interface About {
  readonly name: string;
  readonly breaks: string;
  readonly notSeenByHistories?: string;
}

/** A mutant that answers calls wrongly: what is not overridden goes to a sound store. */
export function mutantOfCalls(about: About, overrides: (store: TaskStore) => Partial<TaskStore>): Mutant {
  return mutant(about, ({ clock, settings }) => {
    const sound = new ModelStore(clock, settings);
    return { store: override(sound, overrides(sound)), locks: sound.locks };
  });
}

export function mutantOfLocks(about: About, overrides: (locks: LockStore) => Partial<LockStore>): Mutant {
  return mutant(about, ({ clock, settings }) => {
    const store = new ModelStore(clock, settings);
    return { store, locks: override(store.locks, overrides(store.locks)) };
  });
}

/** A mutant whose memory judges wrongly. */
export function mutantOfState(
  about: About,
  state: new (clock: ManualClock, settings: StoreSettings) => ModelState,
): Mutant {
  return mutant(about, ({ clock, settings }) => {
    const store = new ModelStore(clock, settings, new state(clock, settings));
    return { store, locks: store.locks };
  });
}

function mutant(
  about: About,
  make: (options: { clock: ManualClock; settings: StoreSettings }) => { store: TaskStore; locks: LockStore },
): Mutant {
  const open: StoreUnderTest['open'] = async ({ clock, settings }) => {
    const { store, locks } = make({ clock, settings });
    return { store, locks, clock, dispose: () => store.close() };
  };
  return { ...about, supports: model.supports, open };
}

function override<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(sound, name) {
      const value: unknown = Reflect.get(Object.hasOwn(changes, name) ? changes : sound, name);
      // The model keeps its state in private fields, which only the model itself can reach.
      return typeof value === 'function' ? value.bind(sound) : value;
    },
  });
}
