// How the cluster has been doing: a point every few seconds over the last hour.
import { type Static, Type } from 'typebox';
import { CLOSED, Count, Instant, Nullable } from './fields.ts';

const Wait = (share: string) =>
  Nullable(
    Type.Number({
      minimum: 0,
      description: `Seconds from due to start, ${share} of the tasks started most recently (a sample); null: none started`,
    }),
  );

export const SeriesAnswer = Type.Object(
  {
    step_seconds: Type.Number({ minimum: 0, description: 'Time between two points' }),
    points: Type.Array(
      Type.Object(
        {
          at: Instant('When it was measured'),
          pending: Count('Tasks that wait'),
          processing: Count('Tasks that run'),
          oldest_pending_seconds: Type.Number({ minimum: 0, description: 'How long the longest waiting one is due' }),
          wait_p50_seconds: Wait('half'),
          wait_p95_seconds: Wait('95 %'),
          nodes: Count('Live nodes'),
          slots: Count('Tasks the live nodes can run at once'),
        },
        { ...CLOSED, $id: 'SeriesPoint' },
      ),
      { description: 'Newest last, at most the last hour, since this node started' },
    ),
  },
  { ...CLOSED, $id: 'Series' },
);
export type SeriesAnswer = Static<typeof SeriesAnswer>;
