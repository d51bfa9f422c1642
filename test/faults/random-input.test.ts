// Random requests and random bytes on every endpoint of a real node: no answer is a 5xx, the process lives, and records
// of others stay as they were (A1). XQUEUE_FUZZ_REQUESTS says how many; a night takes a million.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES } from '../../src/server/routes/table.ts';
import type { Chance } from '../differential/chance.ts';
import { getTask, submit } from '../e2e/http.ts';
import { audit } from './audit.ts';
import { makeRig, seeded } from './rig.ts';

const REQUESTS = Number(process.env['XQUEUE_FUZZ_REQUESTS'] ?? 4000);
const TOGETHER = 16;
/** Half a request gets no answer: it is left alone after this. The server has its own, longer patience. */
const PATIENCE_MS = 200;

const NAMES = [
  '',
  ' ',
  ':',
  '{',
  '}',
  '*',
  '?',
  '+',
  '#',
  '/',
  '//',
  '..',
  '%',
  '%00',
  '%zz',
  '%F0%9F%98%80',
  '\u0000',
];
const WORDS = ['__proto__', 'constructor', 'toString', 'null', 'NaN', '-0', '1e999', 'true', '[]', "' OR 1=1 --", '😀'];
const FIELDS = [
  'type',
  'payload',
  'priority',
  'max_retry',
  'retry_strategy',
  'queue_timeout',
  'process_timeout',
  'delay',
  'run_at',
  'concurrency_key',
  'max_concurrency',
  'tags',
  'id',
  'status',
  '__proto__',
  '',
];
const SUBMITS = ROUTES.filter(({ path, method }) => method === 'POST' && /\/tasks(\/batch)?$/.test(path));
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'LINK'];

function bytes(chance: Chance, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(chance.below(256))).join('');
}

function name(chance: Chance): string {
  const kind = chance.below(4);
  if (kind === 0) return encodeURIComponent(chance.pick(WORDS));
  if (kind === 1) return chance.pick(NAMES).repeat(chance.between(1, 3));
  if (kind === 2) return encodeURIComponent(bytes(chance, chance.between(1, 300)));
  return bytes(chance, chance.between(1, 20)).replaceAll(/[\s\0]/g, '');
}

