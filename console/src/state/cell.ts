// A value that components can watch.
import { useEffect, useState } from 'preact/hooks';

export class Cell<T> {
  #value: T;
  readonly #watchers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of this.#watchers) watcher(value);
  }

  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}

export function useCell<T>(cell: Cell<T>): T {
  const [, update] = useState(0);
  useEffect(() => {
    // It may have changed between rendering and here.
    update((n) => n + 1);
    return cell.watch(() => update((n) => n + 1));
  }, [cell]);
  return cell.get();
}
