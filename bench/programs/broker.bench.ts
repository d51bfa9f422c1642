// The embedded broker alone: publishes as the outbox relay does, a page at a time, and waits for each page.
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { EmbeddedBroker } from '../../src/adapters/mqtt/embedded-broker.ts';
import { SILENT } from '../../src/ports/logger.ts';
import { run } from '../harness/program.ts';

export interface BrokerInput {
  readonly messages: number;
  readonly page: number;
  readonly qos: 0 | 1;
}

const ID = '01a204a8-f9a4-7754-86f5-0f3611930c4b';

await run(async ({ messages, page, qos }: BrokerInput) => {
  const broker = await EmbeddedBroker.start({
    listen: { host: '127.0.0.1', port: 0, origin: 'set' },
    bases: ['task/status', 'task/progress'],
    qos,
    mayRead: () => true,
    access: 'open',
    clock: systemClock,
    logger: SILENT,
  });
  const payload = JSON.stringify({ task_id: ID, type: 'bench', status: 'success', version: 3, timestamp: 1, retry: 0 });
  return {
    ready: { port: broker.address?.port },
    measure: async () => {
      for (let sent = 0; sent < messages; sent += page) {
        await broker.publish(Array.from({ length: page }, () => ({ topic: `task/status/${ID}`, payload })));
      }
      return null;
    },
    end: () => broker.close(),
  };
});
