// The rules both stores are opened with, from the configuration.
import type { Config } from '../config/config.ts';
import { LIMITS } from '../domain/limits.ts';
import type { StoreSettings } from '../ports/task-store.ts';

export function storeSettings({ queue }: Config): StoreSettings {
  return { ...queue, idempotencyMs: LIMITS.idempotencyMs, stallMs: 2 * queue.heartbeatIntervalMs };
}