/** JSON text of any value, some of which no JavaScript program would write. */
function json(chance: Chance, depth = 0): string {
  switch (chance.below(depth > 3 ? 7 : 10)) {
    case 0:
      return chance.pick(['null', 'true', 'false', '{}', '[]', '""']);
    case 1:
      return chance.pick(['0', '-1', '1.5', '-0', '1e999', '1e-999', '9007199254740993', '9'.repeat(400), '01', 'NaN']);
    case 2:
      return JSON.stringify(chance.pick(WORDS));
    case 3:
      return JSON.stringify(bytes(chance, chance.below(400)));
    case 4:
      return chance.pick(['"\\ud83d"', '"\\u0000"', '"\\', '"a', '{"a":1,"a":2}', '{"a"}', ',', '2026-01-01']);
    case 5:
      return JSON.stringify(chance.pick(['2026-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '-1', 'quick', 'k', 'fixed']));
    case 6:
      return String(chance.between(-2_000_000, 2_000_000));
    case 7:
      return `[${Array.from({ length: chance.below(20) }, () => json(chance, depth + 1)).join(',')}]`;
    case 8:
      return '['.repeat(chance.below(200)).concat(']'.repeat(chance.below(200)));
    default:
      return `{${Array.from({ length: chance.below(5) }, () => `${JSON.stringify(chance.pick(FIELDS))}:${json(chance, depth + 1)}`).join(',')}}`;
  }
}

function body(chance: Chance): string {
  const members = ['"type":"quick"', '"delay":3600'];
  for (let n = chance.oneIn(2) ? 0 : chance.below(4); n > 0; n--)
    members.push(`${JSON.stringify(chance.pick(FIELDS))}:${json(chance)}`);
  const task = `{${members.slice(chance.oneIn(6) ? 1 : 0).join(',')}}`;
  let text = chance.pick([task, `{"tasks":[${task},${task}]}`, `{"tasks":${json(chance)}}`, json(chance), '']);
  if (chance.oneIn(5)) {
    const at = chance.below(text.length + 1);
    text = text.slice(0, at) + bytes(chance, 1) + text.slice(at + chance.below(2));
  }
  return text;
}

function request(chance: Chance): string {
  const route = chance.pick(chance.oneIn(2) ? ROUTES : SUBMITS);
  const path = route.path.replace(/\{\w+\}/, () => name(chance));
  const query = Array.from(
    { length: chance.below(3) },
    () =>
      `${chance.oneIn(2) ? chance.pick(['status', 'limit', 'offset', 'order', 'tag', 'type']) : name(chance)}=${name(chance)}`,
  );
  const text = Buffer.from(body(chance), 'utf8').toString('latin1');
  const length = chance.oneIn(100) ? json(chance).replaceAll(/[\r\n]/g, '') : text.length;
  const headers = [
    `${chance.oneIn(4) ? chance.pick(METHODS) : route.method} ${path}${query.length > 0 ? '?' : ''}${query.join('&')} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    `Content-Type: ${chance.oneIn(8) ? name(chance) : 'application/json'}`,
    `Content-Length: ${length}`,
  ];
  if (chance.oneIn(6)) headers.push(`Idempotency-Key: ${name(chance)}`);
  if (chance.oneIn(10)) headers.push(`Last-Event-ID: ${name(chance)}`);
  if (chance.oneIn(20)) headers.push(`${bytes(chance, 5)}: ${bytes(chance, 5)}`);
  if (chance.oneIn(30)) headers.push(`Transfer-Encoding: ${chance.pick(['chunked', 'gzip', 'chunked, chunked'])}`);
  return `${headers.join('\r\n')}\r\n\r\n${text}`;
}

function anything(chance: Chance): string {
  const kind = chance.below(12);
  if (kind === 0) return bytes(chance, chance.between(1, 2000));
  const text = request(chance);
  if (kind === 1) return text.slice(0, chance.below(text.length));
  return text;
}

/** Sends it and answers the status; `null` if there is none. */
function fire(port: number, text: string): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (received.includes('\r\n\r\n')) socket.destroy();
    });
    // Bytes that are still on their way when the server closes end in a reset.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1];
      resolve(status === undefined ? null : Number(status));
    });
    socket.write(Buffer.from(text, 'latin1'));
  });
}

it(`${REQUESTS} random requests: no 5xx, nobody else's record changes, the node lives`, {
  timeout: 86_400_000,
}, async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t, { broker: ['--mqtt-broker', 'embedded', '--mqtt-listen', '127.0.0.1:0'] });
    const node = await rig.start();
    const ended = await submit(rig.url, { type: 'quick', payload: { keep: 'me' } });
    await getTask(rig.url, ended.id, '?wait=10');
    const waiting = await submit(rig.url, { type: 'nobody', delay: 3600, tags: ['mine'], concurrency_key: 'mine' });
    const canceled = await submit(rig.url, { type: 'nobody' });
    await fetch(`${rig.url}/tasks/${canceled.id}`, { method: 'DELETE' });
    const witnesses = [ended, waiting, canceled].map(({ id }) => id);
    const look = () => Promise.all(witnesses.map(async (id) => (await fetch(`${rig.url}/tasks/${id}`)).text()));
    const before = await look();

    const statuses = new Map<number | null, number>();
    const faults: string[] = [];
    const one = async (): Promise<void> => {
      const text = anything(chance);
      const status = await fire(rig.port, text);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== null && status >= 500) faults.push(`${status} to ${JSON.stringify(text.slice(0, 600))}`);
    };
    let left = REQUESTS;
    const gun = async (): Promise<void> => {
      while (left-- > 0 && faults.length === 0) await one();
    };
    await Promise.all(Array.from({ length: TOGETHER }, gun));
    assert.deepEqual(faults, []);

    // The MQTT port is open to everybody as well.
    for (let n = 0; n < 200; n++) {
      const hello = chance.oneIn(2) ? '\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab' : '';
      await fire(node.mqttPort ?? assert.fail('no MQTT port'), hello + bytes(chance, chance.between(1, 100)));
    }
    await sleep(0);
    assert.deepEqual(await look(), before);
    const again = await submit(rig.url, { type: 'quick' });
    assert.equal((await getTask(rig.url, again.id, '?wait=10')).status, 'success');
    await rig.kill();
    const accepted = new Map([[again.id, '{}']]);
    await audit({ ...rig, accepted, others: 'some', state: 'any', history: 'trimmed' });
    const shown = [...statuses].sort((a, b) => b[1] - a[1]).map(([status, count]) => `${status ?? 'closed'}: ${count}`);
    t.diagnostic(shown.join(', '));
    assert.ok(statuses.has(201), 'some requests were good ones');
  });
});
