// What the server answers about itself and the cluster.
import { type Static, Type } from 'typebox';
import { LIMITS } from '../../domain/limits.ts';
import { STATUSES, type Status } from '../../domain/task.ts';
import { CLOSED, Count, Instant } from './fields.ts';

const statusCounts = Object.fromEntries(
  STATUSES.map((status) => [status, Type.Integer({ minimum: 0 })]),
) as unknown as Record<Status, ReturnType<typeof Count>>;

const minuteMembers = {
  submitted: Count('Tasks accepted'),
  started: Count('Attempts started'),
  retried: Count('Failed attempts that will be tried again'),
  success: Count('Tasks that ended so'),
  failed: Count('Tasks that ended so'),
  canceled: Count('Tasks that ended so'),
  timeout: Count('Tasks that ended so'),
};

export const StatsAnswer = Type.Object(
  {
    tasks: Type.Object({ ...statusCounts, total: Count('All tasks that are kept now') }, CLOSED),
    types: Type.Record(
      Type.String(),
      Type.Object(
        {
          ...statusCounts,
          oldest_pending_seconds: Type.Number({ minimum: 0, description: 'How long the longest waiting one is due' }),
          demand: Count('Runnable + running, without tasks that wait behind a full key'),
        },
        { ...CLOSED, $id: 'TypeStats' },
      ),
    ),
    concurrency: Type.Object(
      {
        keys: Count('Keys that are limited now'),
        operator_limits: Count('Keys with a limit set by an operator'),
        full: Count('Keys without room'),
        running: Count('Running tasks over all keys; a task with two keys counts twice'),
        waiting: Count('Waiting tasks over all keys'),
      },
      CLOSED,
    ),
    nodes: Type.Object(
      {
        live: Count('Nodes heard of within one lease'),
        draining: Count('Live nodes that take no new work'),
        slots: Count('Tasks the live nodes can run at once'),
        running: Count('Tasks the live nodes run now'),
      },
      CLOSED,
    ),
    throughput: Type.Object(
      {
        accepted: Count('Tasks accepted since the store was made'),
        purged: Count('Tasks forgotten after their retention'),
        last_hour: Type.Object(minuteMembers, CLOSED),
        minutes: Type.Array(Type.Object({ at: Instant('Start of the minute'), ...minuteMembers }, CLOSED), {
          description: 'Newest last, at most the last 60; minutes in which nothing happened are left out',
        }),
      },
      CLOSED,
    ),
    kafka: Type.Optional(
      Type.Object(
        {
          lag: Type.Union([Count('Records of accepted tasks that the store has not been given yet'), Type.Null()]),
          partitions: Type.Array(
            Type.Object(
              {
                partition: Type.Integer({ minimum: 0 }),
                next: Count('The store has everything before this offset'),
                end: Count('Offset that the next record gets'),
                lag: Count('Difference of the two'),
              },
              CLOSED,
            ),
          ),
        },
        { ...CLOSED, description: 'Only with Kafka; as of the last look, some seconds ago at most' },
      ),
    ),
  },
  { ...CLOSED, $id: 'Stats' },
);
export type StatsAnswer = Static<typeof StatsAnswer>;

const componentMembers = {
  status: Type.Enum(['ok', 'down', 'off'], { type: 'string' }),
  detail: Type.String(),
};
export const ComponentAnswer = Type.Object(componentMembers, { ...CLOSED, $id: 'Component' });
export type ComponentAnswer = Static<typeof ComponentAnswer>;

export const LogAnswer = Type.Object(
  { ...componentMembers, lag: Type.Optional(Count('Records of accepted tasks that the store has not been given yet')) },
  { ...CLOSED, $id: 'LogComponent' },
);
export type LogAnswer = Static<typeof LogAnswer>;

