// What the cluster is and does: statistics, health, nodes, handlers.
import type {
  HandlersAnswer,
  HealthAnswer,
  NodesAnswer,
  StatsAnswer,
} from '../../../src/protocol/schemas/operations.ts';
import type { PushAnswer } from '../../../src/protocol/schemas/push.ts';
import { authorization, call, callJson } from './call.ts';
import type { Series } from './series.ts';

export type Stats = StatsAnswer;
export type TypeStats = StatsAnswer['types'][string];
export type Minute = StatsAnswer['throughput']['minutes'][number];
export type Health = HealthAnswer;
export type NodeInfo = NodesAnswer['nodes'][number];
export type HandlerInfo = HandlersAnswer['handlers'][number];
export type Push = PushAnswer;

export const getStats = (signal?: AbortSignal): Promise<Stats> => callJson('GET', '/stats', { signal });
export const getSeries = (signal?: AbortSignal): Promise<Series> => callJson('GET', '/stats/series', { signal });
export const getPush = (signal?: AbortSignal): Promise<Push> => callJson('GET', '/push', { signal });

export async function getNodes(signal?: AbortSignal): Promise<readonly NodeInfo[]> {
  return (await callJson<NodesAnswer>('GET', '/nodes', { signal })).nodes;
}

export async function getHandlers(signal?: AbortSignal): Promise<readonly HandlerInfo[]> {
  return (await callJson<HandlersAnswer>('GET', '/handlers', { signal })).handlers;
}

/** An unhealthy node answers 503 with the same body: that is an answer here, not a failure. */
export async function getHealth(signal?: AbortSignal): Promise<Health> {
  const response = await fetch('/api/v1/health', { headers: authorization(), ...(signal ? { signal } : {}) });
  return (await response.json()) as Health;
}

/** `drain`: nothing new for this node; `work`: undoes it. */
export async function setDrain(id: string, wish: 'drain' | 'work'): Promise<void> {
  await call(wish === 'drain' ? 'POST' : 'DELETE', `/nodes/${encodeURIComponent(id)}/drain`);
}
