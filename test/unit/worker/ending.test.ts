// Whatever a handler returns or throws, it becomes a sound record and the worker goes on.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { NonRetryableError, RetryAfterError } from '../../../src/domain/errors.ts';
import { LIMITS } from '../../../src/domain/limits.ts';
import type { Ending } from '../../../src/domain/outcome.ts';
import { endingOfReturn, endingOfThrow, messageOf } from '../../../src/worker/ending.ts';
import { quiet, Scene } from './scene.ts';

type Threw = Extract<Ending, { kind: 'threw' }>;
function threw(ending: Ending): Threw {
  assert.ok(ending.kind === 'threw', `it ${ending.kind}`);
  return ending;
}

describe('the result of a handler', () => {
  it('is the JSON text of what it returned', () => {
    assert.deepEqual(endingOfReturn({ b: [1, null], a: 'ü' }), { kind: 'returned', result: '{"b":[1,null],"a":"ü"}' });
    assert.deepEqual(endingOfReturn(null), { kind: 'returned', result: 'null' });
    assert.deepEqual(endingOfReturn(undefined), { kind: 'returned', result: null });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  let deep: unknown = null;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  const notJson: readonly (readonly [string, unknown])[] = [
    ['a BigInt', 1n],
    ['a cycle', cyclic],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['nesting beyond the stack', deep],
    [
      'an object whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ],
  ];
  for (const [name, value] of notJson) {
    it(`is refused when it is ${name}`, () => {
      assert.equal(threw(endingOfReturn(value)).errorCode, 'result_not_serializable');
    });
  }

  it('may have exactly the largest size, in bytes of UTF-8', () => {
    const fits = 'x'.repeat(LIMITS.jsonBytesMax - 2);
    assert.equal(endingOfReturn(fits).kind, 'returned');
    assert.equal(threw(endingOfReturn(`${fits}x`)).errorCode, 'result_too_large');
    const wide = 'ü'.repeat((LIMITS.jsonBytesMax - 2) / 2);
    assert.equal(endingOfReturn(wide).kind, 'returned');
    assert.equal(threw(endingOfReturn(`${wide}ü`)).errorCode, 'result_too_large');
  });

  it('that is bad ends the task at once, retries or not', async () => {
    const scene = new Scene();
    scene.handler('big', () => 'x'.repeat(2 * LIMITS.jsonBytesMax));
    scene.handler('cyclic', () => cyclic);
    scene.handler('bigint', async () => 1n);
    scene.worker();
    const ids = await Promise.all(['big', 'cyclic', 'bigint'].map((type) => scene.submit(type, { maxRetry: 3 })));
    await quiet();
    const tasks = await Promise.all(ids.map(scene.read));
    assert.deepEqual(
      tasks.map(({ status, errorCode }) => [status, errorCode]),
      [
        ['failed', 'result_too_large'],
        ['failed', 'result_not_serializable'],
        ['failed', 'result_not_serializable'],
      ],
    );
    await scene.end();
  });
});

describe('what a handler throws', () => {
  it('is told by its message, or by its name when it has none', () => {
    assert.equal(messageOf(new Error('broken')), 'broken');
    assert.equal(messageOf(new TypeError('')), 'TypeError');
    assert.equal(messageOf({ message: 'from another world' }), 'from another world');
    assert.equal(messageOf('just text'), 'just text');
  });

  it('can be anything at all', () => {
    const cyclic: Record<string, unknown> = { note: 'me' };
    cyclic['self'] = cyclic;
    assert.equal(messageOf(undefined), 'The handler threw undefined');
    assert.equal(messageOf(null), 'The handler threw null');
    assert.equal(messageOf(42), 'The handler threw 42');
    assert.match(messageOf(cyclic), /note: 'me'.*Circular/);
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('do not touch');
        },
      },
    );
    assert.notEqual(messageOf(hostile), '');
    const getter = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('nor this');
      },
    });
    assert.equal(messageOf(getter), 'Error');
  });

  it('is cut to the largest stored size between two characters', () => {
    const message = messageOf(new Error('🙂'.repeat(13_000_000)));
    const bytes = Buffer.byteLength(message);
    assert.ok(bytes <= LIMITS.errorBytesMax && bytes > LIMITS.errorBytesMax - 8, `${bytes} bytes`);
    assert.ok(message.isWellFormed());
    assert.ok(message.endsWith('🙂…'));
  });

  it('never becomes longer than allowed, empty, or anything that is not UTF-8', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (thrown) => {
        const { error } = threw(endingOfThrow(thrown));
        return error !== '' && error.isWellFormed() && Buffer.byteLength(error) <= LIMITS.errorBytesMax;
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.nat(1500), (unit, times) => {
        const message = messageOf(new Error(unit.repeat(times + 1)));
        return message.isWellFormed() && Buffer.byteLength(message) <= LIMITS.errorBytesMax;
      }),
      { numRuns: 30 },
    );
  });

  it('is known by its name when it comes from another copy of the package', () => {
    const foreign = Object.assign(new Error('no'), { name: 'NonRetryableError' });
    assert.equal(threw(endingOfThrow(foreign)).errorCode, 'non_retryable');
    assert.equal(threw(endingOfThrow(new NonRetryableError('no'))).errorCode, 'non_retryable');
    const later = Object.assign(new Error('later'), { name: 'RetryAfterError', retryAfterSeconds: 1.5 });
    assert.equal(threw(endingOfThrow(later)).retryAfterMs, 1500);
    assert.equal(threw(endingOfThrow(new RetryAfterError('later', 2))).retryAfterMs, 2000);
  });

  it('with an impossible wait falls back to the strategy', () => {
    for (const seconds of [Number.NaN, -1, 'soon', undefined]) {
      const odd = Object.assign(new Error('later'), { name: 'RetryAfterError', retryAfterSeconds: seconds });
      assert.equal(threw(endingOfThrow(odd)).retryAfterMs, undefined);
    }
    const forever = new RetryAfterError('later', Number.POSITIVE_INFINITY);
    assert.equal(threw(endingOfThrow(forever)).retryAfterMs, LIMITS.durationSecondsMax * 1000);
  });
});