export const HealthAnswer = Type.Object(
  {
    status: Type.Enum(['ok', 'degraded', 'unavailable'], { type: 'string' }),
    timestamp: Type.Integer({ description: 'Unix seconds' }),
    version: Type.String(),
    uptime_seconds: Type.Number({ minimum: 0 }),
    components: Type.Object(
      {
        store: Type.Object({ ...componentMembers, kind: Type.String() }, CLOSED),
        mqtt: ComponentAnswer,
        kafka: LogAnswer,
      },
      CLOSED,
    ),
  },
  { ...CLOSED, $id: 'Health' },
);
export type HealthAnswer = Static<typeof HealthAnswer>;

export const HandlersAnswer = Type.Object(
  { handlers: Type.Array(Type.Object({ type: Type.String(), nodes: Type.Array(Type.String()) }, CLOSED)) },
  { ...CLOSED, $id: 'Handlers' },
);
export type HandlersAnswer = Static<typeof HandlersAnswer>;

export const NodeAnswer = Type.Object(
  {
    id: Type.String(),
    host: Type.String(),
    pid: Type.Integer(),
    version: Type.String(),
    started_at: Instant('When the process started'),
    types: Type.Array(Type.String()),
    slots: Count('Tasks it can run at once'),
    running: Count('Tasks it runs now'),
    draining: Type.Boolean({ description: 'Takes nothing new: it is shutting down, or an operator asked for it' }),
    drain_requested: Type.Boolean({ description: 'An operator asked for it; lasts until that is undone' }),
    live: Type.Boolean({ description: 'Heard of within one lease' }),
    last_heartbeat_at: Instant('When it was last heard of'),
  },
  { ...CLOSED, $id: 'Node' },
);
export type NodeAnswer = Static<typeof NodeAnswer>;

export const NodesAnswer = Type.Object(
  { nodes: Type.Array(NodeAnswer), count: Count('Length of the list') },
  { ...CLOSED, $id: 'Nodes' },
);
export type NodesAnswer = Static<typeof NodesAnswer>;

export const ConcurrencyAnswer = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          key: Type.String(),
          limit: Count('At most this many at once; 0 = paused'),
          limit_source: Type.Enum(['operator', 'task'], { type: 'string' }),
          running: Count('Tasks that hold a slot'),
          waiting: Count('Ready tasks that name the key'),
          holders: Type.Array(
            Type.Object(
              { task_id: Type.String(), worker_id: Type.String(), expires_at: Instant('End of the slot') },
              CLOSED,
            ),
          ),
        },
        { ...CLOSED, $id: 'ConcurrencyKey' },
      ),
    ),
    count: Count('Length of the list'),
    locks: Type.Array(
      Type.Object(
        {
          key: Type.String(),
          worker_id: Type.String({ description: 'Node that holds it' }),
          task_id: Type.Union([Type.String(), Type.Null()], {
            description: 'Task whose handler holds it; null = the program itself',
          }),
          fence: Type.Integer({ description: 'Larger than that of every earlier holder of the key' }),
          expires_at: Instant('End of the hold, if it is not renewed'),
        },
        { ...CLOSED, $id: 'HeldLock' },
      ),
      { description: 'Locks and semaphores that handlers and programs hold, one entry per holder' },
    ),
  },
  { ...CLOSED, $id: 'Concurrency' },
);
export type ConcurrencyAnswer = Static<typeof ConcurrencyAnswer>;

export const LimitBody = Type.Object(
  {
    max_concurrency: Type.Integer({
      minimum: 0,
      maximum: LIMITS.maxConcurrencyMax,
      description: 'At most this many tasks of the key at once; 0 pauses it; running tasks are never evicted',
    }),
  },
  { ...CLOSED, $id: 'OperatorLimit' },
);
export type LimitBody = Static<typeof LimitBody>;

export const LimitAnswer = Type.Object(
  {
    key: Type.String(),
    max_concurrency: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'The operator limit in force; null = none',
    }),
  },
  { ...CLOSED, $id: 'Limit' },
);

export const ReadyAnswer = Type.Object({ status: Type.Enum(['ok', 'ready'], { type: 'string' }) }, CLOSED);
