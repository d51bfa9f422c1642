// The API documentation in a real Chromium: everything on it comes from the node and passes the page's own policy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { emptyFolder, startNode } from '../e2e/node-process.ts';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];

for (const slash of ['', '/']) {
  test(`/api/v1/docs${slash} shows every operation and asks nobody else`, async (t) => {
    const folder = emptyFolder();
    t.after(() => folder.remove());
    const { url } = await startNode(folder.path);
    const { origin } = new URL(url);
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
    t.after(() => browser.close());
    const page = await browser.newPage();
    const complaints: string[] = [];
    const foreign: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    await page.goto(`${origin}/api/v1/docs${slash}`);
    await page.locator('.opblock').first().waitFor();
    const description = (await (await fetch(`${origin}/api/v1/openapi.json`)).json()) as { paths: object };
    const operations = Object.values(description.paths).flatMap((path: object) =>
      Object.keys(path).filter((word) => /^(get|put|post|delete|patch)$/.test(word)),
    );
    assert.equal(await page.locator('.opblock').count(), operations.length);
    assert.deepEqual([complaints, foreign], [[], []]);
  });
}
