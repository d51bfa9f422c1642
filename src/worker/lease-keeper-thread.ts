// Entry of the lease keeper's thread. It goes on while a handler blocks the main thread, which is all it is for.
// The way to the store and the clock are given by module address: this file must not know which they are.
import { workerData } from 'node:worker_threads';
import type { Clock, Timer } from '../ports/clock.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import {
  type FromKeeper,
  type KeeperConnection,
  type KeeperThreadData,
  lookAgainMs,
  type ToKeeper,
} from './lease-keeper-messages.ts';
import { LeasePage } from './lease-page.ts';

const { port, connector, clockModule, nodeId, intervalMs } = workerData as KeeperThreadData;
const say = (message: FromKeeper): void => port.postMessage(message);

const { systemClock: clock } = (await import(clockModule)) as { systemClock: Clock };
const { connect } = (await import(connector.module)) as { connect: (data: unknown) => Promise<KeeperConnection> };
const connection = await connect(connector.data);

let page: LeasePage | null = null;
let lookAgain: Timer | null = null;
const keeper = new LeaseKeeper({
  nodeId,
  clock,
  intervalMs,
  heartbeat: (request) => connection.heartbeat(request),
  onNews: (news) => say({ kind: 'news', news }),
  catchUp: look,
  onFault: (error) => say({ kind: 'fault', message: error instanceof Error ? error.message : String(error) }),
});

function look(): void {
  for (const { leases, dropped } of page?.read() ?? []) {
    keeper.drop(dropped);
    if (leases.length > 0) keeper.hold(leases);
  }
}

function lookTwice(): void {
  look();
  lookAgain?.cancel();
  lookAgain = clock.after(lookAgainMs(intervalMs), look);
}

port.on('message', (message: ToKeeper) => {
  switch (message.kind) {
    case 'page':
      look();
      page = new LeasePage(message.memory);
      return lookTwice();
    case 'look':
      return lookTwice();
    case 'what_time':
      return say({ kind: 'time', monotonic: clock.monotonic() });
  }
});
say({ kind: 'ready' });
