// The console itself: its policy, its size, keyboard, languages, themes, accessibility, and what it does when the server
// is away.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { type ConsoleScene, pictureFolder, startConsole } from './console-scene.ts';

let scene: ConsoleScene;
let gated: string;
let failed: string;
before(async () => {
  scene = await startConsole();
  for (const type of ['email', 'email', 'flaky', 'example', 'nobody']) {
    await scene.submit({ type, tags: ['demo', 'a tag with blanks'], retry_strategy: { delay: 0.1 } });
  }
  failed = await scene.submit({
    type: 'fail',
    max_retry: 1,
    retry_strategy: { delay: 0.1 },
    payload: { to: ['a', 'b'] },
  });
  const limited = { type: 'slow', concurrency_key: 'user_123', max_concurrency: 1, tags: ['demo'] };
  await scene.submit(limited);
  gated = await scene.submit(limited);
});
after(() => scene[Symbol.asyncDispose]());

const PAGES = ['/', '/tasks', '/concurrency', '/nodes', '/handlers', '/submit', '/live', '/settings'];
const pagesAndTasks = (): string[] => [...PAGES, `/tasks/${gated}`, `/tasks/${failed}`];

/** Until a page has what it asked for. */
async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}

describe('the console', () => {
  it('is served at every address of its own, and nowhere else', async () => {
    for (const path of pagesAndTasks()) {
      const response = await fetch(scene.url + path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    }
    for (const path of ['/nothing', '/tasks/a/b', '/assets/nothing.js', '/assets/..%2findex.html', '/api/v1/nothing']) {
      assert.equal((await fetch(scene.url + path)).status, 404, path);
    }
  });

  it('has a policy that allows nothing inline and nothing from elsewhere', async () => {
    const response = await fetch(`${scene.url}/`);
    const policy = response.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.doesNotMatch(await response.text(), /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
  });

  it('needs less than 150 kB of zipped script, even with the MQTT client of one page', async () => {
    const { page } = await scene.page('/live');
    await page.getByText('live (MQTT)').waitFor();
    const urls = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.js')),
    );
    assert.ok(urls.length >= 2, urls.join());
    let zipped = 0;
    for (const url of urls) {
      const response = await fetch(url);
      assert.match(response.headers.get('cache-control') ?? '', /immutable/);
      zipped += gzipSync(await response.text()).length;
    }
    assert.ok(zipped < 150_000, `${zipped} bytes`);
    await page.context().close();
  });

  it('goes everywhere by keys, palette and links without loading the page again', async () => {
    const { page, complaints } = await scene.page('/');
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    for (const [keys, path] of [
      ['gt', '/tasks'],
      ['gc', '/concurrency'],
      ['gn', '/nodes'],
      ['gh', '/handlers'],
      ['gl', '/live'],
      ['ge', '/settings'],
      ['gs', '/submit'],
      ['go', '/'],
    ] as const) {
      await page.locator('main').focus();
      await page.keyboard.type(keys);
      await page.waitForURL(scene.url + path);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('concurr');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${scene.url}/concurrency`);
    await page.keyboard.press('Control+k');
    await page.keyboard.type(gated);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${scene.url}/tasks/${gated}`);
    await page.getByRole('link', { name: 'Handlers' }).click();
    await page.waitForURL(`${scene.url}/handlers`);
    assert.equal(await page.evaluate(() => 'isSamePage' in globalThis), true);
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('speaks Chinese and turns dark when it is told to, and remembers', async () => {
    const { page } = await scene.page('/settings');
    await page.getByRole('radio', { name: '中文' }).check();
    await page.getByRole('heading', { name: '设置' }).waitFor();
    await page.getByRole('radio', { name: '深色' }).check();
    await page.reload();
    await page.getByRole('heading', { name: '设置' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    const background = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    assert.equal(background, 'rgb(14, 16, 20)');
    await page.keyboard.press('d');
    await page.locator('html[data-theme=light]').waitFor({ state: 'attached' });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('English');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.context().close();
  });

  it('speaks the language of the browser when nobody has chosen', async () => {
    const { page } = await scene.page('/', { locale: 'zh-CN' });
    await page.getByRole('heading', { name: '总览' }).waitFor();
    await page.context().close();
  });
});

describe('every page', () => {
  for (const theme of ['light', 'dark'] as const) {
    it(`has no serious accessibility problem and breaks no policy (${theme})`, async () => {
      const folder = pictureFolder();
      const { page, complaints } = await scene.page('/', { colorScheme: theme });
      for (const path of pagesAndTasks()) {
        await page.goto(scene.url + path);
        await settled(page);
        await page.locator('.feed.live').waitFor();
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
        assert.deepEqual(found, [], path);
        await page.screenshot({ path: `${folder}/${theme}${path.replaceAll('/', '-')}.png` });
      }
      assert.deepEqual(complaints, []);
      await page.context().close();
    });
  }

  for (const [locale, menu, tasks] of [
    ['en-GB', 'Menu', 'Tasks'],
    ['zh-CN', '菜单', '任务'],
  ] as const) {
    it(`fits a phone (${locale})`, async () => {
      const folder = pictureFolder();
      const phone = { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true, locale };
      const { page } = await scene.page('/', phone);
      for (const path of pagesAndTasks()) {
        await page.goto(scene.url + path);
        await settled(page);
        const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
        assert.ok(wide <= 375, `${path} is ${wide} wide`);
        await page.screenshot({ path: `${folder}/phone-${locale}${path.replaceAll('/', '-')}.png` });
      }
      await page.getByRole('button', { name: menu }).click();
      await page.getByRole('link', { name: tasks, exact: true }).click();
      await page.waitForURL(`${scene.url}/tasks`);
      await page.context().close();
    });
  }
});

it('a server that is away is said to be, and what is shown afterwards is the truth', async () => {
  const { page } = await scene.page('/tasks?q=tag%3Acomeback');
  await page.locator('.feed.live').waitFor();
  await page.locator('[data-total="0"]').waitFor();
  await scene.restart(async () => {
    await page.getByText('The server does not answer.').waitFor();
  });
  await scene.submit({ type: 'nobody', tags: ['comeback'] });
  await page.getByText('The server does not answer.').waitFor({ state: 'detached' });
  await page.locator('[data-total="1"]').waitFor();
  await page.locator('.feed.live').waitFor();
  await page.context().close();
});
