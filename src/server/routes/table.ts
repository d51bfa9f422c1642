// The route table: every address the API serves. The server, the `Allow` headers and the API description come from it.
import type { Route } from '../route.ts';
import { getBulk, listBulk, startBulk, stopBulk } from './bulk.ts';
import { drainNode, listHandlers, listNodes, undrainNode } from './cluster.ts';
import { listKeys, removeLimit, setLimit } from './concurrency.ts';
import { getDescription } from './description.ts';
import { followTask } from './events.ts';
import { explainTask } from './explain.ts';
import { getHealth, isAlive, isReady } from './health.ts';
import { getLogs } from './logs.ts';
import { scrapeMetrics } from './metrics.ts';
import { followAll, getPush } from './push.ts';
import { getSeries } from './series.ts';
import { getStats } from './stats.ts';
import { submitBatch, submitTask } from './submit.ts';
import { cancelTask, getTask, listTasks, retryTask } from './tasks.ts';

export const ROUTES: readonly Route[] = [
  submitTask,
  submitBatch,
  listTasks,
  getTask,
  cancelTask,
  retryTask,
  followTask,
  getLogs,
  explainTask,
  followAll,
  startBulk,
  listBulk,
  getBulk,
  stopBulk,
  getStats,
  getSeries,
  getPush,
  getHealth,
  listHandlers,
  listNodes,
  drainNode,
  undrainNode,
  listKeys,
  setLimit,
  removeLimit,
  getDescription,
  isAlive,
  isReady,
  scrapeMetrics,
];
