// The filter language of the task list.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseFilter, type Term, textOf, wishOf } from '../../../console/src/filter/grammar.ts';
import { suggest } from '../../../console/src/filter/suggest.ts';

const ID = '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17';
const NOW = Date.UTC(2026, 0, 2);

describe('a filter', () => {
  it('asks the server for what it says', () => {
    const { terms, faults } = parseFilter('type:email status:failed tag:x key:"user 1" since:1h until:2026-01-01');
    assert.deepEqual(faults, []);
    assert.deepEqual(wishOf(terms, NOW), {
      filter: {
        status: 'failed',
        type: 'email',
        tag: 'x',
        concurrency_key: 'user 1',
        created_after: '2026-01-01T23:00:00.000Z',
        created_before: '2026-01-01T00:00:00.000Z',
      },
      id: null,
    });
  });

  it('takes an id with and without its name', () => {
    for (const text of [ID, `id:${ID}`]) assert.equal(wishOf(parseFilter(text).terms, NOW).id, ID);
  });

  it('finds the children of a task', () => {
    assert.deepEqual(wishOf(parseFilter(`parent:${ID}`).terms, NOW), { filter: { parent_id: ID }, id: null });
    assert.deepEqual(parseFilter('parent:nobody').faults, ['parent:nobody']);
  });

  it('says what it does not understand, and keeps the rest', () => {
    const { terms, faults } = parseFilter('type:a colour:red status:done since:soon type:b hello tag:');
    assert.deepEqual(terms, [{ name: 'type', value: 'a' }]);
    assert.deepEqual(faults, ['colour:red', 'status:done', 'since:soon', 'type:b', 'hello', 'tag:']);
  });

  it('can be written down and read again, whatever its values hold', () => {
    const value = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(value, value, (tag, key) => {
        const terms: Term[] = [
          { name: 'tag', value: tag },
          { name: 'key', value: key },
        ];
        assert.deepEqual(parseFilter(textOf(terms)), { terms, faults: [] });
      }),
    );
  });
});

describe('suggestions', () => {
  const known = { types: ['email', 'email:bulk', 'image'], tags: ['two words'], keys: ['user_1'] };
  const labels = (text: string, caret = text.length): string[] => suggest(text, caret, known).map(({ label }) => label);

  it('complete names, then values, where the caret is', () => {
    assert.deepEqual(labels('st'), ['status:']);
    assert.deepEqual(labels('type:em'), ['type:email', 'type:email:bulk']);
    assert.deepEqual(labels('type:em status:failed', 7), ['type:email', 'type:email:bulk']);
    assert.deepEqual(labels('status:f'), ['status:failed']);
  });

  it('leave out what is there already', () => {
    assert.ok(!labels('type:email ').includes('type:'));
  });

  it('put blanks into quotes', () => {
    const [first] = suggest('tag:two', 7, known);
    assert.equal(first?.text, 'tag:"two words" ');
  });
});
