// examples/browser.html in a real Chromium, with a real node behind it: what a person sees of tasks as they move.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { submit, type Task } from '../e2e/http.ts';
import { emptyFolder, type NodeProcess, startNode } from '../e2e/node-process.ts';
import { freePort, Mosquitto } from '../e2e-push/mosquitto.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const EXECUTABLE = '/usr/bin/chromium';
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run';
/** Where pictures of the page go, for people; empty: nowhere. */
const PICTURES = process.env['TEST_PICTURES'] ?? '';

/** Says what a page must never take for markup. */
const HOSTILE = `export default [{
  type: 'hostile',
  async handle(task, ctx) {
    await ctx.progress({ progress: 40, message: '<img src=x onerror="document.title=1">' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    throw new Error('<script>document.title = 2</' + 'script><b>bold</b>');
  },
}, {
  type: 'steps',
  async handle(task, ctx) {
    for (let progress = 10; progress < 100; progress += 10) {
      await ctx.progress({ progress, message: 'at ' + progress });
      await new Promise((resolve) => setTimeout(resolve, task.payload.ms));
    }
  },
}];`;

let browser: Browser;
before(async () => {
  browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS.split(' ') });
});
after(() => browser.close());

interface Scene {
  readonly node: NodeProcess;
  /** The page's address. */
  readonly address: string;
  /** The same node on the same ports and the same data, again. */
  readonly restart: () => Promise<NodeProcess>;
}

async function scene(t: TestContext, ...args: readonly string[]): Promise<Scene> {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const handlers = join(folder.path, 'handlers.mjs');
  writeFileSync(handlers, HOSTILE);
  const port = await freePort();
  const start = (): Promise<NodeProcess> =>
    startNode(folder.path, ['--handlers', handlers, '--server-port', String(port), ...args]);
  const node = await start();
  return { node, address: await servePage(t, port), restart: start };
}

/** `node examples/serve.mjs`, as the README says. */
async function servePage(t: TestContext, serverPort: number): Promise<string> {
  const args = [new URL('serve.mjs', EXAMPLES).pathname, '--port', '0', '--to', `127.0.0.1:${serverPort}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`serve.mjs ended with ${code}`)));
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
  });
}

/** A page that is connected; whatever goes wrong in it fails the test. */
async function open(t: TestContext, address: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1180, height: 760 } });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => void faults.push(`dialog: ${dialog.message()}`));
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).hostname !== '127.0.0.1') foreign.push(request.url());
  });
  t.after(async () => {
    await page.close();
    assert.deepEqual(faults, []);
    assert.deepEqual(foreign, [], 'nothing is loaded from elsewhere');
  });
  await page.goto(address);
  return page;
}

async function isConnected(page: Page): Promise<void> {
  await page.locator('#connection[data-state=open]').waitFor({ timeout: 15_000 });
}

interface Story {
  readonly statuses: readonly string[];
  readonly percents: readonly number[];
}

/** Runs in the page: keeps every status and every progress that a row has shown, in order. */
const RECORDER = `
  window.stories = {};
  new MutationObserver(() => {
    for (const row of document.querySelectorAll('#tasks tr')) {
      const story = (window.stories[row.dataset.task] ??= { statuses: [], percents: [] });
      const status = row.querySelector('.status').textContent;
      const bar = row.querySelector('progress');
      if (story.statuses.at(-1) !== status) story.statuses.push(status);
      if (!bar.hidden && story.percents.at(-1) !== bar.value) story.percents.push(bar.value);
    }
  }).observe(document.querySelector('#tasks'), { childList: true, subtree: true, characterData: true, attributes: true });
`;

/** From now on. Answers what was shown of a task. */
async function record(page: Page): Promise<(task: Task) => Promise<Story>> {
  await page.evaluate(RECORDER);
  return ({ id }) => page.evaluate<Story>(`window.stories['${id}']`);
}

const rowOf = (page: Page, { id }: Task) => page.locator(`tr[data-task="${id}"]`);

async function shows(page: Page, task: Task, status: string): Promise<void> {
  await rowOf(page, task).locator('.status', { hasText: status }).waitFor({ timeout: 15_000 });
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES !== '') await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

const rising = (values: readonly number[]): boolean =>
  values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0));

test('a person sees a task wait, run with a bar that moves, and succeed', async (t) => {
  const { node, address } = await scene(t);
  const page = await open(t, address);
  await isConnected(page);
  const story = await record(page);
  const task = await submit(node.url, { type: 'steps', payload: { ms: 120 }, delay: 0.5 });
  await shows(page, task, 'pending');
  await shows(page, task, 'processing');
  await rowOf(page, task).locator('.text', { hasText: 'at 50' }).waitFor();
  await picture(page, 'example-running');
  await shows(page, task, 'success');
  const { statuses, percents } = await story(task);
  assert.deepEqual(statuses, ['pending', 'processing', 'success']);
  assert.ok(percents.length >= 5, percents.join(' '));
  assert.ok(rising(percents), percents.join(' '));
  assert.equal(percents.at(-1), 100);
  assert.equal(await page.locator('#counts [data-status=success] dd').textContent(), '1');
});

test('what handlers say is shown as the text it is, never as markup', async (t) => {
  const { node, address } = await scene(t);
  const page = await open(t, address);
  await isConnected(page);
  const task = await submit(node.url, { type: 'hostile', max_retry: 0 });
  await rowOf(page, task).locator('.text', { hasText: '<img src=x onerror="document.title=1">' }).waitFor();
  await shows(page, task, 'failed');
  const text = await rowOf(page, task).locator('.text').textContent();
  assert.equal(text, '<script>document.title = 2</script><b>bold</b>');
  assert.equal(await rowOf(page, task).locator('img, script, b').count(), 0);
  assert.equal(await page.title(), 'XQueue: tasks, live');
  await picture(page, 'example-hostile');
});

test('hundreds of tasks: the counts are right, and the page stays small', async (t) => {
  const { node, address } = await scene(t);
  const page = await open(t, address);
  await isConnected(page);
  const tasks = Array.from({ length: 300 }, (_, number) => ({ type: 'example', payload: { duration: 0, number } }));
  await fetch(`${node.url}/tasks/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tasks }),
  });
  await page.locator('#counts [data-status=success] dd', { hasText: /^300$/ }).waitFor({ timeout: 15_000 });
  assert.equal(await page.locator('#tasks tr').count(), 100);
  await picture(page, 'example-many');
});

