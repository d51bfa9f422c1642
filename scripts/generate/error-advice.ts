// What to do about each code of the catalogue, in words. The types make a code without advice a compile error.
import type { ApiErrorCode, TaskErrorCode } from '../../src/domain/errors.ts';

export const TASK_ERROR_ADVICE: Record<TaskErrorCode, string> = {
  handler_error:
    'Read `error` and the attempts of the task. It was retried as often as `max_retry` allows; after the cause is mended, `POST /tasks/{id}/retry`.',
  non_retryable:
    'The handler threw a `NonRetryableError`, its way to say that another try cannot help. Mend the input or the handler, then submit again or retry by hand.',
  process_timeout:
    'Give the task a larger `process_timeout`, make the handler faster, or let it end early when `ctx.signal` is aborted.',
  queue_timeout:
    'Nothing took the task in time: see `pending_reason` of tasks of its type, add nodes or slots, raise the limit of its key, or give it a larger `queue_timeout` (`0` waits for ever).',
  worker_lost:
    'Its node ended or froze while it ran, more often than `queue.max_recoveries` allows. Look for a handler that ends the process or uses up its memory.',
  result_not_serializable:
    'Return a value that JSON can express: no functions, no circular references, no `BigInt`. It is not retried, another run would return the same.',
  result_too_large: 'Store large results elsewhere and return a reference. It is not retried.',
  canceled: 'Nothing: somebody asked for it. `POST /tasks/{id}/retry` starts it again.',
};

export const API_ERROR_ADVICE: Record<ApiErrorCode, string> = {
  invalid_request: 'Mend what `errors` lists; all problems that were found are in it, each with its `path`.',
  malformed_json: 'Send a body that is JSON, as UTF-8.',
  unauthorized: 'Send `Authorization: Bearer <key>` with a key that is in `auth.keys`.',
  forbidden: 'Use a key with the scope named in `detail` (`read`, `submit` or `operate`).',
  foreign_origin:
    'A browser sent it from a page of another site, or under a name that is not this machine. Open the console by its own address; behind a proxy, set `auth.keys`.',
  not_found: 'Check the address; `GET /api/v1/openapi.json` lists all.',
  task_not_found: 'Check the id. Ended tasks are forgotten after `queue.retention`.',
  method_not_allowed: 'Use one of the methods in the `Allow` header.',
  request_timeout: 'Send headers and body without long pauses.',
  already_finished: 'Nothing: the outcome stands. Read the task to see which one it was.',
  not_retryable: 'Wait for the task to end, or leave a successful one as it is.',
  payload_too_large:
    'Send less: a body may have 2 MiB, a payload `queue.max_payload_bytes` (1 MiB). Store large data elsewhere and send a reference.',
  unsupported_media_type: 'Send `Content-Type: application/json`.',
  idempotency_conflict:
    'Use a new `Idempotency-Key` for a new body; repeat the same body to get the first answer again.',
  headers_too_large: 'Send fewer or shorter headers.',
  internal: 'Try again. If it stays, report it: no input may cause it. The log of the server has the details.',
  store_unavailable: 'Try again after `Retry-After` seconds. Nothing was accepted.',
  log_unavailable:
    'Kafka did not take the task in time. Try again after `Retry-After` seconds, with an `Idempotency-Key` if a second task would hurt: what was on its way may still arrive.',
  draining: 'Send the request to another node; this one is about to end.',
};
