// What goes wrong with Kafka, in words for people. The client wraps errors in errors; what counts is the innermost.
import { LogUnavailable } from '../../domain/errors.ts';

/** Kafka cannot be used as it is configured. The message has no setting's name and no full stop in it. */
export class KafkaRefused extends Error {
  override readonly name = 'KafkaRefused';
}

/** The innermost message of an error of the client. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors.at(-1));
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return (error.message || ('code' in error ? String(error.code) : error.name)).replace(/\.$/, '');
}

/** Whether an error, or one inside of it, is this one of Kafka's protocol: `OFFSET_OUT_OF_RANGE` ... */
export function isKafkaError(error: unknown, apiId: string): boolean {
  if (!(error instanceof Error)) return false;
  if ('apiId' in error && error.apiId === apiId) return true;
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [...inner, error.cause].some((one) => isKafkaError(one, apiId));
}

export function unavailable(what: string, error: unknown): LogUnavailable {
  return error instanceof LogUnavailable ? error : new LogUnavailable(`${what}: ${reasonOf(error)}`, error);
}
