// The scrape page of Prometheus.

import type { ClusterFacts } from '../metrics.ts';
import { route } from '../route.ts';
import type { Services } from '../services.ts';

export const scrapeMetrics = route({
  method: 'GET',
  path: '/metrics',
  scope: 'read',
  tag: 'Health',
  summary: 'Prometheus metrics',
  answers: {
    200: { description: 'Prometheus text; xqueue_store_up is 0 when the store cannot be used', media: 'text/plain' },
  },
  store: 'does not ask',
  unknownQuery: 'ignore',
  async handle(_call, services) {
    const body = await services.metrics.render(await clusterFacts(services));
    return { status: 200, type: services.metrics.contentType, body };
  },
});

/** A store that is away must not blind whoever watches the process. */
async function clusterFacts({ engine, log }: Services): Promise<ClusterFacts | null> {
  try {
    const [stats, nodes] = await Promise.all([engine.stats(), engine.nodes()]);
    return { stats, nodes };
  } catch (error) {
    log.debug('Metrics without the store', { error });
    return null;
  }
}
