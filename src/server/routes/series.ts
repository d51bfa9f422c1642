// The last hour as a time series.
import { SeriesAnswer } from '../../protocol/schemas/series.ts';
import { ok } from '../answer.ts';
import { route } from '../route.ts';

export const getSeries = route({
  method: 'GET',
  path: '/api/v1/stats/series',
  scope: 'read',
  tag: 'Cluster',
  summary: 'How the last hour went',
  description:
    'Measured by this node since it started. What happened per minute is in `throughput.minutes` of the statistics.',
  answers: { 200: { description: 'A point every few seconds', schema: SeriesAnswer } },
  store: 'does not ask',
  handle: (_call, { series }) => ok(series.answer()),
});
