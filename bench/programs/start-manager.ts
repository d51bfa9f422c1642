// A node as a program embeds it, with everything at its default that the measurement does not need otherwise.
import { TaskManager } from '../../src/index.ts';

/** @param address a data file, or `redis://host:port` */
export async function startManager(address: string, maxConcurrency: number): Promise<TaskManager> {
  const store = address.startsWith('redis://')
    ? { redis: { addr: address.slice('redis://'.length) } }
    : { embedded: { path: address } };
  return TaskManager.start({
    ...store,
    queue: { maxConcurrency },
    // Two processes of one run must not meet on a port; live messages are measured by a scenario of their own.
    mqtt: { listen: '' },
    log: { level: 'error' },
  });
}
