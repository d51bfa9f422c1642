// Values by MQTT topic filter, found by topic: one walk over the levels, however many filters there are.

interface Branch<T> {
  /** By level name, `+` and `#` included. */
  readonly next: Map<string, Branch<T>>;
  readonly values: Set<T>;
}

export class TopicTrie<T> {
  readonly #root: Branch<T> = branch();
  #size = 0;

  /** Filter and value pairs held. */
  get size(): number {
    return this.#size;
  }

  /** The same value under the same filter is held once. */
  add(filter: string, value: T): void {
    let at = this.#root;
    for (const level of filter.split('/')) {
      let below = at.next.get(level);
      if (!below) {
        below = branch();
        at.next.set(level, below);
      }
      at = below;
    }
    if (at.values.has(value)) return;
    at.values.add(value);
    this.#size++;
  }

  remove(filter: string, value: T): void {
    this.#remove(this.#root, filter.split('/'), 0, value);
  }

  /** The values of all filters that match, each once. */
  match(topic: string): Set<T> {
    const found = new Set<T>();
    if (this.#size === 0) return found;
    collect(this.#root, topic.split('/'), 0, (values) => {
      for (const value of values) found.add(value);
      return 'go on';
    });
    return found;
  }

  /** Whether any filter matches. */
  matches(topic: string): boolean {
    if (this.#size === 0) return false;
    return collect(this.#root, topic.split('/'), 0, () => 'stop') === 'stop';
  }

  /** Empty branches are cut, so that filters that come and go leave nothing. */
  #remove(at: Branch<T>, levels: readonly string[], depth: number, value: T): void {
    const level = levels[depth];
    if (level === undefined) {
      if (at.values.delete(value)) this.#size--;
      return;
    }
    const below = at.next.get(level);
    if (!below) return;
    this.#remove(below, levels, depth + 1, value);
    if (below.values.size === 0 && below.next.size === 0) at.next.delete(level);
  }
}

type Step = 'go on' | 'stop';

function branch<T>(): Branch<T> {
  return { next: new Map(), values: new Set() };
}

/** Calls `visit` with the values of each matching filter until it says stop. */
function collect<T>(
  at: Branch<T>,
  levels: readonly string[],
  depth: number,
  visit: (values: ReadonlySet<T>) => Step,
): Step {
  // [MQTT-4.7.2-1]: a wildcard in the first level does not match topics that begin with `$`.
  const wild = depth > 0 || !levels[0]?.startsWith('$');
  const rest = wild ? at.next.get('#') : undefined;
  if (rest && rest.values.size > 0 && visit(rest.values) === 'stop') return 'stop';
  const level = levels[depth];
  if (level === undefined) return at.values.size > 0 ? visit(at.values) : 'go on';
  const named = at.next.get(level);
  if (named && collect(named, levels, depth + 1, visit) === 'stop') return 'stop';
  const any = wild ? at.next.get('+') : undefined;
  return any ? collect(any, levels, depth + 1, visit) : 'go on';
}
