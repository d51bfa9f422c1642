// A thin layer over node:sqlite: prepared statements by their text, rows as arrays, faults in our own words.
// It knows SQL errors and files, and nothing of tasks.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as sqlite from 'node:sqlite';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../../domain/errors.ts';
import { fromStored, toStored } from './whole-text.ts';

/**
 * Node calls its SQLite module experimental each time it is loaded. Whoever runs XQueue did not choose it and can do
 * nothing about it, in whichever program and thread it happens; so this one warning is not given.
 */
function loadSqlite(): typeof sqlite {
  const warn = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    if (warn !== undefined) Object.defineProperty(process, 'emitWarning', warn);
  }
}

export type SqlValue = null | number | string;

/** Thrown by `openDatabase`: the file belongs to another process, is no database, or is newer than this program. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
}

export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #sync: 'full' | 'normal' | null = null;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Runs a statement that answers no rows. Not by its own `run`, which makes an object of counts that nobody asks for. */
  run(sql: string, ...values: SqlValue[]): void {
    this.#prepared(sql).get(...toStored(values));
  }

  /** First row as an array of its columns. */
  row<Row extends SqlValue[]>(sql: string, ...values: SqlValue[]): Row | undefined {
    const row = this.#prepared(sql).get(...toStored(values)) as unknown as Row | undefined;
    if (row) fromStored(row);
    return row;
  }

  rows<Row extends SqlValue[]>(sql: string, ...values: SqlValue[]): Row[] {
    const rows = this.#prepared(sql).all(...toStored(values)) as unknown as Row[];
    for (const row of rows) fromStored(row);
    return rows;
  }

  /** Runs text as it is, without keeping it prepared (schema changes, pragmas, generated queries). */
  script(sql: string): void {
    this.#db.exec(sql);
  }

  /** `full`: the next commit waits until it is on disk. `normal`: it does not, but keeps its place in the log. */
  syncOnCommit(level: 'full' | 'normal'): void {
    if (level === this.#sync) return;
    this.#db.exec(`PRAGMA synchronous = ${level}`);
    this.#sync = level;
  }

  /** Rows of a statement that is not worth keeping. */
  once<Row extends SqlValue[]>(sql: string, ...values: SqlValue[]): Row[] {
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    return statement.all(...values) as unknown as Row[];
  }

  /** The texts of all statements in use so far; a test looks at how each is executed. */
  statements(): string[] {
    return [...this.#statements.keys()];
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Opens and migrates the file (`:memory:` allowed) and takes it for this process alone.
 * @throws DatabaseRefused with a message a person can act on
 */
export function openDatabase(path: string): Database {
  const inMemory = path === ':memory:';
  try {
    if (!inMemory) mkdirSync(dirname(path), { recursive: true });
    const { DatabaseSync } = loadSqlite();
    const db = new DatabaseSync(path, { timeout: 0 });
    const database = new Database(db);
    try {
      // Exclusive before the first read: the write-ahead index then lives in this process and nobody else gets in.
      database.script('PRAGMA locking_mode = EXCLUSIVE');
      database.script('PRAGMA journal_mode = WAL');
      database.syncOnCommit('full');
      // 16 MB. A longer log would save 4 % of the work, and be in the way on a small disk: it needs its room before it begins anew.
      database.script('PRAGMA wal_autocheckpoint = 4000');
      database.script('PRAGMA journal_size_limit = 67108864');
      database.script('PRAGMA cache_size = -32768');
      database.script('PRAGMA temp_store = MEMORY');
      migrate(database);
    } catch (error) {
      db.close();
      throw error;
    }
    return database;
  } catch (error) {
    if (error instanceof DatabaseRefused) throw error;
    throw new DatabaseRefused(refusal(path, error), { cause: error });
  }
}

function migrate(database: Database): void {
  const folder = new URL('./migrations/', import.meta.url);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const [version] = database.once<[number]>('PRAGMA user_version')[0] ?? [0];
  if (version > files.length) {
    throw new DatabaseRefused(
      `The data file was written by a newer XQueue (schema ${version}; this one knows ${files.length}). Use that version, or another file.`,
    );
  }
  // What is up to date is not written to: it must open on a full disk as well.
  if (version === files.length) return;
  database.script('BEGIN EXCLUSIVE');
  for (const [index, name] of files.entries()) {
    if (index >= version) database.script(readFileSync(new URL(name, folder), 'utf8'));
  }
  database.script(`PRAGMA user_version = ${files.length}`);
  database.script('COMMIT');
}

const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

function refusal(path: string, error: unknown): string {
  switch (primaryCode(error)) {
    case SQLITE_BUSY:
      return `The data file ${path} is in use by another process. Stop that one, or choose another file.`;
    case SQLITE_NOTADB:
      return `The file ${path} is not an XQueue data file.`;
    case SQLITE_CANTOPEN:
      return `The data file ${path} cannot be opened: check that its folder exists and may be written.`;
    default:
      return `The data file ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** SQLite's primary result code, or `undefined` when the error is not SQLite's. */
function primaryCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

const CODES_OF_THE_ENVIRONMENT = new Map([
  [SQLITE_BUSY, 'the data file is locked'],
  [7, 'out of memory'],
  [8, 'the data file is read-only'],
  [10, 'reading or writing the disk failed'],
  [11, 'the data file is damaged'],
  [13, 'the disk is full'],
  [SQLITE_CANTOPEN, 'the data file cannot be opened'],
  [SQLITE_NOTADB, 'the data file is damaged'],
]);

/** How a fault is told across a thread, where classes do not survive. */
export function storeFailure(error: unknown): { unavailable: boolean; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { unavailable: error instanceof StoreUnavailable, message };
}

/** A fault of disk or file becomes `StoreUnavailable`; anything else is a mistake of ours and stays as it is. */
export function storeFault(error: unknown): unknown {
  const code = primaryCode(error);
  const reason = code === undefined ? undefined : CODES_OF_THE_ENVIRONMENT.get(code);
  return reason === undefined ? error : new StoreUnavailable(`The embedded store cannot be used: ${reason}`, error);
}
