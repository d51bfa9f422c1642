import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { run } from './run.ts';

/** What bash offers after these words; the last one is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const { out } = await run(['completion', 'bash']);
  const line = ['xqueue', ...words].map((word) => JSON.stringify(word)).join(' ');
  const program = `${out}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _xqueue; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('xqueue completion', () => {
  it('completes commands, those below them, and their options', async () => {
    assert.deepEqual(await offered('con'), ['concurrency', 'config']);
    assert.deepEqual(await offered('task', 're'), ['retry']);
    assert.deepEqual(await offered('task', 'submit', '--pr'), ['--priority', '--process-timeout']);
  });
  it('is not put off by ids and values in between', async () => {
    assert.deepEqual(await offered('task', 'get', '01900000', '--wa'), ['--wait']);
    assert.deepEqual(await offered('task', 'list', '--type', 'task', '--stat'), ['--status']);
  });
  it('has a script for zsh and fish too, and ends with 2 for other shells', async () => {
    assert.match((await run(['completion', 'zsh'])).out, /^#compdef xqueue/);
    assert.match((await run(['completion', 'fish'])).out, /complete -c xqueue .* -a submit/);
    const { code, err } = await run(['completion', 'cmd']);
    assert.equal(code, 2);
    assert.match(err, /bash, zsh, fish/);
  });
});
