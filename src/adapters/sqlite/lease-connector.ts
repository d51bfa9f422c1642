// Loaded by the lease keeper's thread: its own way to the store, whatever the main thread is doing.
import type { MessagePort } from 'node:worker_threads';
import type { HeartbeatReply, HeartbeatRequest } from '../../ports/task-store.ts';
import { PortCaller } from './port-caller.ts';
import type { FromThread } from './thread-protocol.ts';

export async function connect(
  data: unknown,
): Promise<{ heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]> }> {
  const { port } = data as { port: MessagePort };
  const caller = new PortCaller(port);
  port.on('message', (message: FromThread) => {
    if (message.kind === 'answers') caller.answered(message.answers);
  });
  port.on('close', () => caller.end('The embedded store is closed'));
  return { heartbeat: (request) => caller.call('heartbeat', [request]) };
}
