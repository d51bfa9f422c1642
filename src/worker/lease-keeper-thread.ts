// Entry of the lease keeper's thread. It goes on while a handler blocks the main thread, which is all it is for.
// The way to the store and the clock are given by module address: this file must not know which they are.
import { workerData } from 'node:worker_threads';
import type { Clock } from '../ports/clock.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import {
  type FromKeeper,
  type KeeperConnection,
  type KeeperThreadData,
  leasesIn,
  type ToKeeper,
} from './lease-keeper-messages.ts';

const { port, connector, clockModule, nodeId, intervalMs } = workerData as KeeperThreadData;
const say = (message: FromKeeper): void => port.postMessage(message);

const { systemClock: clock } = (await import(clockModule)) as { systemClock: Clock };
const { connect } = (await import(connector.module)) as { connect: (data: unknown) => Promise<KeeperConnection> };
const connection = await connect(connector.data);

const keeper = new LeaseKeeper({
  nodeId,
  clock,
  intervalMs,
  heartbeat: (request) => connection.heartbeat(request),
  onNews: (news) => say({ kind: 'news', news }),
  onFault: (error) => say({ kind: 'fault', message: error instanceof Error ? error.message : String(error) }),
});

port.on('message', (message: ToKeeper) => {
  switch (message.kind) {
    case 'hold':
      return keeper.hold(leasesIn(message));
    case 'drop':
      return keeper.drop([...message.tokens]);
    case 'what_time':
      return say({ kind: 'time', monotonic: clock.monotonic() });
  }
});
say({ kind: 'ready' });
