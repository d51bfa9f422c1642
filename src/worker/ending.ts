// How a handler's end is recorded: what it returned as JSON text, what it threw as a message a person can read.
// Handlers are the user's code: nothing they return or throw may break the worker.
import { inspect } from 'node:util';
import { LIMITS } from '../domain/limits.ts';
import type { Ending } from '../domain/outcome.ts';

const RETRY_AFTER_MS_MAX = LIMITS.durationSecondsMax * 1000;

/** `undefined` is recorded as `null`. As in every JSON, members that are functions or `undefined` are left out. */
export function endingOfReturn(value: unknown): Ending {
  if (value === undefined) return { kind: 'returned', result: null };
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    return {
      kind: 'threw',
      errorCode: 'result_not_serializable',
      error: cut(`Result is not JSON: ${messageOf(error)}`),
    };
  }
  if (text === undefined) {
    return {
      kind: 'threw',
      errorCode: 'result_not_serializable',
      error: `Result is not JSON: it is a ${typeof value}`,
    };
  }
  if (isLonger(text, LIMITS.jsonBytesMax)) {
    const error = `Result is larger than ${LIMITS.jsonBytesMax} bytes`;
    return { kind: 'threw', errorCode: 'result_too_large', error };
  }
  return { kind: 'returned', result: text };
}

/** Errors are told apart by `name` as well: the user's program may hold another copy of the classes. */
export function endingOfThrow(thrown: unknown): Ending {
  const error = messageOf(thrown);
  const name = memberOf(thrown, 'name');
  if (name === 'NonRetryableError') return { kind: 'threw', errorCode: 'non_retryable', error };
  if (name === 'RetryAfterError') {
    const seconds = memberOf(thrown, 'retryAfterSeconds');
    if (typeof seconds === 'number' && seconds >= 0) {
      const retryAfterMs = Math.min(Math.round(seconds * 1000), RETRY_AFTER_MS_MAX);
      return { kind: 'threw', errorCode: 'handler_error', error, retryAfterMs };
    }
  }
  return { kind: 'threw', errorCode: 'handler_error', error };
}

/** A message for anything that can be thrown, at most `LIMITS.errorBytesMax` bytes; never throws. */
export function messageOf(thrown: unknown): string {
  const message = memberOf(thrown, 'message');
  if (typeof message === 'string' && message !== '') return cut(message);
  const name = memberOf(thrown, 'name');
  if (thrown instanceof Error) return cut(typeof name === 'string' && name !== '' ? name : 'Error without a message');
  if (typeof thrown === 'string') return thrown === '' ? 'The handler threw an empty text' : cut(thrown);
  return cut(`The handler threw ${described(thrown)}`);
}

/** Whether the UTF-8 form has more than `bytesMax` bytes; counts only when the length leaves it open. */
export function isLonger(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

/** Getters and proxies may throw. */
function memberOf(thrown: unknown, member: string): unknown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) return undefined;
  try {
    return (thrown as Record<string, unknown>)[member];
  } catch {
    return undefined;
  }
}

function described(thrown: unknown): string {
  try {
    return inspect(thrown, {
      depth: 2,
      maxArrayLength: 20,
      maxStringLength: 1000,
      breakLength: Number.POSITIVE_INFINITY,
    });
  } catch {
    return 'something that cannot be shown';
  }
}

const ELLIPSIS = '…';
const encoder = new TextEncoder();
const room = new Uint8Array(LIMITS.errorBytesMax);

/** Cuts between characters, and replaces halves of characters, which are not UTF-8. */
function cut(text: string): string {
  return cutTo(text, LIMITS.errorBytesMax);
}

/** @param bytesMax at most `LIMITS.errorBytesMax` */
export function cutTo(text: string, bytesMax: number): string {
  if (!isLonger(text, bytesMax)) return text.toWellFormed();
  const { read } = encoder.encodeInto(text, room.subarray(0, bytesMax - Buffer.byteLength(ELLIPSIS)));
  return `${text.slice(0, read).toWellFormed()}${ELLIPSIS}`;
}
