// Which subscriptions make sense here. Filters are judged against the bases below which the server publishes.

/** Longest filter taken, in characters; our own topics are far shorter. */
const FILTER_LENGTH_MAX = 512;

/**
 * Whether the filter is well formed and can match a topic below one of the bases. `#` and `task/#` can; they get our
 * topics and nothing else, because nothing else is ever published in the embedded broker. A filter that never could is a
 * typing error its author wants to hear of.
 */
export function canMatchBelow(filter: string, bases: readonly string[]): boolean {
  if (!wellFormed(filter)) return false;
  const levels = filter.split('/');
  return bases.some((base) => reachesBelow(levels, base.split('/')));
}

/**
 * Whether everything the filter matches lies below one of the bases or below their common parent (`task/#`). For brokers
 * that others publish to as well: who may read tasks may not read everything.
 */
export function staysWithin(filter: string, bases: readonly string[]): boolean {
  if (!wellFormed(filter)) return false;
  const parent = commonParent(bases);
  const roots = parent === '' ? bases : [parent, ...bases];
  return roots.some((root) => filter.startsWith(`${root}/`) && !/[+#]/.test(root));
}

/** MQTT 3.1.1 section 4.7. `$share/...` and `$SYS/...` are never granted: the first is MQTT 5, the second tells of others. */
function wellFormed(filter: string): boolean {
  if (filter.length === 0 || filter.length > FILTER_LENGTH_MAX || filter.startsWith('$') || filter.includes('\0')) {
    return false;
  }
  const levels = filter.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
}

function reachesBelow(filter: readonly string[], base: readonly string[]): boolean {
  for (const [index, level] of base.entries()) {
    const asked = filter[index];
    if (asked === '#') return true;
    if (asked !== '+' && asked !== level) return false;
  }
  return filter.length > base.length;
}

function commonParent(bases: readonly string[]): string {
  const [first = '', ...others] = bases.map((base) => base.split('/').slice(0, -1).join('/'));
  return others.every((parent) => parent === first) ? first : '';
}
