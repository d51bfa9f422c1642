// Place of a task among those that wait: one exact number, smaller first.

/** Room for 8.6 billion tasks per priority; with priorities of at most a million the result stays below 2^53. */
const PER_PRIORITY = 2 ** 33;

export function priorityScore(priority: number, seq: number): number {
  return seq - priority * PER_PRIORITY;
}
