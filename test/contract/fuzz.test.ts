// No input gives a 5xx, an undocumented answer or the end of the process, or changes another record. A short run by
// default; TEST_FUZZ_RUNS=100000 for a long one, FC_SEED to repeat one.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { exchange, statusesOf } from '../unit/server/raw-socket.ts';
import { type Scene, startScene } from '../unit/server/scene.ts';
import { anyJson, anyText, arbitraryOf } from './arbitraries.ts';
import { answerChecker, type Description, type Route, routesOf } from './description.ts';

const RUNS = Number(process.env['TEST_FUZZ_RUNS'] ?? 150);
const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
/** Statuses that any address may answer: not there, not so, not with these headers. */
const EVERYWHERE = new Set([400, 403, 404, 405, 413, 415, 431]);

interface Input {
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

const encoded = anyText.map((text) => encodeURIComponent(text.toWellFormed()));
const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

function inputs(description: Description, ids: readonly string[]): fc.Arbitrary<Input> {
  const { schemas } = description.components;
  return fc.constantFrom(...routesOf(description)).chain((route) => {
    const { parameters = [], requestBody } = route.operation;
    const named = (place: string) => parameters.filter((one) => one.in === place);
    const query = fc.record(
      Object.fromEntries(named('query').map(({ name, schema }) => [name, arbitraryOf(schema, schemas).map(String)])),
      { requiredKeys: [] },
    );
    const headers = fc.record(Object.fromEntries(named('header').map(({ name }) => [name, headerText])), {
      requiredKeys: [],
    });
    const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
    const json =
      schema === undefined ? fc.constant(null) : arbitraryOf(schema, schemas).map((value) => JSON.stringify(value));
    const spoilt = fc.tuple(anyJson, fc.nat(100)).map(([value, at]) => JSON.stringify(value).slice(0, at));
    return fc.record({
      route: fc.constant(route),
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant(route.method) },
        { weight: 1, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS') },
      ),
      path: fc
        .oneof({ weight: 3, arbitrary: fc.constantFrom(...ids) }, { weight: 1, arbitrary: encoded })
        .map((value) => route.path.replace(/\{\w+\}/, value)),
      query: fc.oneof(
        { weight: 4, arbitrary: query.map((pairs) => new URLSearchParams(pairs as Record<string, string>).toString()) },
        { weight: 1, arbitrary: fc.array(encoded, { maxLength: 3 }).map((parts) => parts.join('&')) },
      ),
      headers: headers as fc.Arbitrary<Record<string, string>>,
      body: fc.oneof({ weight: 6, arbitrary: json }, { weight: 1, arbitrary: spoilt }),
    });
  });
}

describe('whatever is sent', () => {
  let scene: Scene;
  let description: Description;
  let untouched: string;
  before(async () => {
    scene = await startScene({ store: 'memory' });
    description = JSON.parse((await scene.call('GET', '/api/v1/openapi.json')).text) as Description;
    untouched = await scene.submit({ type: 'untouched', payload: [1], delay: 3600 });
  });
  after(() => scene[Symbol.asyncDispose]());

  it('fits the description and harms nothing', async () => {
    const check = answerChecker(description);
    const ids = [await scene.submit(), await scene.submit({ type: 'b', concurrency_key: 'k' })];
    const before = (await scene.call('GET', `/api/v1/tasks/${untouched}`)).text;
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(inputs(description, ids), async (input) => {
        // A stream of a task that is not final stays open, which is right and takes too long here.
        fc.pre(!input.path.endsWith('/events') || input.method !== 'GET');
        const wait = input.query.includes('wait=') ? '' : input.query;
        const target = `${input.path}${wait === '' ? '' : `?${wait}`}`;
        const hasBody = input.body !== null && input.method !== 'GET' && input.method !== 'HEAD';
        const answer = await scene.call(
          input.method,
          target,
          hasBody ? (input.body ?? undefined) : undefined,
          input.headers,
        );
        assert.ok(answer.status < 500, answer.text);
        if (answer.status === 201) accepted++;
        if (EVERYWHERE.has(answer.status)) {
          if (input.method !== 'HEAD')
            assert.equal((JSON.parse(answer.text) as { status: number }).status, answer.status);
        } else if (input.method === input.route.method) assert.deepEqual(check(input.route, answer), []);
      }),
      { numRuns: RUNS, ...SEED },
    );
    // Inputs that are all refused would prove little.
    assert.ok(accepted > 0 || RUNS < 1000);
    assert.equal((await scene.call('GET', `/api/v1/tasks/${untouched}`)).text, before);
    assert.deepEqual(await scene.store.audit('report'), []);
  });

  it('in bytes is answered with a status below 500, or not at all', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        'POST ',
        'DELETE ',
        '/api/v1/tasks',
        '/api/v1/concurrency/',
        ' HTTP/1.1',
        '\r\n',
        '\r\n\r\n',
        'Host: localhost\r\n',
        'Content-Type: application/json\r\n',
        'Content-Length: 5\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Expect: 100-continue\r\n',
        'Upgrade: websocket\r\nConnection: Upgrade\r\n',
        '0\r\n\r\n',
        '{"type":"a"}',
        '%',
        '?',
        '\u0000',
      ),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        // Ends with a proper request, so that the server comes to an end of its own.
        const bytes = `${pieces.join('')}\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
        const received = await exchange(
          scene.port,
          bytes,
          (text) => text.includes('connection: close') || text.includes('Connection: close'),
        );
        for (const status of statusesOf(received)) assert.ok(status < 500, received);
      }),
      { numRuns: RUNS, ...SEED, endOnFailure: true },
    );
    assert.equal((await scene.call('GET', '/livez')).status, 200);
  });
});
