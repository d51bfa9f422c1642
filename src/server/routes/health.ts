// Whether this node works, for people, for load balancers and for whoever restarts processes.
import type { EngineHealth } from '../../engine/engine.ts';
import { HealthAnswer, ReadyAnswer } from '../../protocol/schemas/operations.ts';
import { jsonAnswer, ok, refusal } from '../answer.ts';
import { route } from '../route.ts';
import type { Services } from '../services.ts';

/** A store that has not answered by then cannot be used, whatever it may say later. */
const STORE_ANSWER_MS = 5_000;

export const getHealth = route({
  method: 'GET',
  path: '/api/v1/health',
  scope: 'read',
  tag: 'Health',
  summary: 'Health of this node and what it depends on',
  answers: {
    200: { description: '`ok`, or `degraded`: something is down that tasks do not need', schema: HealthAnswer },
    503: { description: '`unavailable`: the store cannot be used', schema: HealthAnswer },
  },
  store: 'does not ask',
  async handle(_call, services) {
    const { clock, version, startedMs, components } = services;
    const { store } = await storeHealth(services);
    const mqtt = components.mqtt();
    const kafka = components.kafka();
    const isDegraded = mqtt.status === 'down' || kafka.status === 'down';
    const status = store.status === 'down' ? 'unavailable' : isDegraded ? 'degraded' : 'ok';
    const health: HealthAnswer = {
      status,
      timestamp: Math.floor(clock.now() / 1000),
      version,
      uptime_seconds: Math.round(clock.monotonic() - startedMs) / 1000,
      components: { store, mqtt, kafka },
    };
    const body = JSON.stringify(health);
    return status === 'unavailable' ? jsonAnswer(503, body, { 'retry-after': '1' }) : jsonAnswer(200, body);
  },
});

async function storeHealth({ engine, clock }: Services): Promise<EngineHealth> {
  const late = Promise.withResolvers<EngineHealth>();
  const timer = clock.after(STORE_ANSWER_MS, () => late.resolve(down('does not answer')));
  try {
    return await Promise.race([engine.health(), late.promise]);
  } catch (error) {
    return down(error instanceof Error ? error.message : 'does not answer');
  } finally {
    timer.cancel();
  }
}

function down(detail: string): EngineHealth {
  return { store: { status: 'down', kind: 'unknown', detail } };
}

export const isAlive = route({
  method: 'GET',
  path: '/livez',
  scope: 'open',
  tag: 'Health',
  summary: 'The process is alive',
  answers: { 200: { description: 'It is', schema: ReadyAnswer } },
  store: 'does not ask',
  unknownQuery: 'ignore',
  handle: () => ok({ status: 'ok' }),
});

export const isReady = route({
  method: 'GET',
  path: '/readyz',
  scope: 'open',
  tag: 'Health',
  summary: 'This node takes traffic',
  answers: {
    200: { description: 'It does', schema: ReadyAnswer },
    503: { description: 'It is shutting down' },
  },
  store: 'does not ask',
  unknownQuery: 'ignore',
  handle: (_call, services) => (services.isDraining() ? refusal('draining') : ok({ status: 'ready' })),
});
