// Who is in the cluster and what it can run.
import { LIMITS } from '../../domain/limits.ts';
import type { NodeState } from '../../ports/task-store.ts';
import { PlainText } from '../../protocol/schemas/fields.ts';
import { HandlersAnswer, NodeAnswer, NodesAnswer } from '../../protocol/schemas/operations.ts';
import { formatTimestamp } from '../../protocol/timestamps.ts';
import { ok, refusal } from '../answer.ts';
import { route } from '../route.ts';

export const listHandlers = route({
  method: 'GET',
  path: '/api/v1/handlers',
  scope: 'read',
  tag: 'Cluster',
  summary: 'List the types some live node can run',
  answers: { 200: { description: 'Types and the ids of their nodes', schema: HandlersAnswer } },
  async handle(_call, { engine }) {
    return ok({ handlers: await engine.handlers() });
  },
});

export const listNodes = route({
  method: 'GET',
  path: '/api/v1/nodes',
  scope: 'read',
  tag: 'Cluster',
  summary: 'List live and recently seen nodes',
  answers: { 200: { description: 'All nodes', schema: NodesAnswer } },
  async handle(_call, { engine }) {
    const nodes = (await engine.nodes()).map(wireNode);
    return ok({ nodes, count: nodes.length });
  },
});

const drainOf = {
  path: '/api/v1/nodes/{id}/drain',
  scope: 'operate',
  tag: 'Cluster',
  pathMembers: { id: PlainText(LIMITS.nodeIdLengthMax, 'Id of a node') },
} as const;
const unknown = refusal('not_found', { detail: 'No node with this id was heard of lately' });

export const drainNode = route({
  ...drainOf,
  method: 'POST',
  summary: 'Give a node nothing new',
  description:
    'From now on the node gets no tasks; what it runs goes on. Lasts until it is undone, or the node ends or is forgotten. Its HTTP address goes on answering.',
  answers: {
    200: { description: 'The node, draining', schema: NodeAnswer },
    404: { description: 'There is no such node' },
  },
  async handle({ path }, { engine }) {
    const node = await engine.setDrain(path.id, 'drain');
    return node === null ? unknown : ok(wireNode(node));
  },
});

export const undrainNode = route({
  ...drainOf,
  method: 'DELETE',
  summary: 'Give a drained node work again',
  description: 'Harmless when nobody asked it to drain. A node that is shutting down goes on doing so.',
  answers: {
    200: { description: 'The node', schema: NodeAnswer },
    404: { description: 'There is no such node' },
  },
  async handle({ path }, { engine }) {
    const node = await engine.setDrain(path.id, 'work');
    return node === null ? unknown : ok(wireNode(node));
  },
});

function wireNode(node: NodeState): NodeAnswer {
  return {
    id: node.id,
    host: node.host,
    pid: node.pid,
    version: node.version,
    started_at: formatTimestamp(node.startedAt),
    types: [...node.types],
    slots: node.slots,
    running: node.running,
    draining: node.draining,
    drain_requested: node.drainAsked,
    live: node.live,
    last_heartbeat_at: formatTimestamp(node.lastHeartbeatAt),
  };
}
