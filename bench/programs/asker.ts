// Asks a Redis for something small all the time, in a thread of its own, so that what it waits for is Redis and not the program
// that keeps Redis busy. Told anything, it answers with how long each answer took, in ms, shortest first, and ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createClient } from 'redis';

const client = createClient({ socket: { host: '127.0.0.1', port: workerData as number } });
await client.connect();
const waits: number[] = [];
const told = { enough: false };
parentPort?.once('message', () => {
  told.enough = true;
});
parentPort?.postMessage('ready');
while (!told.enough) {
  const startedAt = performance.now();
  await client.ping();
  waits.push(performance.now() - startedAt);
  await sleep(1);
}
client.destroy();
parentPort?.postMessage(Float64Array.from(waits).sort());
