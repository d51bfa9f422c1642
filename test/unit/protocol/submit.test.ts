import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSubmit, parseSubmitText, type SubmitRules } from '../../../src/protocol/submit.ts';

function accepted(body: object | string, rules?: SubmitRules) {
  const text = typeof body === 'string' ? body : JSON.stringify({ type: 'a', ...body });
  const parsed = parseSubmitText(text, rules);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.faults));
  return parsed.value;
}

function faultsOf(body: object | string, rules?: SubmitRules) {
  const text = typeof body === 'string' ? body : JSON.stringify({ type: 'a', ...body });
  const parsed = parseSubmitText(text, rules);
  assert.ok(!parsed.ok, `accepted: ${text.slice(0, 200)}`);
  return parsed.faults;
}

/** The only fault is at this place. */
function refusedAt(path: string, body: object | string): void {
  assert.deepEqual(
    faultsOf(body).map((fault) => fault.path),
    [path],
  );
}

const KIND_SAMPLES = { text: 'x', flag: true, nothing: null, list: [1], object: { a: 1 }, number: 1, fraction: 1.5 };
type Kind = keyof typeof KIND_SAMPLES;

interface Field {
  readonly name: string;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
  /** Kinds of values that are not refused for their kind. */
  readonly kinds: readonly Kind[];
}

const CENTURY = 3_155_760_000;
const duration = {
  good: [0, 0.001, 0.5, 1, CENTURY],
  bad: [-0.001, -1, CENTURY + 1],
  kinds: ['number', 'fraction'],
} as const;
const FIELDS: readonly Field[] = [
  {
    name: 'type',
    good: ['a', 'A9', '0', 'send_email', 'a.b:c-d_e', 'a'.repeat(128), 'constructor', 'toString'],
    bad: [
      '',
      'a'.repeat(129),
      '_a',
      '.a',
      ':a',
      '-a',
      'a b',
      'a/b',
      'a#',
      'a+',
      'a*',
      'a?',
      'a{b}',
      'é',
      '😀',
      'a\n',
      'a\u0000',
      '__proto__',
    ],
    kinds: ['text'],
  },
  {
    name: 'priority',
    good: [-1_000_000, -1, 0, 1, 1_000_000],
    bad: [-1_000_001, 1_000_001, 0.5, 1e21],
    kinds: ['number'],
  },
  { name: 'max_retry', good: [0, 1, 1000], bad: [-1, 1001, 0.5], kinds: ['number'] },
  { name: 'queue_timeout', ...duration },
  { name: 'process_timeout', ...duration },
  { name: 'delay', ...duration },
  {
    name: 'run_at',
    good: ['2026-11-22T18:39:29Z', '1970-01-01T00:00:00.000Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'],
    bad: ['', 'tomorrow', '2026-11-22', '2026-02-30T00:00:00Z', '2026-11-22T18:39:29'],
    kinds: [],
  },
  {
    name: 'concurrency_key',
    good: ['a', 'user:{1}*?+#/', 'ключ 😀', ' ', 'k'.repeat(256), '😀'.repeat(256), '__proto__'],
    bad: ['', 'k'.repeat(257), '😀'.repeat(257), 'a\u0000', 'a\nb', '\u007f', '\ud800', 'a\udc00b'],
    kinds: ['text'],
  },
  { name: 'max_concurrency', good: [1, 2, 1_000_000], bad: [0, -1, 1_000_001, 1.5], kinds: ['number'] },
  { name: 'retry_strategy', good: [{}, { type: 'fixed' }], bad: [], kinds: [] },
  {
    name: 'tags',
    good: [[], ['a'], Array.from({ length: 16 }, (_, i) => `t${i}`)],
    bad: [Array.from({ length: 17 }, (_, i) => `t${i}`)],
    kinds: [],
  },
];

