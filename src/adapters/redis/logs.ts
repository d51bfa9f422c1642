// Lines that handlers say: packed here, numbered and cut by the script that checks the lease.
import { LOG_LEVELS, type LogBatch, type LogEntry, type LogLine, type LogStore } from '../../ports/log-store.ts';
import { Reader, Writer } from './bytes.ts';
import { bytes, list, text } from './calls.ts';
import { idBytes, refsBytes } from './ids.ts';
import { inPages, PAGE, requestOfPage } from './pages.ts';
import type { Shard } from './shard.ts';

/** More lines than any task has said. */
const NUMBER_MAX = 2 ** 32 - 1;

export function logStore(shard: Shard, newRequestId: () => string): LogStore {
  return {
    append: (batch) => append(shard, batch, newRequestId()),
    read: (id, after) => read(shard, id, after),
  };
}

function append(shard: Shard, batch: readonly LogBatch[], request: string): Promise<Appended[]> {
  return inPages(batch, PAGE.logs, (page, number) => appendPage(shard, page, requestOfPage(request, number)));
}

interface Appended {
  readonly state: 'recorded' | 'lease_lost';
}

async function appendPage(shard: Shard, batch: readonly LogBatch[], request: string): Promise<Appended[]> {
  const counts = new Writer(batch.length * 4);
  for (const { entries } of batch) counts.uint(entries.length, 4);
  const lines = batch.flatMap(({ entries }) => entries.map(packLine));
  const { values } = await shard.step('append-logs', { request, refs: refsBytes(batch), counts: counts.done(), lines });
  return Array.from(text(values[0] ?? ''), (letter) => ({ state: letter === 'r' ? 'recorded' : 'lease_lost' }));
}

/** How long ago; then what is kept as it is: level, bytes that count, message, fields (none is empty: no JSON text is). */
function packLine({ agoMs, level, message, fields }: LogEntry): Buffer {
  const size = Buffer.byteLength(message) + Buffer.byteLength(fields ?? '');
  const packed = new Writer(8 + 1 + 4 + 4 + 4 + size);
  packed
    .double(Math.max(0, Math.round(agoMs)))
    .uint(LOG_LEVELS.indexOf(level), 1)
    .uint(size, 4);
  return packed
    .text(message, 4)
    .text(fields ?? '', 4)
    .done();
}

async function read(shard: Shard, id: string, after: number): Promise<LogLine[] | null> {
  const { values } = await shard.read('read-logs', { id: idBytes(id), after: Math.min(after, NUMBER_MAX) });
  return values[0] === 0 ? null : list(values[1]).map((line) => readLine(bytes(line)));
}

function readLine(from: Buffer): LogLine {
  const reader = new Reader(from);
  const line = reader.uint(4);
  const at = reader.uint(6);
  const attempt = reader.uint(4);
  // Bytes of all lines before it: see append-logs.lua.
  reader.skip(6);
  const level = LOG_LEVELS[reader.uint(1)] ?? 'info';
  reader.skip(4);
  const message = reader.text(4);
  const fields = reader.text(4);
  return { line, at, attempt, level, message, fields: fields === '' ? null : fields };
}
