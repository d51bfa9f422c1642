// Documents that follow from the code.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorsDoc } from '../../../scripts/generate/errors-doc.ts';
import { drawLife } from '../../../scripts/generate/life-drawing.ts';
import { lifecycleDoc } from '../../../scripts/generate/lifecycle-doc.ts';
import { replaceBlock } from '../../../scripts/generate/markdown.ts';
import * as client from '../../../src/client.ts';
import { API_ERRORS, TASK_ERROR_CODES } from '../../../src/domain/errors.ts';
import { LIFECYCLE, type Transition } from '../../../src/domain/lifecycle.ts';
import * as main from '../../../src/index.ts';

describe('the drawing of the life of a task', () => {
  it('shows each transition of the table and each state', () => {
    const drawing = drawLife();
    for (const { name, to } of LIFECYCLE) {
      assert.ok(drawing.includes(name), name);
      assert.ok(drawing.includes(to), to);
    }
  });

  it('fits a page of 120 columns', () => {
    for (const line of drawLife().split('\n')) assert.ok(line.length <= 120, `${line.length}: ${line}`);
  });

  it('refuses a table with a transition it has no place for', () => {
    const odd: Transition = { name: 'undo', from: 'success', to: 'failed', by: 'client', when: 'never' };
    assert.throws(() => drawLife([...LIFECYCLE, odd]), /does not show/);
  });
});

describe('the document of the life of a task', () => {
  it('has a row and an edge for each transition', () => {
    const text = lifecycleDoc();
    for (const { name, from, to, when } of LIFECYCLE) {
      assert.ok(text.includes(`    ${from ?? '[*]'} --> ${to}: ${name}\n`), name);
      assert.ok(text.includes(when), when);
    }
  });
});

describe('the document of errors', () => {
  const [codes = '', classes = ''] = errorsDoc().split('## What programs catch');
  const names = (text: string) =>
    text
      .split('\n')
      .map((line) => /^\| `(\w+)` /.exec(line)?.[1])
      .filter((name) => name !== undefined);

  it('has one row for each code', () => {
    assert.deepEqual(names(codes), [...Object.keys(API_ERRORS), ...Object.keys(TASK_ERROR_CODES)]);
  });

  it('has one row for each class that programs can catch', () => {
    const exported = Object.entries({ ...client, ...main });
    const errors = exported.filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error);
    assert.deepEqual(names(classes).sort(), errors.map(([name]) => name).sort());
    assert.ok(names(classes).includes('TaskFailed'));
  });
});

describe('a generated block', () => {
  it('replaces what stands between its marks and nothing else', () => {
    const page = 'a\n<!-- x:start -->\nold\n<!-- x:end -->\nz\n';
    assert.equal(replaceBlock(page, 'x', 'new'), 'a\n<!-- x:start -->\nnew\n<!-- x:end -->\nz\n');
  });

  it('is refused where its marks are missing', () => {
    assert.throws(() => replaceBlock('no marks', 'x', 'new'), /missing/);
  });
});
