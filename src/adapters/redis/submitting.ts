// Submit: packs what clients asked for, and says what became of it.
import { acceptedTask } from '../../domain/accepted-task.ts';
import { isOneLane, laneName } from '../../domain/concurrency.ts';
import type { Submission, SubmitReply } from '../../ports/task-store.ts';
import { BYTES_PER_CHAR_MAX, Writer } from './bytes.ts';
import { text } from './calls.ts';
import { ID_BYTES, isAnIdTwice, writeNewId } from './ids.ts';
import { APART_BYTES_MIN, FLAGS } from './layout.ts';
import type { RedisArg } from './link.ts';
import { submitPageEnd } from './pages.ts';
import { hasFacets, haveSameFacets, packFacets, packLimits, packSpec } from './record.ts';
import type { Shard } from './shard.ts';
import { readTasks, reasonOf } from './views.ts';

/** Flags of a head beyond those that are kept: facets are those of the task before; they follow; an idempotency key and a fingerprint do. */
const SAME_FACETS = 32;
const HAS_FACETS = 64;
const HAS_KEY = 128;
/** flags, kind of due, due, priority, queue timeout, number of the lane */
const HEAD_BYTES = 1 + 1 + 8 + 4 + 6 + 2;
/** Of a record with a small payload; room for larger ones is made. */
const RECORD_BYTES = 256;

export async function submit(shard: Shard, batch: readonly Submission[]): Promise<SubmitReply[]> {
  const replies: SubmitReply[] = [];
  for (let from = 0; from < batch.length; ) {
    const end = submitPageEnd(batch, from);
    const page = await submitPage(shard, from === 0 && end === batch.length ? batch : batch.slice(from, end));
    if (page.length === batch.length) return page;
    for (const reply of page) replies.push(reply);
    from = end;
  }
  return replies;
}

async function submitPage(shard: Shard, batch: readonly Submission[]): Promise<SubmitReply[]> {
  const { now, values } = await shard.step('submit', submitArgs(batch, shard));
  const [states, reasons, views] = values;
  const old = readTasks(views);
  const letters = text(reasons ?? '');
  const became = text(states ?? '');
  let nextOld = 0;
  return batch.map((submission, index): SubmitReply => {
    const state = became[index];
    if (state === 'c') return created(submission, now, letters[index]);
    if (state === 'x') return { state: 'conflict' };
    const task = old[nextOld++];
    if (!task) throw new Error('a submit answered fewer tasks than it named');
    return { state: state === 'e' ? 'exists' : 'replayed', task };
  });
}

/** What scripts that take tasks in are told of them. */
export function submitArgs(batch: readonly Submission[], { log, taskKey }: Pick<Shard, 'log' | 'taskKey'>) {
  const lanes = new Lanes();
  const runs = new Runs(batch.length);
  const ids = Buffer.allocUnsafe(batch.length * ID_BYTES);
  // One argument for all records: a thousand small ones cost the client library and the system more than packing them.
  const specs = new Writer(batch.length * RECORD_BYTES);
  const apart: RedisArg[] = [];
  let idAt = 0;
  let before: Submission | null = null;
  for (const submission of batch) {
    writeNewId(ids, submission.spec.id, idAt);
    idAt += ID_BYTES;
    pack(submission, before, lanes, runs, specs, apart, log?.tag ?? 0);
    before = submission;
  }
  const twice = isAnIdTwice(batch, ({ spec }) => spec.id) ? 1 : 0;
  const laneCount = lanes.args.length / 2;
  const args = [...lanes.args, ...apart];
  return { ids, keys: keysOf(ids, taskKey), runs: runs.done(), specs: specs.done(), twice, laneCount, args };
}

/** The keys of tasks, one after the other: for a script to put each together costs more than to send them. */
function keysOf(ids: Buffer, taskKey: string): Buffer {
  const prefix = Buffer.from(taskKey);
  const keys = Buffer.allocUnsafe((ids.length / ID_BYTES) * (prefix.length + ID_BYTES));
  let at = 0;
  for (let idAt = 0; idAt < ids.length; idAt += ID_BYTES) {
    for (let byte = 0; byte < prefix.length; byte++) keys[at++] = prefix[byte] as number;
    for (let byte = 0; byte < ID_BYTES; byte++) keys[at++] = ids[idAt + byte] as number;
  }
  return keys;
}