describe('every field of a submit', () => {
  for (const { name, good, bad, kinds } of FIELDS) {
    it(`${name} is taken up to its limits`, () => {
      for (const value of good) accepted({ [name]: value });
    });

    it(`${name} is refused beyond them`, () => {
      for (const value of bad) refusedAt(`/${name}`, { [name]: value });
    });

    it(`${name} of another kind is refused`, () => {
      for (const [kind, value] of Object.entries(KIND_SAMPLES)) {
        if (kinds.includes(kind as Kind)) continue;
        const [first] = faultsOf({ [name]: value });
        assert.ok(first?.path.startsWith(`/${name}`), `${name}: ${kind}`);
      }
    });
  }

  it('has a type', () => refusedAt('/type', '{}'));

  it('of a retry strategy is held to its limits', () => {
    const good = { type: 'linear', delay: 0, factor: 1000, max_delay: CENTURY, jitter: 1 };
    assert.deepEqual(accepted({ retry_strategy: good }).retryStrategy, {
      type: 'linear',
      delayMs: 0,
      factor: 1000,
      maxDelayMs: CENTURY * 1000,
      jitter: 1,
    });
    for (const bad of [
      { type: 'cubic' },
      { delay: -1 },
      { factor: -1 },
      { factor: 1001 },
      { max_delay: CENTURY + 1 },
      { jitter: 1.1 },
      { jitter: '0' },
      { type: null },
    ]) {
      refusedAt(`/retry_strategy/${Object.keys(bad)[0]}`, { retry_strategy: bad });
    }
  });

  it('of the tags is named by its place', () => {
    const tags = ['ok', '', 'x'.repeat(64), 'x'.repeat(65), 7, 'a\u0001', '\udfff', null];
    assert.deepEqual(
      faultsOf({ tags }).map((fault) => fault.path),
      ['/tags/1', '/tags/3', '/tags/4', '/tags/5', '/tags/6', '/tags/7'],
    );
  });

  it('is found wrong in one go', () => {
    const faults = faultsOf({ type: '', priority: 1e9, max_retry: -1, delay: 1, run_at: 'x', tags: 'x', foo: 1 });
    assert.deepEqual(faults.map((fault) => fault.path).sort(), [
      '/foo',
      '/max_retry',
      '/priority',
      '/run_at',
      '/run_at',
      '/tags',
      '/type',
    ]);
  });
});

describe('numbers that are none', () => {
  for (const literal of ['1e400', '-1e400', '"NaN"', '"Infinity"', '"1"', '123456789012345678901234567890']) {
    it(`${literal} is no priority`, () => refusedAt('/priority', `{"type":"a","priority":${literal}}`));
    it(`${literal} is no delay`, () => refusedAt('/delay', `{"type":"a","delay":${literal}}`));
  }

  it('-0 is 0', () => {
    const request = accepted('{"type":"a","priority":-0,"max_retry":-0,"delay":-0,"retry_strategy":{"factor":-0}}');
    assert.ok(Object.is(request.priority, 0) && Object.is(request.maxRetry, 0) && Object.is(request.delayMs, 0));
    assert.ok(Object.is(request.retryStrategy?.factor, 0));
  });

  it('1.0 and 1e0 are whole', () => assert.equal(accepted('{"type":"a","priority":1.0,"max_retry":1e0}').maxRetry, 1));
});

describe('what the domain gets', () => {
  it('is everything that was given, in its own words', () => {
    const request = accepted({
      payload: { a: [] },
      priority: 5,
      max_retry: 2,
      retry_strategy: { type: 'fixed', delay: 0.5, factor: 3, max_delay: 9, jitter: 0 },
      queue_timeout: 1.5,
      process_timeout: 0,
      run_at: '2026-11-22T18:39:29.5+01:00',
      concurrency_key: 'user_1',
      max_concurrency: 3,
      tags: ['x', 'y', 'x'],
    });
    assert.deepEqual(request, {
      type: 'a',
      payload: '{"a":[]}',
      priority: 5,
      maxRetry: 2,
      retryStrategy: { type: 'fixed', delayMs: 500, factor: 3, maxDelayMs: 9000, jitter: 0 },
      queueTimeoutMs: 1500,
      processTimeoutMs: 0,
      runAt: Date.UTC(2026, 10, 22, 17, 39, 29, 500),
      concurrencyKey: 'user_1',
      maxConcurrency: 3,
      tags: ['x', 'y'],
    });
  });

  it('does not hold what was left out', () => assert.deepEqual(accepted({}), { type: 'a' }));

  it('has an instant before 1970 as the oldest there is', () => {
    assert.equal(accepted({ run_at: '0001-01-01T00:00:00Z' }).runAt, 0);
  });
});

