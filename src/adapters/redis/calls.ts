// Calls scripts by name with their arguments by name. What the loader promised is checked here once per call: nothing
// missing, nothing unknown.
import { StoreUnavailable } from '../../domain/errors.ts';
import type { StoreSettings } from '../../ports/task-store.ts';
import { codeOf } from './faults.ts';
import type { FunctionLibrary } from './function-library.ts';
import type { RedisArg, RedisReply } from './link.ts';
import type { Script } from './scripts.ts';

export type ScriptArgs = Readonly<Record<string, RedisArg | number | readonly RedisArg[]>>;

/** What every step's reply begins with. */
export interface StepReply {
  /** Store time of the step, Unix ms. */
  readonly now: number;
  /** Types for which the step made work. */
  readonly workTypes: readonly string[];
  readonly values: readonly RedisReply[];
}

export interface Sender {
  send(args: readonly RedisArg[]): Promise<RedisReply>;
}

const MISSING = Symbol('there is no such function');
const FUNCTION_IS_MISSING = /Function not found/;
const NO_FUNCTIONS = /unknown command|permissions to run the '(?:fcall|function)/i;

export class Calls {
  readonly #shard: string;
  readonly #scripts: ReadonlyMap<string, Script>;
  readonly #settings: StoreSettings;
  /** For tests only: the time the store judges by. */
  readonly #storeTime: (() => number) | null;
  /** `null`: the server has none, or does not let this user load any. */
  #functions: FunctionLibrary | null;
  #step: Buffer;
  /** The node that acts through this store, when it is known: it is told of work by the reply. */
  #origin = '';

  constructor(parts: {
    readonly shard: string;
    readonly scripts: ReadonlyMap<string, Script>;
    readonly settings: StoreSettings;
    readonly storeTime: (() => number) | null;
    readonly functions: FunctionLibrary | null;
  }) {
    this.#shard = parts.shard;
    this.#scripts = parts.scripts;
    this.#settings = parts.settings;
    this.#storeTime = parts.storeTime;
    this.#functions = parts.functions;
    this.#step = this.#stepBytes(0);
  }

  set origin(nodeId: string) {
    if (nodeId === this.#origin) return;
    this.#origin = nodeId;
    this.#step = this.#stepBytes(0);
  }

  async step(sender: Sender, name: string, args: ScriptArgs = {}): Promise<StepReply> {
    const reply = (await this.#run(sender, name, args)) as RedisReply[];
    const [now, work, ...values] = reply;
    const types = text(work ?? '');
    return { now: Number(now), workTypes: types === '' ? [] : types.split('\n'), values };
  }

  async #run(sender: Sender, name: string, args: ScriptArgs): Promise<RedisReply> {
    const script = this.#scripts.get(name);
    if (!script) throw new Error(`there is no script called ${name}`);
    const step = this.#storeTime === null ? this.#step : this.#stepBytes(this.#storeTime());
    const list = [this.#shard, ...argList(script, { ...args, step })];
    const called = this.#functions?.names.get(name);
    if (called === undefined) return evaluate(sender, script, list);
    const call = ['FCALL', called, '1', ...list];
    const reply = await this.#unlessMissing(sender.send(call));
    if (reply !== MISSING) return reply;
    // A server that is new to this program, or was emptied; it may lose them again at once.
    const again = (await this.#loadLibrary(sender)) ? await this.#unlessMissing(sender.send(call)) : MISSING;
    return again === MISSING ? evaluate(sender, script, list) : again;
  }

  async #unlessMissing(reply: Promise<RedisReply>): Promise<RedisReply | typeof MISSING> {
    try {
      return await reply;
    } catch (error) {
      if (!this.#isWithoutFunctions(error) && !FUNCTION_IS_MISSING.test(String(error))) throw error;
      return MISSING;
    }
  }

  async #loadLibrary(sender: Sender): Promise<boolean> {
    if (this.#functions === null) return false;
    try {
      await sender.send(['FUNCTION', 'LOAD', 'REPLACE', this.#functions.text]);
      return true;
    } catch (error) {
      // What else is amiss, such as memory that is full, the script will be told if it matters to it.
      this.#isWithoutFunctions(error);
      return false;
    }
  }

  /** The server has no functions, or this user may not use them: scripts do the same. */
  #isWithoutFunctions(error: unknown): boolean {
    // A refusal is told as what it means to users; why it was refused is its cause.
    const refusal = error instanceof StoreUnavailable ? error.cause : error;
    if (!NO_FUNCTIONS.test(String(refusal))) return false;
    this.#functions = null;
    return true;
  }

  #stepBytes(now: number): Buffer {
    const { leaseMs, cancelGraceMs, semaphoreExpirationMs, retentionMs, idempotencyMs, stallMs } = this.#settings;
    const numbers = [now, leaseMs, cancelGraceMs, semaphoreExpirationMs, retentionMs, idempotencyMs, stallMs];
    const origin = Buffer.from(this.#origin);
    const bytes = Buffer.alloc(numbers.length * 8 + 2 + origin.length);
    for (const [index, number] of numbers.entries()) bytes.writeDoubleBE(number, index * 8);
    bytes.writeUInt16BE(origin.length, numbers.length * 8);
    origin.copy(bytes, numbers.length * 8 + 2);
    return bytes;
  }
}

async function evaluate(sender: Sender, script: Script, list: readonly RedisArg[]): Promise<RedisReply> {
  try {
    return await sender.send(['EVALSHA', script.sha, '1', ...list]);
  } catch (error) {
    if (codeOf(error) !== 'NOSCRIPT') throw error;
    // The server was restarted or its scripts were flushed. EVAL keeps the script for the next call.
    return sender.send(['EVAL', script.text, '1', ...list]);
  }
}

function argList(script: Script, args: ScriptArgs): RedisArg[] {
  const list: RedisArg[] = [];
  for (const name of script.args) {
    const value = args[name];
    if (value === undefined || Array.isArray(value)) throw new Error(`script ${script.name} needs one '${name}'`);
    list.push(typeof value === 'number' ? String(value) : (value as RedisArg));
  }
  let count = script.args.length;
  if (script.rest !== null) {
    const rest = args[script.rest];
    if (!Array.isArray(rest)) throw new Error(`script ${script.name} needs a list of '${script.rest}'`);
    for (const value of rest as readonly RedisArg[]) list.push(value);
    count += 1;
  }
  if (Object.keys(args).length !== count) throw new Error(`script ${script.name} was given more than it takes`);
  return list;
}

export function text(reply: RedisReply): string {
  return typeof reply === 'string' ? reply : Buffer.isBuffer(reply) ? reply.toString('utf8') : String(reply);
}

export function bytes(reply: RedisReply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  if (typeof reply === 'string') return Buffer.from(reply);
  throw new Error('bytes were expected from Redis');
}

export function list(reply: RedisReply | undefined): readonly RedisReply[] {
  if (Array.isArray(reply)) return reply;
  throw new Error('a list was expected from Redis');
}

/** Doubles one after the other. */
export function doubles(reply: RedisReply | undefined): number[] {
  const from = bytes(reply);
  return Array.from({ length: from.length / 8 }, (_, index) => from.readDoubleBE(index * 8));
}
