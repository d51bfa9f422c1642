// The test command itself: a file that proves nothing, or leaves something behind, must not pass.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type FileResult, runFile } from '../../../scripts/test/file-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'xqueue-file-run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function outcomeOf(name: string, lines: readonly string[], deadlineMs = 20_000): Promise<FileResult> {
  const file = join(folder, `${name}.test.mjs`);
  writeFileSync(file, ["import { describe, it } from 'node:test';", ...lines].join('\n'));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return await runFile(file, { deadlineMs, env, scratch: folder });
}

// Most of the time goes by in the files that are run; they can wait for each other's.
describe('a test file', { concurrency: true }, () => {
  it('is counted test by test, suites not included', async () => {
    const result = await outcomeOf('counted', [
      "describe('suite', () => {",
      "  it('passes', () => {});",
      "  it('fails', () => { throw new Error('the reason'); });",
      "  it('is skipped', { skip: 'no redis-server' }, () => {});",
      "  it('is still to do', { todo: true }, () => {});",
      '});',
    ]);
    assert.equal(result.passed, 1);
    assert.equal(result.failed, 1);
    assert.deepEqual(result.skipped, ['is skipped: no redis-server', 'is still to do: to do']);
    assert.match(result.output, /the reason/);
  });

  it('passes without output when all its tests do, and hands on what they said', async () => {
    const result = await outcomeOf('fine', ["it('a', (t) => { t.diagnostic('median 42'); });", "it('b', () => {});"]);
    assert.deepEqual([result.passed, result.failed, result.said], [2, 0, ['median 42']]);
  });

  it('fails when a hook of its suite fails', async () => {
    const hook = "import { before } from 'node:test'; describe('s', () => { before(() => { throw new Error('x'); });";
    const result = await outcomeOf('hook', [hook, "it('never ran', () => {}); });"]);
    assert.equal(result.passed, 0);
    assert.ok(result.failed > 0);
  });

  it('fails when it cannot be loaded', async () => {
    const result = await outcomeOf('broken', ["throw new Error('at load');"]);
    assert.equal(result.failed, 1);
    assert.match(result.output, /at load/);
  });

  it('fails when it contains no test', async () => {
    const result = await outcomeOf('empty', []);
    assert.equal(result.failed, 1);
    assert.match(result.output, /contains no test/);
  });

  it('fails at its deadline and names the test that did not end', async () => {
    const result = await outcomeOf(
      'hangs',
      ["it('waits', () => new Promise(() => setInterval(() => {}, 1000)));"],
      1500,
    );
    assert.equal(result.failed, 1);
    assert.match(result.output, /killed after its deadline of 1.5 s; not ended: waits/);
  });

  it('fails when it leaves a process running, which is ended', async () => {
    const result = await outcomeOf('leaks', [
      "import { spawn } from 'node:child_process';",
      "it('starts a server', () => {",
      "  const child = spawn('sleep', ['600'], { stdio: 'ignore' });",
      '  child.unref();',
      "  console.log('pid', child.pid);",
      '});',
    ]);
    assert.equal(result.failed, 1);
    assert.match(result.output, /left processes running: sleep/);
    const pid = Number(/pid (\d+)/.exec(result.output)?.[1]);
    assert.ok(pid > 1);
    await ended(pid);
  });
});

/** Resolves when the process is gone or only waits to be reaped. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
