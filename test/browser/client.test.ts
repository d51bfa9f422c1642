// `xqueue/client` in a real Chromium: its modules as they are, without types, behind one address with the server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { TaskManager } from '../../src/index.ts';

const ROOT = new URL('../../', import.meta.url);
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

let manager: TaskManager;
let browser: Browser;
let page: Page;
const ends: (() => unknown)[] = [];

before(async () => {
  manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { listen: '' }, server: { port: 0 } });
  ends.push(() => manager.close());
  manager.registerHandler({
    type: 'add',
    async handle({ payload }, ctx) {
      await ctx.progress(50);
      const [a, b] = payload as [number, number];
      return a + b;
    },
  });
  const upstream = new URL(manager.url ?? '');
  const front = createServer((incoming, answer) => {
    const path = incoming.url ?? '/';
    if (path.startsWith('/api/')) {
      const { method, headers } = incoming;
      const onward = httpRequest({ host: upstream.hostname, port: upstream.port, path, method, headers }, (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(answer);
      });
      answer.on('close', () => onward.destroy());
      incoming.pipe(onward);
    } else if (/^\/src\/[\w/-]+\.ts$/.test(path)) {
      answer.writeHead(200, { 'content-type': 'text/javascript' });
      answer.end(stripTypeScriptTypes(readFileSync(new URL(`.${path}`, ROOT), 'utf8')));
    } else {
      answer.writeHead(path === '/' ? 200 : 404, { 'content-type': 'text/html' });
      answer.end('<!doctype html><title>client</title>');
    }
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  ends.push(() => front.close());
  ends.push(() => front.closeAllConnections());
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
  ends.push(() => browser.close());
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(front.address() as AddressInfo).port}/`);
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** Runs the body of an async function in the page; `client` and the module's names are there. */
function inPage(body: string): Promise<unknown> {
  return page.evaluate(`(async () => {
    const { XQueueClient, defineTask, typed, withTags, TaskFailed, XQueueError } = await import('/src/client.ts');
    const client = new XQueueClient({ url: location.origin });
    ${body}
  })()`);
}

describe('the client in a browser', () => {
  it('submits a task of a contract and gets its result', async () => {
    const result = await inPage(`
      const add = defineTask({ type: 'add', input: typed(), output: typed() });
      const handle = await client.submit(add, [20, 22], withTags('from a page'));
      return [await handle.result(), (await client.get(handle.id)).tags];`);
    assert.deepEqual(result, [42, ['from a page']]);
  });

  it('watches a task to its end', async () => {
    const last = await inPage(`
      const handle = await client.submitTask('add', [1, 2]);
      let last = null;
      for await (const change of handle.watch()) last = change;
      return [last.status, last.at instanceof Date];`);
    assert.deepEqual(last, ['success', true]);
  });

  it('is told what is wrong', async () => {
    const refused = await inPage(`
      return client.submitTask('bad type').catch((error) => [error instanceof XQueueError, error.code, error.faults[0].path]);`);
    assert.deepEqual(refused, [true, 'invalid_request', 'type']);
  });
});
