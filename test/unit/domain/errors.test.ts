// The closed catalogue of errors, and the errors made from it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  API_ERRORS,
  type ApiErrorCode,
  NonRetryableError,
  RetryAfterError,
  StoreUnavailable,
  TASK_ERROR_CODES,
  XQueueError,
} from '../../../src/domain/errors.ts';

const codes = Object.keys(API_ERRORS) as ApiErrorCode[];

describe('the catalogue of errors', () => {
  it('has codes that are stable words', () => {
    for (const code of [...codes, ...Object.keys(TASK_ERROR_CODES)]) assert.match(code, /^[a-z]+(_[a-z]+)*$/);
  });

  it('has HTTP statuses of refusals and faults only, and says "try again" exactly where the fault is not in the request', () => {
    for (const code of codes) {
      const { status, retryable } = API_ERRORS[code];
      assert.ok(status >= 400 && status <= 599, code);
      assert.equal(retryable, status >= 500 || status === 408, code);
    }
  });

  it('has a title of its own for each code', () => {
    const titles = codes.map((code) => API_ERRORS[code].title);
    assert.equal(new Set(titles).size, titles.length);
  });
});

describe('an XQueue error', () => {
  it('says the title of its code when nobody says more', () => {
    assert.equal(new XQueueError('task_not_found').message, 'There is no task with this id');
    assert.equal(new XQueueError('task_not_found', 'No task 7').message, 'No task 7');
  });

  it('carries the faults of the input and the cause', () => {
    const cause = new Error('disk');
    const faults = [{ path: '/type', message: 'is missing' }];
    const error = new XQueueError('invalid_request', 'no', { faults, cause });
    assert.deepEqual([error.faults, error.cause, error.retryable], [faults, cause, false]);
  });

  it('of an unusable store invites another try', () => {
    const error = new StoreUnavailable('disk full');
    assert.deepEqual([error.code, error.retryable, error.name], ['store_unavailable', true, 'StoreUnavailable']);
  });
});

describe('the errors a handler throws', () => {
  it('can be told apart by name, also when they come from another copy of the package', () => {
    assert.equal(new NonRetryableError('no').name, 'NonRetryableError');
    const later = new RetryAfterError('later', 30);
    assert.deepEqual([later.name, later.retryAfterSeconds], ['RetryAfterError', 30]);
  });
});
