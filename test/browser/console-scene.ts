// A real node and a real Chromium that looks at its console. The console is built first, from the sources as they are.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { buildConsole } from '../../scripts/console/build-console.ts';
import { emptyFolder, startNode } from '../e2e/node-process.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Handlers for what the tests want to see; plain, as a user would write them. */
const HANDLERS = `
const sleep = (ms, signal) => new Promise((resolve, reject) => {
  // It may have been canceled while the handler waited for something else.
  if (signal.aborted) return reject(signal.reason);
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); });
});
export default [
  { type: 'email', handle: async (task, ctx) => { await sleep(task.payload.ms ?? 5, ctx.signal); return { sent: true }; } },
  { type: 'talks', handle: async (task, ctx) => { ctx.log.info('half way', { n: task.payload.n }); ctx.log.warn('<b>nearly</b>'); } },
  { type: 'fail', handle: async (task) => { throw new Error(task.payload.message ?? 'it went wrong'); } },
  { type: 'flaky', handle: async (task) => { if (task.retry < 1) throw new Error('not the first time'); return 'ok'; } },
  { type: 'slow', handle: async (task, ctx) => {
    for (let i = 0; i < 600; i++) { await ctx.progress({ progress: i / 6, message: 'step ' + i }); await sleep(100, ctx.signal); }
  } },
];
`;

export interface ConsoleScene extends AsyncDisposable {
  readonly url: string;
  readonly browser: Browser;
  /** Ends the node's process and starts it again on the same port and file. */
  restart(whileAway: () => Promise<void>): Promise<void>;
  /** A page of a new browser profile. What it logs as errors, and what breaks its policy, is in `complaints`. */
  page(path?: string, options?: BrowserContextOptions): Promise<Watched>;
  /** @param path below /api/v1 */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  submit(body: object): Promise<string>;
}

export interface Watched {
  readonly page: Page;
  readonly complaints: readonly string[];
}

export async function startConsole(args: readonly string[] = []): Promise<ConsoleScene> {
  await buildConsole();
  const folder = emptyFolder();
  writeFileSync(join(folder.path, 'handlers.mjs'), HANDLERS);
  const all = ['--handlers', join(folder.path, 'handlers.mjs'), ...args];
  let node = await startNode(folder.path, all);
  const url = new URL(node.url).origin;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

  const call: ConsoleScene['call'] = async (method, path, body) => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${url}/api/v1${path}`, { method, headers, ...content });
    const text = await response.text();
    assert.ok(response.status < 300, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as unknown;
  };

  return {
    url,
    browser,
    call,
    submit: async (body) => ((await call('POST', '/tasks', body)) as { id: string }).id,
    async restart(whileAway) {
      node.signal('SIGKILL');
      await node.ended;
      await whileAway();
      node = await startNode(folder.path, [...all, '--server-port', new URL(url).port]);
    },
    async page(path = '/', options = {}) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() !== 'error' && message.type() !== 'warning') return;
        // What the browser says when somebody leaves the live page sooner than it has connected.
        if (message.text().includes('WebSocket is closed before the connection is established')) return;
        complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('dialog', (dialog) => {
        complaints.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(url + path);
      return { page, complaints };
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      node.signal('SIGTERM');
      await node.ended;
      folder.remove();
    },
  };
}

/** Where pictures of the pages go. */
export function pictureFolder(): string {
  const folder = process.env.TEST_PICTURES ?? join(emptyFolder().path, 'pictures');
  mkdirSync(folder, { recursive: true });
  return folder;
}
