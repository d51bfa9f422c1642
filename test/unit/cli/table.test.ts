import assert from 'node:assert/strict';
import { it } from 'node:test';
import { printable, table } from '../../../src/cli/table.ts';

it('columns are as wide as their longest cell', () => {
  assert.equal(
    table(
      ['A', 'LONG'],
      [
        ['long', 'x'],
        ['b', ''],
      ],
    ),
    'A     LONG\nlong  x\nb',
  );
});

it('what comes from outside cannot steer the terminal', () => {
  assert.equal(printable('a\u001b[2Jb\u009bc\nd'), 'a\\x1b[2Jb\\x9bc d');
});
