// The push in figures: every count of the relay reaches the scrape page under a name of its own, and /health says what was lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PushFacts, pushDetail, pushRegistry } from '../../../src/server/push-metrics.ts';

const facts: PushFacts = {
  broker: 'ok',
  relay: {
    role: 'holder',
    queuedEvents: 11,
    queuedBytes: 12,
    published: 13,
    dropped: { superseded: 14, overflow: 15, refused: 16 },
    retries: 17,
    unreadable: 18,
  },
  clients: 19,
  refusedByBroker: 20,
  refusedOfClients: { publishes: 21, oversizedPackets: 22 },
};
const idle = { ...facts.relay, queuedEvents: 0, dropped: { superseded: 0, overflow: 0, refused: 0 } };

async function samples(of: PushFacts): Promise<string[]> {
  const text = await pushRegistry(of).metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('every count is shown once', async () => {
  assert.deepEqual(await samples(facts), [
    'xqueue_push_broker_up 1',
    'xqueue_push_relaying 1',
    'xqueue_push_clients 19',
    'xqueue_push_queue_events 11',
    'xqueue_push_queue_bytes 12',
    'xqueue_push_published_events_total 13',
    'xqueue_push_retried_batches_total 17',
    'xqueue_push_unreadable_entries_total 18',
    'xqueue_push_refused_by_broker_total 20',
    'xqueue_push_dropped_events_total{reason="superseded"} 14',
    'xqueue_push_dropped_events_total{reason="overflow"} 15',
    'xqueue_push_dropped_events_total{reason="refused"} 16',
    'xqueue_push_refused_of_clients_total{what="publishes"} 21',
    'xqueue_push_refused_of_clients_total{what="oversized_packets"} 22',
  ]);
});

test('a broker that cannot be used is not up, and a node that stands by does not relay', async () => {
  for (const broker of ['down', 'off'] as const) {
    assert.ok((await samples({ ...facts, broker })).includes('xqueue_push_broker_up 0'));
  }
  const standby = { ...facts, relay: { ...facts.relay, role: 'standby' as const } };
  assert.ok((await samples(standby)).includes('xqueue_push_relaying 0'));
});

test('the detail of /health tells what waits and what was lost, and nothing while all is well', () => {
  assert.equal(pushDetail('connected', { relay: idle }), 'connected');
  assert.equal(pushDetail('away', facts), 'away; 11 changes wait; 45 changes were dropped since the start');
});
