// The live push in figures, for /metrics and /health: what waits, what was given up, and what clients tried that they may not.
import { Counter, Gauge, Registry } from 'prom-client';
import type { RelayStats } from '../engine/push/outbox-relay.ts';

export interface PushFacts {
  readonly broker: 'ok' | 'down' | 'off';
  readonly relay: RelayStats;
  /** MQTT clients that are connected here. */
  readonly clients: number;
  /** Messages a connected broker would not have, one by one. */
  readonly refusedByBroker: number;
  /** What clients did that they may not, by kind (`publishes`, `oversizedPackets` ...). */
  readonly refusedOfClients: Readonly<Record<string, number>>;
}

/** The detail line of `mqtt` in /health: nothing is added while nothing waits and nothing was lost. */
export function pushDetail(detail: string, { relay }: Pick<PushFacts, 'relay'>): string {
  const dropped = droppedOf(relay);
  const parts = [
    ...(relay.queuedEvents > 0 ? [`${relay.queuedEvents} changes wait`] : []),
    ...(dropped > 0 ? [`${dropped} changes were dropped since the start`] : []),
  ];
  return [detail, ...parts].join('; ');
}

export function pushRegistry({ broker, relay, clients, refusedByBroker, refusedOfClients }: PushFacts): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `xqueue_push_${name}`, help, registers }).set(value);
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name: `xqueue_push_${name}_total`, help, registers }).inc(value);

  gauge('broker_up', '1 when the MQTT broker can be used; off counts as not', broker === 'ok' ? 1 : 0);
  gauge('relaying', '1 when this node publishes the changes of all nodes', relay.role === 'standby' ? 0 : 1);
  gauge('clients', 'MQTT clients connected to this node', clients);
  gauge('queue_events', 'Changes that wait for the broker', relay.queuedEvents);
  gauge('queue_bytes', 'Memory they take, as it is counted against mqtt.queue_max_bytes', relay.queuedBytes);
  counter('published_events', 'Changes the broker has taken', relay.published);
  counter('retried_batches', 'Batches that had to be sent again', relay.retries);
  counter('unreadable_entries', 'Outbox entries that could not be decoded', relay.unreadable);
  counter('refused_by_broker', 'Messages a connected broker would not have', refusedByBroker);
  byKind(registry, 'dropped_events', 'Changes that were never published', 'reason', relay.dropped);
  byKind(registry, 'refused_of_clients', 'What MQTT clients did that they may not', 'what', refusedOfClients);
  return registry;
}

function byKind(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  counts: Readonly<Record<string, number>>,
): void {
  const counter = new Counter({
    name: `xqueue_push_${name}_total`,
    help,
    labelNames: [label],
    registers: [registry],
  });
  for (const [kind, count] of Object.entries(counts)) counter.inc({ [label]: snakeCase(kind) }, count);
}

function droppedOf({ dropped }: RelayStats): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
