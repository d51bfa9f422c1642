// Changes as server-sent events. Read with `fetch`, because EventSource cannot send a key.
import { authorization } from '../api/call.ts';
import { changeOf, type Transport, type TransportEvents } from './change.ts';

const RECONNECT_MS = 1000;

export function connectSse(path: string, events: TransportEvents): Transport {
  const abort = new AbortController();
  void follow(path, events, abort.signal);
  return { name: 'sse', close: () => abort.abort() };
}

async function follow(path: string, events: TransportEvents, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await fetch(path, { headers: authorization(), signal });
      if (response.ok && response.body !== null) {
        events.up();
        await readAll(response.body, events);
      }
    } catch {
      // Said below; tried again.
    }
    if (signal.aborted) return;
    events.down();
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

async function readAll(body: ReadableStream<Uint8Array>, events: TransportEvents): Promise<void> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) read(block, events);
  }
}

function read(block: string, events: TransportEvents): void {
  const field = (name: string): string | null => {
    const line = block.split('\n').find((one) => one.startsWith(`${name}: `));
    return line === undefined ? null : line.slice(name.length + 2);
  };
  const name = field('event');
  if (name === 'gap') return events.some();
  if (name !== 'status' && name !== 'progress') return;
  const change = changeOf(name, field('data') ?? '');
  if (change !== null) events.change(change);
}
