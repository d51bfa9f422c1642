// The closed catalogue of errors. Code, HTTP status, whether a later try can help, and the title a person reads.
// docs/errors.md lists the same codes; a test compares them.

/** Recorded on a task as `error_code`. */
export const TASK_ERROR_CODES = {
  handler_error: 'The handler threw an error',
  non_retryable: 'The handler threw an error that must not be retried',
  process_timeout: 'One attempt ran longer than its process_timeout',
  queue_timeout: 'The task waited longer than its queue_timeout',
  worker_lost: 'The node that ran the task disappeared too often',
  result_not_serializable: 'The handler returned something that is not JSON',
  result_too_large: 'The handler returned more than the limit',
  canceled: 'The task was canceled',
} as const;
export type TaskErrorCode = keyof typeof TASK_ERROR_CODES;

interface ErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
}

/** What a call to XQueue can answer instead of success. */
export const API_ERRORS = {
  invalid_request: { status: 400, retryable: false, title: 'The request is not valid' },
  malformed_json: { status: 400, retryable: false, title: 'The body is not valid JSON' },
  unauthorized: { status: 401, retryable: false, title: 'A valid API key is needed' },
  forbidden: { status: 403, retryable: false, title: 'The API key does not have the needed scope' },
  foreign_origin: { status: 403, retryable: false, title: 'The request comes from another site' },
  not_found: { status: 404, retryable: false, title: 'There is no such thing' },
  task_not_found: { status: 404, retryable: false, title: 'There is no task with this id' },
  method_not_allowed: { status: 405, retryable: false, title: 'This address does not take this method' },
  request_timeout: { status: 408, retryable: true, title: 'The request did not arrive in time' },
  already_finished: { status: 409, retryable: false, title: 'The task has already ended' },
  not_retryable: { status: 409, retryable: false, title: 'Only failed, canceled or timed out tasks can be retried' },
  payload_too_large: { status: 413, retryable: false, title: 'The body is too large' },
  unsupported_media_type: { status: 415, retryable: false, title: 'The content type must be application/json' },
  idempotency_conflict: {
    status: 422,
    retryable: false,
    title: 'This Idempotency-Key was used with another body',
  },
  headers_too_large: { status: 431, retryable: false, title: 'The request headers are too large' },
  internal: { status: 500, retryable: true, title: 'Something went wrong inside XQueue' },
  store_unavailable: { status: 503, retryable: true, title: 'The store cannot be used right now' },
  log_unavailable: {
    status: 503,
    retryable: true,
    title: 'The log of accepted tasks (Kafka) cannot be written right now',
  },
  draining: { status: 503, retryable: true, title: 'This node is shutting down' },
} as const satisfies Record<string, ErrorEntry>;
export type ApiErrorCode = keyof typeof API_ERRORS;

/** One fault of an input. `path` is a JSON pointer (RFC 6901) or a setting's name. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** A refusal with a code of the catalogue, thrown at the edges (HTTP, SDK) and nowhere inside. */
export class XQueueError extends Error {
  override readonly name: string = 'XQueueError';
  readonly code: ApiErrorCode;
  readonly retryable: boolean;
  readonly faults: readonly Fault[];

  constructor(code: ApiErrorCode, detail?: string, options: { faults?: readonly Fault[]; cause?: unknown } = {}) {
    super(detail ?? API_ERRORS[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = API_ERRORS[code].retryable;
    this.faults = options.faults ?? [];
  }
}

/** The store cannot be reached or refuses to write. Nothing of the call took effect, or it is safe to repeat. */
export class StoreUnavailable extends XQueueError {
  override readonly name = 'StoreUnavailable';
  constructor(detail: string, cause?: unknown) {
    super('store_unavailable', detail, { cause });
  }
}

/**
 * The log in front of the store cannot be used now. Nothing was answered as accepted; what was being written may still turn up,
 * so that a repeated submit without an idempotency key can make a second task.
 */
export class LogUnavailable extends XQueueError {
  override readonly name = 'LogUnavailable';
  constructor(detail: string, cause?: unknown) {
    super('log_unavailable', detail, { cause });
  }
}

/** Thrown by a handler: fail now, whatever retries are left. */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
  readonly code = 'non_retryable';
  readonly retryable = false;
}

/** Thrown by a handler: if retries are left, try again after this many seconds instead of the strategy's wait. */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError';
  readonly code = 'retry_after';
  readonly retryable = true;
  readonly retryAfterSeconds: number;
  constructor(message: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