describe('a payload', () => {
  for (const payload of [
    'null',
    'true',
    '-0',
    '1e400',
    '123456789012345678901234567890.000',
    '""',
    '[]',
    '{}',
    '[[],{},[{}]]',
    '{"b":1,"a":2,"10":3,"9":4}',
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1},"constructor":{"prototype":1}}',
    '"\\ud800 \\udc00\\ud83d \\u0000 \\/ é 😀 \u2028"',
    '{ "spaced" : [ 1 , 2 ] }',
    '"{\\"payload\\": 1}"',
  ]) {
    it(`${payload} is kept as it is written`, () => {
      assert.equal(accepted(`{"type":"a", "payload" : ${payload} }`).payload, payload);
      assert.equal(accepted(`{"payload":${payload},"type":"a"}`).payload, payload);
      assert.equal(accepted(`{"\\u0070ayload":${payload},"type":"a"}`).payload, payload);
    });
  }

  it('of a nested object that is called payload is not taken for it', () => {
    assert.equal(accepted('{"type":"a","payload":{"payload":1}}').payload, '{"payload":1}');
  });

  it('may be nested 64 levels and no more', () => {
    const nested = (levels: number) => `{"type":"a","payload":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    accepted(nested(64));
    refusedAt('/payload', nested(65));
    refusedAt('/payload', nested(200_000));
  });

  it('is measured in bytes of UTF-8', () => {
    const sized = (text: string) => ({ payload: text });
    accepted(sized('x'.repeat(98)), { maxPayloadBytes: 100 });
    assert.deepEqual(faultsOf(sized('x'.repeat(99)), { maxPayloadBytes: 100 }), [
      { path: '/payload', message: 'must be at most 100 bytes of JSON, not 101' },
    ]);
    accepted(sized('é'.repeat(49)), { maxPayloadBytes: 100 });
    faultsOf(sized('é'.repeat(50)), { maxPayloadBytes: 100 });
    accepted(sized('x'.repeat(1024 * 1024 - 2)));
    refusedAt('/payload', sized('x'.repeat(1024 * 1024 - 1)));
  });
});

describe('members nobody knows', () => {
  for (const [name, meant] of [
    ['priorty', 'priority'],
    ['prio', 'priority'],
    ['maxRetry', 'max_retry'],
    ['max-retry', 'max_retry'],
    ['retry_stategy', 'retry_strategy'],
    ['timeout', 'queue_timeout'],
    ['concurrencyKey', 'concurrency_key'],
    ['Type', 'type'],
    ['tag', 'tags'],
    ['runAt', 'run_at'],
  ] as const) {
    it(`${name} is answered with ${meant}`, () => {
      assert.deepEqual(faultsOf({ [name]: 1 }), [
        { path: `/${name}`, message: `is not known; did you mean ${meant}?` },
      ]);
    });
  }

  it('are refused without a guess when nothing is near', () => {
    assert.deepEqual(faultsOf({ xyzzy: 1 }), [{ path: '/xyzzy', message: 'is not known' }]);
  });

  it('in a retry strategy are found too', () => {
    assert.deepEqual(faultsOf({ retry_strategy: { maxDelay: 1 } }), [
      { path: '/retry_strategy/maxDelay', message: 'is not known; did you mean max_delay?' },
    ]);
  });

  it('that the server gives are said to be its own', () => {
    for (const name of ['id', 'status', 'retry', 'version', 'created_at', 'attempts', 'result']) {
      assert.deepEqual(faultsOf({ [name]: 'x' }), [
        { path: `/${name}`, message: 'is set by the server and cannot be given' },
      ]);
    }
  });

  it('cannot reach a prototype', () => {
    refusedAt('/__proto__', '{"type":"a","__proto__":{"priority":5}}');
    refusedAt('/constructor', '{"type":"a","constructor":1}');
    refusedAt('/retry_strategy/__proto__', '{"type":"a","retry_strategy":{"__proto__":1}}');
    assert.equal(({} as Record<string, unknown>)['priority'], undefined);
  });

  it('do not make the answer as long as the question', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field${i}`, i]));
    assert.ok(faultsOf(many).length <= 110);
    const [fault] = faultsOf({ ['x'.repeat(1_000_000)]: 1 });
    assert.ok(JSON.stringify(fault).length < 500);
  });

  it('have their place written as a JSON pointer', () => {
    assert.equal(faultsOf({ 'a/b~c': 1 })[0]?.path, '/a~1b~0c');
  });
});

