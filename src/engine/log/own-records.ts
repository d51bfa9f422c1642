// Which records of the log this node wrote itself and has put into the store since. Who reads the log need not fetch them: on a
// node that writes most of what it reads, that is most of the work. Only a help: what is forgotten here is read from the log.
import type { LogPosition } from '../../ports/task-log.ts';

/** Far more than is written between two looks at the log; what lies on partitions that others read is dropped by it. */
const RECORDS_MAX = 4_000;

export class OwnRecords {
  /** Ids of the tasks by partition and offset, about in the order of offsets. */
  readonly #ids = new Map<number, Map<number, string>>();

  add({ partition, offset }: LogPosition, id: string): void {
    let ids = this.#ids.get(partition);
    if (ids === undefined || ids.size >= RECORDS_MAX) {
      ids = new Map();
      this.#ids.set(partition, ids);
    }
    ids.set(offset, id);
  }

  /** Tasks of the records from `offset` on, as far as each of them is known; those before it are forgotten. */
  from(partition: number, offset: number, max: number): string[] {
    const ids = this.#ids.get(partition);
    if (ids === undefined) return [];
    for (const known of ids.keys()) {
      if (known >= offset) break;
      ids.delete(known);
    }
    const run: string[] = [];
    for (let id = ids.get(offset); id !== undefined && run.length < max; id = ids.get(offset + run.length))
      run.push(id);
    return run;
  }
}
