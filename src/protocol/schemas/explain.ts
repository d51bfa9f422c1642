// Why a task is where it is: everything its next step waits for.
import { type Static, Type } from 'typebox';
import { PENDING_REASONS } from '../../domain/task.ts';
import { CLOSED, Count, Instant, Nullable, StatusName, TaskId } from './fields.ts';

const Holder = Type.Object(
  { task_id: Type.String(), worker_id: Type.String(), expires_at: Instant('End of the slot') },
  CLOSED,
);

export const ExplainAnswer = Type.Object(
  {
    task_id: TaskId,
    status: StatusName,
    pending_reason: Nullable(Type.Enum(PENDING_REASONS, { type: 'string' })),
    as_of: Instant('When this was looked at'),
    run_at: Instant('When it is or was last due'),
    gives_up_at: Nullable(Instant('End of its `queue_timeout`; null = none, or it does not wait')),
    handlers: Type.Array(Type.String(), { description: 'Nodes that take new tasks of this type' }),
    slots: Count('Tasks those nodes can run at once'),
    running: Count('Tasks those nodes run now'),
    keys: Type.Array(
      Type.Object(
        {
          key: Type.String(),
          limit: Count('What counts for this task: the limit of the operator, else its own'),
          limit_source: Type.Enum(['operator', 'task'], { type: 'string' }),
          running: Count('Tasks that hold a slot'),
          waiting: Count('Ready tasks that name the key'),
          full: Type.Boolean(),
          holders: Type.Array(Holder, { description: 'At most 20' }),
        },
        CLOSED,
      ),
      { description: 'Every limit this task faces' },
    ),
    ahead: Nullable(
      Type.Object(
        {
          count: Count('Ready tasks of its type that come first'),
          exact: Type.Boolean({ description: 'false: at least so many' }),
        },
        CLOSED,
      ),
    ),
  },
  { ...CLOSED, $id: 'Explain' },
);
export type ExplainAnswer = Static<typeof ExplainAnswer>;
