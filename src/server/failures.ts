// Turns whatever went wrong into an answer: exceptions of the engine, refusals of the HTTP framework, addresses nobody
// serves, and bytes that are no HTTP at all. Only faults of ours become a 500, and only those are logged as errors.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ApiErrorCode, XQueueError } from '../domain/errors.ts';
import type { Logger } from '../ports/logger.ts';
import { type Answer, invalid, refusal } from './answer.ts';

export function answerOfFailure(
  error: unknown,
  log: Logger,
  request: { readonly method: string; readonly url: string },
): Answer {
  if (error instanceof XQueueError) {
    if (error.code === 'invalid_request' && error.faults.length > 0) return invalid(error.faults);
    if (error.code !== 'internal') return refusal(error.code, { detail: error.message, faults: error.faults });
  }
  const status = statusOf(error);
  if (status < 500) return refusalOfStatus(status, error);
  log.error('A request failed', { method: request.method, url: request.url, error });
  return refusal('internal');
}

function refusalOfStatus(status: number, error: unknown): Answer {
  switch (status) {
    case 404:
      return refusal('not_found');
    case 413:
      return refusal('payload_too_large');
    case 415:
      return refusal('unsupported_media_type');
    default:
      return refusal('invalid_request', {
        detail: error instanceof Error ? error.message : 'The request is not valid',
      });
  }
}

function statusOf(error: unknown): number {
  const status = property(error, 'statusCode');
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

/** A connection that sent something that is not HTTP, too much of it, or too slowly. */
export function answerParserError(error: Error, socket: Duplex): void {
  const code = property(error, 'code');
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  // Half of an answer may be on its way; more bytes would become part of it.
  if (property(property(socket, '_httpMessage'), 'headersSent') === true) return void socket.destroy();
  const [refused, detail] = parserRefusal(code);
  const { status, type, body } = refusal(refused, { detail });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function parserRefusal(code: unknown): readonly [ApiErrorCode, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['headers_too_large', 'Address and headers together may have at most 16 KiB'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request_timeout', 'The request did not arrive in time'];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['payload_too_large', 'The chunk extensions are too large'];
    default:
      return ['invalid_request', 'This is not a valid HTTP/1.1 request'];
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
