// The table of error classes in docs/errors.md. A class that the package exports and that has no row here stops the
// generation, and so does a row of a class that is gone.
import * as client from '../../src/client.ts';
import * as main from '../../src/index.ts';

interface Row {
  readonly when: string;
  readonly code: string;
  readonly retryable: string;
  readonly carries: string;
}

const TASK_CODES = 'an `error_code` of the table above';

const ROWS: Readonly<Record<string, Row>> = {
  TaskError: {
    when: 'base of the next three: what `handle.result()` throws when the task did not succeed',
    code: TASK_CODES,
    retryable: 'whether `retry(task.id)` may end better with nothing else changed',
    carries: '`task` as it ended; `cause`: its last attempt, `undefined` when it never ran',
  },
  TaskFailed: {
    when: 'the handler failed for good, or its node was lost once too often',
    code: '`handler_error`, `non_retryable`, `process_timeout`, `worker_lost`, `result_not_serializable`, `result_too_large`',
    retryable: 'yes for `handler_error`, `process_timeout`, `worker_lost`',
    carries: 'as `TaskError`',
  },
  TaskCanceled: {
    when: 'somebody canceled the task; the message has the reason',
    code: '`canceled`',
    retryable: 'no',
    carries: 'as `TaskError`',
  },
  TaskTimedOut: {
    when: 'the task waited longer than its queue timeout',
    code: '`queue_timeout`',
    retryable: 'yes',
    carries: 'as `TaskError`',
  },
  WaitTimedOut: {
    when: '`handle.result({ timeout })`: the wait is over, the task goes on',
    code: '`wait_timeout`',
    retryable: 'yes',
    carries: '',
  },
  ContractMismatch: {
    when: '`handle.result()` and `handle.watch()`: a result or a progress that the contract of the caller does not allow',
    code: '`contract_mismatch`',
    retryable: 'no',
    carries: '`faults`',
  },
  XQueueError: {
    when: 'any call that is refused',
    code: 'a code of the first table',
    retryable: 'as the first table says',
    carries: '`faults`: each with its `path`; `cause`, if there is one',
  },
  StoreUnavailable: {
    when: 'a call that needs the store, which is away',
    code: '`store_unavailable`',
    retryable: 'yes',
    carries: '`cause`',
  },
  LogUnavailable: {
    when: 'a submit that needs Kafka, which is away',
    code: '`log_unavailable`',
    retryable: 'yes',
    carries: '`cause`',
  },
  BatchRefused: {
    when: '`submitMany` and `submitTasks` of `xqueue/client`: some of many were not accepted',
    code: 'the code of the last one that was refused',
    retryable: 'as that code',
    carries: '`ids` in order, `null` for what was refused; `faults`',
  },
  ServerUnreachable: {
    when: '`xqueue/client`: no server answered, however often it was asked',
    code: '`unreachable`',
    retryable: 'yes',
    carries: '`cause`',
  },
  NonRetryableError: {
    when: 'thrown by a handler: fail now, whatever retries are left',
    code: '`non_retryable`',
    retryable: 'no',
    carries: '',
  },
  RetryAfterError: {
    when: 'thrown by a handler: try again after `retryAfterSeconds`, if retries are left',
    code: '`retry_after`',
    retryable: 'yes',
    carries: '`retryAfterSeconds`',
  },
  HandlerAborted: {
    when: '`ctx.signal.reason` of a handler that should stop, thrown by `ctx.signal.throwIfAborted()`',
    code: '',
    retryable: '',
    carries:
      '`reason`: `canceled`, `process_timeout`, `lease_lost` or `shutdown`; `cancelReason`: what the cancel gave as its reason, or `null`',
  },
  StartError: {
    when: '`TaskManager.start()`: a data file, port or server that was configured cannot be had',
    code: '',
    retryable: '',
    carries: '`setting`: the name of the setting',
  },
  ConfigError: {
    when: '`TaskManager.start()`: settings that are not valid, all in one message',
    code: '',
    retryable: '',
    carries: '`problems`',
  },
};

/** @throws when rows and classes do not match */
export function errorClassRows(): string[][] {
  const exported = Object.entries({ ...client, ...main }).filter(([, value]) => isErrorClass(value));
  const names = exported.map(([name]) => name);
  const missing = names.filter((name) => !(name in ROWS));
  const gone = Object.keys(ROWS).filter((name) => !names.includes(name));
  if (missing.length + gone.length > 0) {
    throw new Error(
      `error-classes.ts: no row for ${missing.join(', ') || 'none'}; no class for ${gone.join(', ') || 'none'}`,
    );
  }
  return Object.entries(ROWS).map(([name, { when, code, retryable, carries }]) => [
    `\`${name}\``,
    when,
    code,
    retryable,
    carries,
  ]);
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Error;
}
