// Submitting over HTTP. Every submit carries an idempotency key, so that a call whose answer was lost can be made again
// without making the task twice.
import type { TaskInput } from '../contract/contract-task.ts';
import { invalidTask, programPath, type SubmitOptions, wireSubmit } from '../contract/submit-options.ts';
import { type ApiErrorCode, type Fault, XQueueError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { HttpCalls } from './http-calls.ts';

/** Some tasks of a batch were refused; the others were accepted. */
export class BatchRefused extends XQueueError {
  override readonly name = 'BatchRefused';
  /** In order of the call: the id of what was accepted, `null` for what was not. */
  readonly ids: readonly (string | null)[];
  constructor(ids: readonly (string | null)[], code: ApiErrorCode, faults: readonly Fault[]) {
    const accepted = ids.filter((id) => id !== null).length;
    const lines = faults.map(({ path, message }) => `  ${path} ${message}`);
    const head = `${ids.length - accepted} of ${ids.length} tasks were refused, ${accepted} are accepted:`;
    super(code, [head, ...lines].join('\n'), { faults });
    this.ids = ids;
  }
}

/** Leaves room below the server's limit for a body. */
const BODY_BYTES = LIMITS.bodyBytesMax - 64 * 1024;

/** @returns the id of the task */
export async function submitOne(
  http: HttpCalls,
  type: string,
  payload: unknown,
  options: readonly SubmitOptions[],
): Promise<string> {
  const faults: Fault[] = [];
  const { body, idempotencyKey } = wireSubmit(type, payload, options, '', faults);
  if (faults.length > 0) throw invalidTask(faults);
  const headers = { 'idempotency-key': headerOf(idempotencyKey ?? newKey()) };
  const bodyText = textOf(body, '');
  try {
    const { text } = await http.call('POST', '/tasks', { body: bodyText, headers, again: 'harmless' });
    return (JSON.parse(text) as { id: string }).id;
  } catch (error) {
    if (!(error instanceof XQueueError) || error.code !== 'invalid_request') throw error;
    throw invalidTask(error.faults.map(({ path, message }) => ({ path: programPath(path), message })));
  }
}

interface Item {
  readonly index: number;
  readonly text: string;
}

/** @returns the ids in order. @throws BatchRefused when some are not valid: the others are accepted all the same */
export async function submitMany(http: HttpCalls, tasks: readonly TaskInput[]): Promise<string[]> {
  const faults: Fault[] = [];
  const items: Item[] = [];
  const ids: (string | null)[] = tasks.map(() => null);
  const single: number[] = [];
  for (const [index, { type, payload, ...options }] of tasks.entries()) {
    const at = `[${index}].`;
    const { body, idempotencyKey } = wireSubmit(type, payload, [options], at, faults);
    // A batch has one key for all of its places, so a task with a key of its own travels by itself.
    if (idempotencyKey !== undefined) single.push(index);
    else items.push({ index, text: textOf(body, at) });
  }
  if (faults.length > 0) throw invalidTask(faults);
  let code: ApiErrorCode = 'invalid_request';
  for (const part of parts(items)) {
    const { results } = await sendBatch(http, part);
    for (const [place, { index }] of part.entries()) {
      const result = results[place];
      if (result?.task !== undefined) ids[index] = result.task.id;
      else if (result?.error !== undefined) {
        code = result.error.code;
        faults.push(...faultsOf(result.error, index, place));
      }
    }
  }
  for (const index of single) {
    const { type, payload, ...options } = tasks[index] as TaskInput;
    ids[index] = await submitOne(http, type, payload, [options]);
  }
  if (faults.length > 0) throw new BatchRefused(ids, code, faults);
  return ids.filter((id) => id !== null);
}

interface BatchText {
  readonly results: readonly {
    readonly task?: { readonly id: string };
    readonly error?: { readonly code: ApiErrorCode; readonly detail: string; readonly errors?: readonly Fault[] };
  }[];
}

async function sendBatch(http: HttpCalls, part: readonly Item[]): Promise<BatchText> {
  const body = `{"tasks":[${part.map(({ text }) => text).join(',')}]}`;
  const headers = { 'idempotency-key': newKey() };
  const { text } = await http.call('POST', '/tasks/batch', { body, headers, again: 'harmless' });
  return JSON.parse(text) as BatchText;
}

function faultsOf(error: NonNullable<BatchText['results'][number]['error']>, index: number, place: number): Fault[] {
  const { detail, errors = [] } = error;
  if (errors.length === 0) return [{ path: `[${index}]`, message: detail }];
  return errors.map(({ path, message }) => ({
    path: `[${index}].${programPath(path.replace(`/tasks/${place}`, ''))}`,
    message,
  }));
}

/** As many as a call may carry. */
function* parts(items: readonly Item[]): Generator<Item[], void, undefined> {
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size =
      item.text.length * 3 > BODY_BYTES - bytes ? new TextEncoder().encode(item.text).length : item.text.length;
    if (part.length > 0 && (part.length === LIMITS.batchMax || bytes + size > BODY_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size + 1;
  }
  if (part.length > 0) yield part;
}

function textOf(body: object, at: string): string {
  try {
    return JSON.stringify(body);
  } catch (error) {
    // A cycle or a BigInt.
    throw invalidTask([{ path: `${at}payload`, message: `must be a JSON value: ${String(error).split('\n', 1)[0]}` }]);
  }
}

/** The quoted form takes every visible character. */
function headerOf(key: string): string {
  return `"${key.replaceAll(/["\\]/g, '\\$&')}"`;
}

function newKey(): string {
  // `crypto.randomUUID` is there only on pages served over HTTPS; this is there everywhere.
  return [...crypto.getRandomValues(new Uint32Array(4))].map((word) => word.toString(36)).join('-');
}