/** The distinct lanes (type and limits) of a batch: tasks name theirs by its number, counted from 1. */
class Lanes {
  readonly args: RedisArg[] = [];
  readonly #numbers = new Map<string, number>();
  #before: Submission['spec'] | null = null;
  #numberBefore = 0;

  numberOf(spec: Submission['spec']): number {
    if (this.#before === null || !isOneLane(spec, this.#before)) this.#numberBefore = this.#lookUp(spec);
    this.#before = spec;
    return this.#numberBefore;
  }

  #lookUp({ type, limits }: Submission['spec']): number {
    const name = laneName(type, limits);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      this.args.push(type, packLimits(limits));
      number = this.args.length / 2;
      this.#numbers.set(name, number);
    }
    return number;
  }
}

function created({ spec, due }: Submission, now: number, letter: string | undefined): SubmitReply {
  const runAt = 'at' in due ? Math.max(now, due.at) : now + due.afterMs;
  return { state: 'created', task: acceptedTask(spec, now, runAt, reasonOf(letter)) };
}

/** Heads that are the same for submissions that follow each other are told once. */
class Runs {
  readonly #bytes: Buffer;
  #at = 0;
  #count = 0;

  constructor(countMax: number) {
    this.#bytes = Buffer.allocUnsafe(countMax * (HEAD_BYTES + 2));
  }

  add({ spec, due }: Submission, flags: number, lane: number): void {
    const head = this.#at + 2;
    const bytes = this.#bytes;
    bytes[head] = flags;
    bytes[head + 1] = 'at' in due ? 1 : 0;
    bytes.writeDoubleBE('at' in due ? due.at : due.afterMs, head + 2);
    bytes.writeInt32BE(spec.priority, head + 10);
    bytes.writeUIntBE(spec.queueTimeoutMs, head + 14, 6);
    bytes.writeUInt16BE(lane, head + 20);
    if (this.#count > 0 && this.#isAsBefore(head)) {
      this.#count += 1;
    } else {
      this.#at += 2 + HEAD_BYTES;
      this.#count = 1;
    }
    bytes.writeUInt16BE(this.#count, this.#at - HEAD_BYTES - 2);
  }

  /** Byte by byte, which for so few is several times faster than a comparison outside JavaScript. */
  #isAsBefore(head: number): boolean {
    const before = this.#at - HEAD_BYTES;
    for (let at = 0; at < HEAD_BYTES; at++) if (this.#bytes[before + at] !== this.#bytes[head + at]) return false;
    return true;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}

/** The bytes are counted only when the length leaves it open. */
function isLong(payload: string): boolean {
  return payload.length * BYTES_PER_CHAR_MAX >= APART_BYTES_MIN && Buffer.byteLength(payload) >= APART_BYTES_MIN;
}

function pack(
  submission: Submission,
  before: Submission | null,
  lanes: Lanes,
  runs: Runs,
  specs: Writer,
  apart: RedisArg[],
  logTag: number,
): void {
  const { spec, idempotency, record } = submission;
  const isApart = isLong(spec.payload);
  const facets = hasFacets(spec) ? (before && haveSameFacets(spec, before.spec) ? SAME_FACETS : HAS_FACETS) : 0;
  const flags = (isApart ? FLAGS.payloadApart : 0) + facets + (idempotency ? HAS_KEY : 0);
  runs.add(submission, flags, lanes.numberOf(spec));
  const place = record ? ([record.partition, record.offset, logTag] as const) : null;
  specs.sized(() => packSpec(specs, spec, isApart ? '' : spec.payload, place));
  if (idempotency) apart.push(idempotency.key, idempotency.fingerprint);
  if (facets === HAS_FACETS) apart.push(packFacets(spec));
  if (isApart) apart.push(spec.payload);
}