describe('members that are given twice', () => {
  it('are refused, however they are written', () => {
    refusedAt('/type', '{"type":"a","type":"a"}');
    refusedAt('/priority', '{"type":"a","priority":1,"\\u0070riority":2}');
    refusedAt('/payload', '{"type":"a","payload":1,"payload":1}');
    refusedAt('/retry_strategy/delay', '{"type":"a","retry_strategy":{"delay":1,"delay":2}}');
  });
});

describe('a body that is no submit', () => {
  for (const text of ['null', '1', '"type"', '[]', '[{"type":"a"}]', 'true']) {
    it(`${text} is refused as a whole`, () => refusedAt('', text));
  }
  for (const text of [
    '',
    ' ',
    '{',
    '{"type":"a"',
    "{'type':'a'}",
    '{"type":"a",}',
    'NaN',
    '{"type":"a"}x',
    '\ufeff{}',
  ]) {
    it(`${JSON.stringify(text)} is no JSON`, () => {
      assert.deepEqual(faultsOf(text), [{ path: '', message: 'must be valid JSON' }]);
    });
  }
});

it('delay and run_at exclude each other', () => {
  assert.deepEqual(faultsOf({ delay: 0, run_at: '2026-11-22T18:39:29Z' }), [
    { path: '/run_at', message: 'cannot be given together with delay' },
  ]);
});

it('only durable sources may bring an id', () => {
  const id = '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17';
  refusedAt('/id', { id });
  assert.equal(accepted({ id }, { id: 'allowed' }).id, id);
  for (const bad of ['', 'x', id.toUpperCase(), `${id}\n`, 7]) {
    assert.equal(faultsOf({ id: bad }, { id: 'allowed' })[0]?.path, '/id');
  }
});

describe('a submit from a program', () => {
  it('is judged by the same rules and has its payload written as JSON', () => {
    const parsed = parseSubmit({ type: 'a', payload: { at: new Date(0), n: undefined, s: '\ud800' }, tags: undefined });
    assert.deepEqual(parsed, {
      ok: true,
      value: { type: 'a', payload: '{"at":"1970-01-01T00:00:00.000Z","s":"\\ud800"}' },
    });
  });

  it('hears about a payload that JSON cannot express together with everything else', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const refusing = {
      toJSON() {
        throw new Error('not me');
      },
    };
    for (const payload of [circle, 10n, () => 1, Symbol('x'), refusing]) {
      const parsed = parseSubmit({ type: '', payload });
      assert.ok(!parsed.ok);
      assert.deepEqual(
        parsed.faults.map((fault) => fault.path),
        ['/payload', '/type'],
      );
    }
  });

  it('is refused without an exception whatever it is', () => {
    for (const value of [undefined, null, 1, 'x', [], () => 1, Symbol('x'), new Map(), new Date()]) {
      assert.equal(parseSubmit(value).ok, false);
    }
  });
});
