// Reads a request body: at most so many bytes, UTF-8, as text.

import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { XQueueError } from '../domain/errors.ts';

type Done = (error: Error | null, body?: string) => void;

/**
 * Bytes beyond the limit that are still read and thrown away before 413 is answered. A client that sends on while the
 * server has already closed sees a broken connection instead of the answer.
 */
const DISCARDED_BYTES_MAX = 16 * 1024 * 1024;

export function textReader(
  maxBytes: number,
): (request: FastifyRequest, payload: NodeJS.ReadableStream, done: Done) => void {
  return (request, payload, done) => {
    const unread = unreadable(request.headers);
    if (unread !== null) return done(new XQueueError('unsupported_media_type', unread));
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBytes + DISCARDED_BYTES_MAX) return done(tooLarge(maxBytes));
    let chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else if (bytes <= maxBytes + DISCARDED_BYTES_MAX) chunks = [];
      else finish(tooLarge(maxBytes));
    };
    const onEnd = (): void => {
      if (bytes > maxBytes) return finish(tooLarge(maxBytes));
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      if (isUtf8(body)) finish(null, withoutMark(body.toString('utf8')));
      else finish(new XQueueError('malformed_json', 'The body is not UTF-8'));
    };
    const onError = (): void => finish(new XQueueError('invalid_request', 'The body ended too early'));
    const finish: Done = (error, body) => {
      payload.removeListener('data', onData).removeListener('end', onEnd).removeListener('error', onError);
      done(error, body);
    };
    payload.on('data', onData).on('end', onEnd).on('error', onError);
  };
}

/** Some editors begin a file with a byte order mark; a parser may ignore it (RFC 8259, 8.1). */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Why a body cannot be read as JSON in UTF-8; `null` when it can. */
function unreadable({ 'content-type': type = '', 'content-encoding': encoding }: IncomingHttpHeaders): string | null {
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return `Send the body without Content-Encoding, not ${encoding.slice(0, 40)}`;
  }
  const charset = /charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    return `JSON is UTF-8, not ${charset.slice(0, 40)}`;
  }
  return null;
}

function tooLarge(maxBytes: number): XQueueError {
  return new XQueueError('payload_too_large', `The body may have at most ${maxBytes} bytes`);
}
