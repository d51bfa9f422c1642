import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { draw } from '../../../src/cli/screen.ts';
import { progressLine } from '../../../src/cli/task-wait.ts';
import { type Look, screen } from '../../../src/cli/top.ts';
import { sameAsStored } from '../../stored-text.ts';

const zero = { pending: 0, processing: 0, success: 0, failed: 0, canceled: 0, timeout: 0 };
const hour = { submitted: 0, started: 0, retried: 0, success: 0, failed: 0, canceled: 0, timeout: 0 };

function look(atMs: number, success: number): Look {
  const type = { ...zero, pending: 7, processing: 2, success, oldest_pending_seconds: 1.25, demand: 9 };
  return {
    atMs,
    stats: {
      tasks: { ...zero, pending: 7, processing: 2, success, total: 9 + success },
      types: { image: type, 'mail\u001b[31m': { ...type, demand: 1 } },
      concurrency: { keys: 2, operator_limits: 0, full: 1, running: 2, waiting: 5 },
      nodes: { live: 1, draining: 0, slots: 100, running: 2 },
      throughput: { accepted: 10, purged: 0, last_hour: hour, minutes: [] },
    },
    nodes: [
      {
        id: 'node-a',
        host: 'a',
        pid: 1,
        version: '1',
        started_at: '2027-01-01T00:00:00.000Z',
        types: ['image', 'mail'],
        slots: 100,
        running: 2,
        draining: false,
        drain_requested: false,
        live: true,
        last_heartbeat_at: '2027-01-01T00:00:00.000Z',
      },
    ],
    keys: [
      { key: 'user_1', limit: 2, limit_source: 'task', running: 2, waiting: 5, holders: [] },
      { key: 'user_2', limit: 2, limit_source: 'task', running: 1, waiting: 0, holders: [] },
    ],
  };
}

describe('xqueue top', () => {
  it('shows types with their rates, nodes, and only the keys that are full', () => {
    sameAsStored(new URL('screens/top.txt', import.meta.url), screen(look(3000, 50), look(1000, 30)));
  });
  it('knows no rates at the first look', () => {
    assert.match(screen(look(1000, 30), null), /image +7 +2 +- +0/);
  });
  it('fits the terminal it is drawn on, and is plain text elsewhere', () => {
    let drawn = '';
    const out: string[] = [];
    const io = { out: (text: string) => void out.push(text), err: () => undefined, env: {}, input: async () => '' };
    const text = 'a long line\nsecond\nthird\nfourth';
    const terminal = {
      size: () => ({ columns: 6, rows: 4 }),
      draw: (part: string) => (drawn += part),
      status: () => {},
    };
    draw({ ...io, terminal }, text);
    assert.equal(drawn.replaceAll('\u001b', 'ESC'), 'ESC[Ha longESC[K\nsecondESC[K\nthirdESC[K\nESC[J');
    draw(io, text);
    assert.deepEqual(out, [text]);
  });
});

describe('the progress of --wait', () => {
  const line = (progress: unknown, retry = 0) =>
    progressLine({ status: 'processing', progress, retry, elapsedMs: 3000 });
  it('is a bar where the handler reports by the convention', () => {
    assert.equal(
      line({ progress: 50, message: 'half' }),
      `processing  ${'█'.repeat(12)}${'░'.repeat(12)}  50 %  half  3s`,
    );
    assert.match(line({ progress: 1000 }), /█{24} 100 %/);
    assert.match(line(-5), /░{24} {3}0 %/);
  });
  it('is what was reported where it does not, and nothing before a report', () => {
    assert.equal(line({ rows: 7 }), 'processing  {"rows":7}  3s');
    assert.equal(line(null, 2), 'processing  retry 2  3s');
    assert.ok(!line({ progress: 1, message: '\u001b[31mred' }).includes('\u001b'));
  });
});
