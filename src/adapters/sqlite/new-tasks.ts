// New tasks of one call on their way into the tables, several with one statement: SQLite sets out once for each statement,
// opening the table and every index of it.
import type { SqlValue } from './database.ts';
import type { SpecColumns } from './rows.ts';
import type { Step } from './step.ts';

export type TaskValues = [
  seq: number,
  id: string,
  typeId: number,
  score: number,
  laneId: number | null,
  dueAt: number,
  queueDeadline: number | null,
  createdAt: number,
  updatedAt: number,
  limits: string | null,
  keyId: number | null,
  facets: string | null,
];

export type SpecValues = [seq: number, ...spec: SpecColumns];

/** Tasks with one statement. Of more there is nothing left to gain. */
const TOGETHER = 16;

/** About what a claim adds to a row: the node, when it started, its deadline, the token. */
const ROOM = '.'.repeat(40);

const TASK = `(?, ?, ?, 0, 0, ?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?, '${ROOM}')`;
const SPEC = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

function insertTasks(count: number): string {
  return `INSERT INTO task (seq, id, type_id, status, stage, score, lane_id, due_at, queue_deadline, version, retry, recoveries,
    attempt, cancel_requested, lease, token, settled_token, created_at, updated_at, limits, key_id, facets, room)
    VALUES ${Array(count).fill(TASK).join(', ')}`;
}

function insertSpecs(count: number): string {
  return `INSERT INTO spec VALUES ${Array(count).fill(SPEC).join(', ')}`;
}

const ONE = { tasks: insertTasks(1), specs: insertSpecs(1) };
const SOME = { tasks: insertTasks(TOGETHER), specs: insertSpecs(TOGETHER) };

export class NewTasks {
  readonly #step: Step;
  #tasks: SqlValue[] = [];
  #specs: SqlValue[] = [];
  #count = 0;

  constructor(step: Step) {
    this.#step = step;
  }

  add(task: TaskValues, spec: SpecValues): void {
    this.#tasks.push(...task);
    this.#specs.push(...spec);
    this.#count += 1;
    if (this.#count < TOGETHER) return;
    this.#step.db.run(SOME.tasks, ...this.#tasks);
    this.#step.db.run(SOME.specs, ...this.#specs);
    this.#tasks = [];
    this.#specs = [];
    this.#count = 0;
  }

  /** Before anything looks for a task. */
  write(): void {
    const { db } = this.#step;
    const [tasks, specs] = [this.#tasks.length / this.#count, this.#specs.length / this.#count];
    for (let index = 0; index < this.#count; index++) {
      db.run(ONE.tasks, ...this.#tasks.slice(index * tasks, (index + 1) * tasks));
      db.run(ONE.specs, ...this.#specs.slice(index * specs, (index + 1) * specs));
    }
    this.#tasks = [];
    this.#specs = [];
    this.#count = 0;
  }
}
