import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBatch } from '../../../src/protocol/batch.ts';

function parse(text: string) {
  return parseBatch(text, JSON.parse(text));
}

describe('a batch', () => {
  it('has each task judged on its own, with its payload as it is written', () => {
    const batch = parse('{ "tasks" : [ {"type":"a","payload":1e400} , {"typ":"b"}, {"type":"c","payload":[ ]}, 7 ] }');
    assert.ok(batch.ok);
    assert.deepEqual(
      batch.value.map(({ request }) => (request.ok ? request.value : request.faults.map(({ path }) => path))),
      [{ type: 'a', payload: '1e400' }, ['/tasks/1/type', '/tasks/1/typ'], { type: 'c', payload: '[ ]' }, ['/tasks/3']],
    );
    assert.equal(batch.value[1]?.text, '{"typ":"b"}');
  });

  it('of a thousand is taken, of none or more is not', () => {
    const of = (count: number) =>
      parse(JSON.stringify({ tasks: Array.from({ length: count }, () => ({ type: 'a' })) }));
    assert.ok(of(1000).ok);
    assert.equal(of(0).ok, false);
    assert.equal(of(1001).ok, false);
  });

  for (const text of ['[]', 'null', '{}', '{"tasks":{}}', '{"tasks":null}', '{"tasks":[{"type":"a"}],"x":1}']) {
    it(`${text} is refused as a whole`, () => assert.equal(parse(text).ok, false));
  }

  it('with two lists is refused, whichever would win', () => {
    const twice = parse('{"tasks":[{"type":"a"}],"t\\u0061sks":[{"type":"b"}]}');
    assert.deepEqual(twice, { ok: false, faults: [{ path: '/tasks', message: 'is given more than once' }] });
  });
});
