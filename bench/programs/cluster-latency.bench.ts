// Submits tasks one by one, through a node that runs none, and asks when their handler elsewhere started.
import { TaskManager } from '../../src/index.ts';
import { run } from '../harness/program.ts';

const WARM_UP = 100;
const PAUSE_MS = 8;

await run(async ({ addr, tasks }: { readonly addr: string; readonly tasks: number }) => {
  const manager = await TaskManager.start({
    redis: { addr },
    node: { role: 'api' },
    mqtt: { broker: 'off' },
    log: { level: 'error' },
  });
  const latencyMs = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const sentAt = process.hrtime.bigint();
    const handle = await manager.submitTask<string>('clock');
    return Number(BigInt(await handle.result()) - sentAt) / 1e6;
  };
  for (let n = 0; n < WARM_UP; n++) await latencyMs();
  return {
    measure: async () => {
      const latencies: number[] = [];
      for (let n = 0; n < tasks; n++) latencies.push(await latencyMs());
      return latencies;
    },
    end: () => manager.close(),
  };
});
