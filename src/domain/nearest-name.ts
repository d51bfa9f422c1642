// "Did you mean ...?": the known name that is closest to one that is not known.

/** The closest of `names` when it is close enough to be what was meant, else `null`. */
export function nearestName(wanted: string, names: Iterable<string>): string | null {
  // Comparing costs length times length; nobody mistypes a name into something this long.
  if (wanted.length > 64) return null;
  const target = simple(wanted);
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const candidate = simple(name);
    const distance = distanceTo(target, candidate);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  // Two changes make anything of a name of three letters.
  return bestDistance <= (target.length < 4 ? 1 : Math.max(2, Math.floor(target.length / 3))) ? best : null;
}

function distanceTo(target: string, candidate: string): number {
  // `max_concurrency` for `queue.max_concurrency`: the section is what people forget first.
  if (candidate.endsWith(`.${target}`)) return 0.5;
  // `timeout` for `queue_timeout`, `prio` for `priority`.
  if (target.length > 3 && (candidate.endsWith(`_${target}`) || candidate.startsWith(target))) return 1;
  return editDistance(target, candidate);
}

function simple(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll('-', '_');
}

/** Insertions, deletions, replacements and swaps of neighbours it takes to make one from the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replace, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
