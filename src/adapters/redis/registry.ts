// The registry of nodes. A node's own report is kept as JSON that scripts do not read.
import type { DrainWish, NodeReport, NodeState, StoreSettings } from '../../ports/task-store.ts';
import { list, text } from './calls.ts';
import type { RedisReply } from './link.ts';
import type { Shard } from './shard.ts';

export async function reportNode(shard: Shard, report: NodeReport): Promise<void> {
  const types = report.draining ? '' : [...new Set(report.types)].sort().join('\n');
  await shard.step('report-node', { node: report.id, report: JSON.stringify(report), types });
}

export async function forgetNode(shard: Shard, node: string): Promise<void> {
  await shard.step('forget-node', { node });
}

export async function setDrain(
  shard: Shard,
  node: string,
  wish: DrainWish,
): Promise<{ readonly state: 'done' | 'not_found' }> {
  const { values } = await shard.step('set-drain', { node, wish });
  return { state: Number(values[0]) === 1 ? 'done' : 'not_found' };
}

export async function nodes(shard: Shard, settings: StoreSettings): Promise<NodeState[]> {
  const { now, values } = await shard.read('nodes');
  const heard = new Map(pairs(values[1]));
  const drained = new Set(list(values[2]).map(text));
  return pairs(values[0])
    .map(([id, json]) => {
      const report = JSON.parse(json) as NodeReport;
      const lastHeartbeatAt = Number(heard.get(id) ?? 0);
      const live = lastHeartbeatAt + settings.leaseMs > now;
      const drainAsked = drained.has(id);
      return { ...report, draining: report.draining || drainAsked, drainAsked, lastHeartbeatAt, live };
    })
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function pairs(reply: RedisReply | undefined): [string, string][] {
  const flat = list(reply);
  const found: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) found.push([text(flat[at] ?? ''), text(flat[at + 1] ?? '')]);
  return found;
}
