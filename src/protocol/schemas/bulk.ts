// One wish for many tasks: cancel them, or try them again.
import { type Static, Type } from 'typebox';
import { LIMITS } from '../../domain/limits.ts';
import {
  CLOSED,
  ConcurrencyKey,
  Count,
  GivenInstant,
  Instant,
  Nullable,
  StatusName,
  Tag,
  TaskId,
  TaskType,
} from './fields.ts';

const BulkAction = Type.Enum(['cancel', 'retry'], { type: 'string' });

const BulkFilter = Type.Object(
  {
    status: Type.Optional(StatusName),
    type: Type.Optional(TaskType),
    tag: Type.Optional(Tag),
    concurrency_key: Type.Optional(ConcurrencyKey),
    parent_id: Type.Optional(TaskId),
    created_after: Type.Optional(GivenInstant('Accepted at this instant or later')),
    created_before: Type.Optional(GivenInstant('Accepted before this instant; default: now')),
  },
  { ...CLOSED, $id: 'BulkFilter', description: 'As the filters of the list; `{}` is every task the action fits' },
);
export type BulkFilter = Static<typeof BulkFilter>;

export const BulkBody = Type.Object(
  {
    action: BulkAction,
    filter: Type.Optional(BulkFilter),
    ids: Type.Optional(
      Type.Array(TaskId, { minItems: 1, maxItems: LIMITS.batchMax, description: 'Instead of `filter`' }),
    ),
    preview: Type.Optional(Type.Boolean({ description: 'true: only say how many tasks it would be' })),
  },
  {
    ...CLOSED,
    $id: 'Bulk',
    description: 'Exactly one of `filter` and `ids`',
    examples: [{ action: 'cancel', filter: { type: 'example' }, preview: true }],
  },
);
export type BulkBody = Static<typeof BulkBody>;

export const BulkPreview = Type.Object(
  { action: BulkAction, matched: Count('Tasks that match and that the action fits') },
  { ...CLOSED, $id: 'BulkPreview' },
);

export const BulkOperation = Type.Object(
  {
    id: TaskId,
    action: BulkAction,
    state: Type.Enum(['running', 'done', 'stopped', 'failed'], { type: 'string' }),
    matched: Count('Tasks that matched at the start'),
    processed: Count('Tasks looked at so far'),
    changed: Count('Tasks canceled (or asked to stop), or pending again'),
    unchanged: Count('Tasks that had ended, were forgotten, or were not to be retried'),
    error: Nullable(Type.String({ description: 'Why it failed' })),
    created_at: Instant('When it was asked for'),
    finished_at: Nullable(Instant('null while it runs')),
  },
  { ...CLOSED, $id: 'BulkOperation' },
);
export type BulkOperation = Static<typeof BulkOperation>;

export const BulkList = Type.Object(
  { operations: Type.Array(BulkOperation, { description: 'Newest first' }), count: Count('Length of the list') },
  { ...CLOSED, $id: 'BulkList' },
);