test('a node that is killed is missed and found again by itself', { timeout: 60_000 }, async (t) => {
  const { node, address, restart } = await scene(t);
  const page = await open(t, address);
  await isConnected(page);
  node.signal('SIGKILL');
  await node.ended;
  await page.locator('#connection[data-state=lost]').waitFor();
  const again = await restart();
  await isConnected(page);
  const task = await submit(again.url, { type: 'example', payload: { duration: 0 } });
  await shows(page, task, 'success');
});

test('with a broker of their own people see the same, through the same address', async (t) => {
  const mosquitto = await Mosquitto.start(t);
  const { node, address } = await scene(t, '--mqtt-broker', mosquitto.url);
  const page = await open(t, address);
  await isConnected(page);
  const story = await record(page);
  const task = await submit(node.url, { type: 'steps', payload: { ms: 60 }, delay: 0.3 });
  await shows(page, task, 'success');
  const { statuses, percents } = await story(task);
  assert.deepEqual(statuses, ['pending', 'processing', 'success']);
  assert.ok(rising(percents), percents.join(' '));
});

/** The page as a file, told where the server is. */
function filePage({ node }: Scene): string {
  const file = pathToFileURL(new URL('browser.html', EXAMPLES).pathname);
  const webSocket = `${node.url.replace(/^http/, 'ws').replace(/\/api\/v1$/, '')}/mqtt`;
  return `${file.href}?url=${encodeURIComponent(webSocket)}`;
}

test('a page of another origin may not listen to a server without keys', async (t) => {
  const page = await open(t, filePage(await scene(t)));
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.locator('#connection[data-state=lost]', { hasText: 'No connection' }).waitFor();
});

test('with keys the file itself can be opened, and shows tasks to who has a key that may read', async (t) => {
  const sha256 = createHash('sha256').update('the-key').digest('hex');
  const keys = JSON.stringify([{ name: 'a', sha256, scopes: ['read', 'submit'] }]);
  const made = await scene(t, '--auth-keys', keys);
  const page = await open(t, filePage(made));
  await page.getByLabel('API key').fill('wrong');
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.locator('#connection[data-state=lost]', { hasText: 'Bad username or password' }).waitFor();
  await page.getByLabel('API key').fill('the-key');
  await page.getByRole('button', { name: 'Connect' }).click();
  await isConnected(page);
  const response = await fetch(`${made.node.url}/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer the-key' },
    body: JSON.stringify({ type: 'example', payload: { duration: 0 } }),
  });
  await shows(page, (await response.json()) as Task, 'success');
});
