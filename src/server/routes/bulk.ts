// Bulk operations: cancel or retry many tasks with one call, and look at how it goes.

import { BulkBody, BulkList, BulkOperation, BulkPreview } from '../../protocol/schemas/bulk.ts';
import { TaskId } from '../../protocol/schemas/fields.ts';
import { validatorOf } from '../../protocol/validate.ts';
import { invalid, jsonAnswer, ok, refusal } from '../answer.ts';
import type { BulkWish } from '../bulk-operations.ts';
import { filterOf } from '../list-filter.ts';
import { route } from '../route.ts';

const tag = 'Tasks';
const bulkBody = validatorOf(BulkBody);

export const startBulk = route({
  method: 'POST',
  path: '/api/v1/bulk',
  scope: 'submit',
  tag,
  summary: 'Cancel or retry many tasks',
  description:
    'Answers at once; the operation goes on in this node and its progress can be read there for as long as the node lives. `retry` needs a key with the scope `operate`.',
  body: { schema: BulkBody },
  answers: {
    200: { description: 'With `preview`: how many tasks it would be', schema: BulkPreview },
    202: {
      description: 'The operation, begun',
      schema: BulkOperation,
      headers: { Location: { description: 'Where to look at it', schema: { type: 'string' } } },
    },
  },
  async handle({ body, principal }, { bulk }) {
    const given: unknown = body?.value;
    if (!bulkBody.check(given)) return invalid(bulkBody.faults(given));
    if ((given.filter === undefined) === (given.ids === undefined)) {
      return invalid([{ path: '', message: 'must have either filter or ids' }]);
    }
    const { action } = given;
    if (action === 'retry' && !principal.scopes.has('operate')) {
      return refusal('forbidden', { detail: 'To retry needs a key with the scope operate' });
    }
    const wish: BulkWish = { action, which: whichOf(given) };
    if (given.preview === true) return ok({ action, matched: await bulk.count(wish) });
    const operation = await bulk.start(wish);
    return jsonAnswer(202, JSON.stringify(operation), { location: `/api/v1/bulk/${operation.id}` });
  },
});

function whichOf({ ids, filter = {} }: BulkBody): BulkWish['which'] {
  return ids === undefined ? { filter: filterOf(filter) } : { ids: [...new Set(ids)] };
}

export const listBulk = route({
  method: 'GET',
  path: '/api/v1/bulk',
  scope: 'read',
  tag,
  summary: 'List bulk operations of this node',
  answers: { 200: { description: 'At most the last 100', schema: BulkList } },
  store: 'does not ask',
  handle: (_call, { bulk }) => {
    const operations = bulk.list();
    return ok({ operations, count: operations.length });
  },
});

const one = { pathMembers: { id: TaskId }, tag, store: 'does not ask' } as const;
const unknown = refusal('not_found', { detail: 'This node has no such bulk operation' });

export const getBulk = route({
  ...one,
  method: 'GET',
  path: '/api/v1/bulk/{id}',
  scope: 'read',
  summary: 'How a bulk operation goes',
  answers: {
    200: { description: 'The operation', schema: BulkOperation },
    404: { description: 'This node has no such bulk operation' },
  },
  handle: ({ path }, { bulk }) => {
    const operation = bulk.get(path.id);
    return operation === null ? unknown : ok(operation);
  },
});

export const stopBulk = route({
  ...one,
  method: 'DELETE',
  path: '/api/v1/bulk/{id}',
  scope: 'submit',
  summary: 'Stop a bulk operation',
  description: 'What it has done so far stays.',
  answers: {
    200: { description: 'The operation, stopped or ended before', schema: BulkOperation },
    404: { description: 'This node has no such bulk operation' },
  },
  handle: ({ path }, { bulk }) => {
    const operation = bulk.stop(path.id);
    return operation === null ? unknown : ok(operation);
  },
});
