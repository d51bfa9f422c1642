// `xqueue/client`: XQueue over HTTP, for Node and browsers. Nothing of Node is imported on the way from here.
import { webClock } from './adapters/clock/web-clock.ts';
import { ClientBase, type ClientOptions } from './client/client.ts';
import type { Clock } from './ports/clock.ts';

/**
 * `const client = new XQueueClient({ url: 'http://127.0.0.1:8080', apiKey })`
 * @throws TypeError when the URL is none
 */
export class XQueueClient extends ClientBase {
  constructor(options: Omit<ClientOptions, 'clock'> & { readonly clock?: Clock }) {
    super({ ...options, clock: options.clock ?? webClock });
  }
}

export type { ClientOptions, ListFilter, ListPage } from './client/client.ts';
export { ServerUnreachable } from './client/http-calls.ts';
export type { MqttConnection, MqttLibrary, MqttOptions } from './client/mqtt-line.ts';
export { BatchRefused } from './client/submit-calls.ts';
export type { AnyChange, WatchAllQuery } from './client/watch-all.ts';
export * from './contract/public.ts';
export { type ApiErrorCode, type Fault, type TaskErrorCode, XQueueError } from './domain/errors.ts';
export type { FinalStatus, PendingReason, Status } from './domain/task.ts';
export { webClock };
