// JSON in the console: shown and handed on digit for digit.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { elementTexts, parseKeepingRaw, RawJson } from '../../../console/src/json/keep-raw.ts';
import { indented, linesOf } from '../../../console/src/json/tokens.ts';

const anyJson = fc.jsonValue({ maxDepth: 4 });

describe('an answer about tasks', () => {
  it('keeps payload, progress and result as the text they came as', () => {
    const payload = '{"n":12345678901234567890,"1":1,"0":[ ],"s":"}\\"]","z":-0,"e":1e400}';
    const text = `{"id":"a","payload":${payload},"progress":null,"result":[1.10],"n":5}`;
    assert.deepEqual(parseKeepingRaw(text), {
      id: 'a',
      payload: new RawJson(payload),
      progress: null,
      result: new RawJson('[1.10]'),
      n: 5,
    });
  });

  it('is otherwise what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(anyJson, fc.nat(3), (value, indent) => {
        const text = JSON.stringify({ value }, null, indent);
        assert.deepEqual(parseKeepingRaw(text), JSON.parse(text));
      }),
    );
  });

  it('gives the text of each task of a page, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(anyJson), fc.string(), (values, other) => {
        const texts = values.map((value) => JSON.stringify({ payload: value }));
        const page = `{"other":${JSON.stringify(other)},"tasks":[${texts.join(' , ')}],"total":1}`;
        assert.deepEqual(elementTexts(page, 'tasks'), texts);
      }),
    );
  });

  it('names like those of Object.prototype are members like others', () => {
    const value = parseKeepingRaw('{"__proto__":{"polluted":1},"constructor":2}') as object;
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
    assert.equal('polluted' in {}, false);
    assert.equal('polluted' in value, false);
  });

  it('that is cut off is refused, not half read', () => {
    const whole = '{"tasks":[{"id":"a","payload":{"a":[1]}}],"total":1}';
    for (let end = 0; end < whole.length; end++) {
      assert.throws(() => parseKeepingRaw(whole.slice(0, end)), SyntaxError, whole.slice(0, end));
    }
  });
});

describe('JSON laid out in lines', () => {
  it('is the same value, with every token as it was', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(JSON.parse(indented(text)), JSON.parse(text));
        assert.equal(indented(text), JSON.stringify(value, null, 2));
      }),
    );
    assert.equal(indented('{"n":12345678901234567890,"z":-0}'), '{\n  "n": 12345678901234567890,\n  "z": -0\n}');
  });

  it('stops after as many lines as were asked for', () => {
    const text = JSON.stringify(Array.from({ length: 1000 }, (_, i) => i));
    const { lines, isCut } = linesOf(text, 10);
    assert.equal(lines.length, 10);
    assert.equal(isCut, true);
  });

  it('tells names from strings', () => {
    const kinds = linesOf('{"a":"b","c":[true,1]}', 99).lines.flatMap(({ tokens }) => tokens.map(({ kind }) => kind));
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'sign'),
      ['name', 'string', 'name', 'word', 'number'],
    );
  });
});
