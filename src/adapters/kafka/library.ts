// The Kafka client is an optional package: only who sets `kafka.brokers` needs it, and is told so in one sentence.
import type * as Kafka from '@platformatic/kafka';
import { KafkaRefused } from './faults.ts';

export type Library = typeof Kafka;

let loaded: Promise<Library> | null = null;

/** @throws KafkaRefused when the package is not installed */
export function loadLibrary(): Promise<Library> {
  loaded ??= import('@platformatic/kafka').then(heardErrors).catch((error: unknown) => {
    loaded = null;
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new KafkaRefused('it needs the package @platformatic/kafka: npm install @platformatic/kafka', {
      cause: error,
    });
  });
  return loaded;
}

/**
 * The client hears the first error of a connection only. A second one, as when the broker dies in the middle of a login, would end the
 * process: nobody would be there to hear it.
 */
function heardErrors(library: Library): Library {
  library.instancesChannel.subscribe((message) => {
    const { type, instance } = message as { readonly type: string; readonly instance: unknown };
    if (type === 'connection' && instance instanceof library.Connection) instance.on('error', () => undefined);
  });
  return library;
}
