// What was heard last of each task, so that what comes again, or comes late, is not told twice or backwards.

export class NewestVersions {
  /** In the order in which they were heard of. */
  readonly #versions = new Map<string, number>();
  readonly #tasksMax: number;

  /** @param tasksMax those that were not heard of for the longest time are forgotten beyond this */
  constructor(tasksMax: number) {
    this.#tasksMax = tasksMax;
  }

  /** Whether this is newer than all that was told of the task; from now on it counts as told. */
  isNews(id: string, version: number): boolean {
    if (version <= (this.#versions.get(id) ?? 0)) return false;
    this.#versions.delete(id);
    this.#versions.set(id, version);
    if (this.#versions.size > this.#tasksMax) this.#versions.delete(this.#versions.keys().next().value ?? '');
    return true;
  }
}
