// The words scripts may use for what is decided elsewhere: names of keys, places of fields, formats, numbers of statuses.
// The loader puts the values in, so that a script holds no name, offset or number that could differ from the program's.
import { typeKey } from '../../domain/concurrency.ts';
import { LIMITS } from '../../domain/limits.ts';
import { EVENTS_HELD_MS } from '../../ports/log-intake.ts';
import type { ShardKeys } from './keys.ts';
import {
  APART_BYTES_MIN,
  CHUNK_TASKS,
  FIRST_FIELDS,
  FLAGS,
  LAYOUT,
  NEW_FIELDS,
  NEW_RECORD,
  RECORD_FIELDS,
  RECORD_GROUPS,
  RECORD_NOTES,
  STATE_CODES,
  STATE_FIELDS,
  STATUS_NUMBERS,
  TYPE_BYTES,
} from './layout.ts';
import { CLAIM_LANES, PAGE } from './pages.ts';

/** `K.lane` is word `lane` of group `K`. Values are Lua source. */
export type ScriptWords = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function scriptWords(keys: ShardKeys): ScriptWords {
  return {
    K: mapValues(keys.names, luaText),
    R: placesInRecord(),
    S: mapValues(STATUS_NUMBERS, String),
    B: mapValues(FLAGS, String),
    /** Bytes of the array of states, as Lua text. */
    X: mapValues(STATE_CODES, (code) => `'\\${code}'`),
    F: {
      /** What an event tells of a task. */
      event: formatOf(0, event),
      /** What changes. */
      changing: formatOf(0, attempt),
      /** Of an entry of `firsts`. */
      first: formatOfAll(FIRST_FIELDS),
      /** What the record of a new task begins with; and up to where its specification begins. */
      newHead: formatOfAll(NEW_FIELDS),
      new: formatOfAll([...NEW_FIELDS, ...RECORD_FIELDS.slice(attempt, front)]),
      /** What is asked of a waiting task: all up to the process timeout. */
      waiting: formatOf(0, front - 1),
      front: formatOf(0, front),
      /** From the creation, as bytes, to the process timeout. */
      fresh: formatOf(lane, front - 1).replace('>I6', 'c6'),
      tail: formatOf(body, RECORD_FIELDS.length),
      state: luaText(`>${'d'.repeat(STATE_FIELDS.length)}`),
    },
    C: {
      layout: String(LAYOUT),
      chunk: String(CHUNK_TASKS),
      typeBytes: String(TYPE_BYTES),
      firstBytes: String(sizeOf(FIRST_FIELDS)),
      /** So many leases that come at once are not kept as a list. */
      listedLeases: '20',
      /** The mark of a new record, and what follows its head. */
      newRecord: String(NEW_RECORD),
      newFixedAt: String(sizeOf(NEW_FIELDS) + 1),
      /** Where the token is, and the length of the worker, which is the last field of an attempt. */
      tokenAt: String(bytesOf(0, event) + 1),
      workerAt: String(bytesOf(0, attempt - 1) + 1),
      /** Bytes of a tail in which nothing is. */
      emptyTail: String(1 + 2 + 4 + 4),
      apart: String(APART_BYTES_MIN),
      attemptsKept: String(LIMITS.attemptsKept),
      linesKept: String(LIMITS.logLinesKept),
      lineBytesKept: String(LIMITS.logBytesKept),
      typeKey: luaText(typeKey('')),
      eventsHeldMs: String(EVENTS_HELD_MS),
      /** No own maximum: only an operator's limit counts. Larger than any maximum a task may ask for. */
      noMax: String(2 ** 32 - 1),
      /** What time has done is done for so many tasks in any call. */
      page: String(PAGE.time),
      claimLanes: String(CLAIM_LANES),
      listed: String(PAGE.list),
      /** Flags that make a task more than its front: what they announce must be read or told. */
      unusual: String(FLAGS.cancelRequested + FLAGS.progressApart + FLAGS.resultApart + FLAGS.hasTail),
    },
  };
}

const { event, attempt, lane, front, body } = RECORD_GROUPS;

/** Notes first, then the fields of the front and where it ends, then those of the tail. */
function placesInRecord(): Record<string, string> {
  const tail = RECORD_FIELDS.slice(body).map(([name]) => name);
  const names = [...RECORD_NOTES, ...RECORD_FIELDS.slice(0, front).map(([name]) => name), 'after', ...tail];
  return Object.fromEntries(names.map((name, index) => [name, String(index + 1)]));
}

function formatOf(from: number, to: number): string {
  return formatOfAll(RECORD_FIELDS.slice(from, to));
}

function formatOfAll(fields: readonly (readonly [name: string, format: string])[]): string {
  return luaText(`>${fields.map(([, format]) => format).join('')}`);
}

/** Of fields that are numbers. */
function bytesOf(from: number, to: number): number {
  return sizeOf(RECORD_FIELDS.slice(from, to));
}

function sizeOf(fields: readonly (readonly [name: string, format: string])[]): number {
  const sizes = fields.map(([, format]) => (format === 'B' ? 1 : Number(format.slice(1))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function mapValues<T>(record: Readonly<Record<string, T>>, value: (from: T) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, from]) => [name, value(from)]));
}

function luaText(text: string): string {
  if (/['\\\n]/.test(text)) throw new Error(`'${text}' cannot stand in a script`);
  return `'${text}'`;
}
