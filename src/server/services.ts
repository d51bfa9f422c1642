// What routes work with. Everything concrete is handed in; the server knows no store, broker or clock by name.
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ComponentAnswer, LogAnswer } from '../protocol/schemas/operations.ts';
import type { Access } from './access.ts';
import type { BulkOperations } from './bulk-operations.ts';
import type { Metrics } from './metrics.ts';
import type { OpenCalls } from './open-calls.ts';
import type { PushFacts } from './push-metrics.ts';
import type { Series } from './series.ts';
import type { SubmitGatherer } from './submit-gatherer.ts';

/** What a 201 promises: see `XQueue-Durability`. */
export type Durability = 'fsync' | 'process' | 'kafka' | 'memory';

/** Components whose loss does not stop tasks. */
export interface ComponentHealth {
  mqtt(): ComponentAnswer;
  kafka(): LogAnswer;
  /** Figures of the live push, for /metrics; left out: none are shown. */
  push?(): PushFacts;
}

export interface Services {
  readonly engine: Engine;
  /** For single submits; batches go to the engine as they are. */
  readonly submits: SubmitGatherer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly durability: Durability;
  readonly maxPayloadBytes: number;
  readonly components: ComponentHealth;
  readonly access: Access;
  /** No keys are configured: what is shown to readers may be shown to everybody. */
  readonly isOpen: boolean;
  readonly metrics: Metrics;
  readonly openCalls: OpenCalls;
  readonly bulk: BulkOperations;
  readonly series: Series;
  /** `mqtt.topic`. */
  readonly topic: string;
  /** The API description as JSON text. */
  readonly description: string;
  /** `Clock.monotonic` at the start. */
  readonly startedMs: number;
  isDraining(): boolean;
}
