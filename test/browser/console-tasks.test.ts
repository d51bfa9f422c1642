// The life of tasks as somebody at the console sees and steers it, in a real browser.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../e2e/http.ts';
import { type ConsoleScene, startConsole } from './console-scene.ts';

let scene: ConsoleScene;
before(async () => {
  scene = await startConsole();
});
after(() => scene[Symbol.asyncDispose]());

const BIG = '{"n":12345678901234567890,"b":1,"a":[],"0":-0}';

async function total(query: string): Promise<number> {
  return ((await scene.call('GET', `/tasks?limit=1&${query}`)) as { total: number }).total;
}

async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

describe('a task', () => {
  it('is submitted from the page and seen through its states without a reload', async () => {
    const { page, complaints } = await scene.page('/submit');
    await page.getByLabel('Type').fill('slow');
    await page.getByLabel('Payload (JSON)').fill(BIG);
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await page.getByRole('link', { name: 'Open it' }).click();
    const badge = page.locator('.task-head .badge');
    await badge.filter({ hasText: 'processing' }).waitFor();
    await page.locator('.progress .text', { hasText: /step [3-9]/ }).waitFor();
    assert.equal(
      (await page.getByRole('region', { name: 'Payload' }).locator('pre').innerText()).replaceAll(/\s/g, ''),
      BIG,
      'every digit and the order of the members',
    );
    await page.getByRole('button', { name: 'Cancel task' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel task' }).click();
    await badge.filter({ hasText: 'canceled' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('that failed shows its error and is retried with the keyboard alone', async () => {
    const id = await scene.submit({ type: 'fail', max_retry: 0 });
    const { page } = await scene.page(`/tasks/${id}`);
    await shows(page, 'it went wrong');
    await page.locator('.task-head .badge', { hasText: 'failed' }).waitFor();
    await page.keyboard.press('r');
    await page.getByText(/^2 · failed/).waitFor();
    await page.context().close();
  });

  it('that is resubmitted keeps every digit of its payload', async () => {
    const response = await fetch(`${scene.url}/api/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"type":"nobody","payload":${BIG},"tags":["once"]}`,
    });
    const { id } = (await response.json()) as { id: string };
    const { page } = await scene.page(`/tasks/${id}`);
    await page.getByRole('link', { name: 'Resubmit' }).click();
    await eventually(
      () => page.getByLabel('Payload (JSON)').inputValue(),
      (text) => text.includes('12345678901234567890'),
    );
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await page.getByRole('link', { name: 'Open it' }).click();
    await page.waitForURL((url) => url.pathname !== `/tasks/${id}` && url.pathname.startsWith('/tasks/'));
    const text = await (await fetch(`${scene.url}/api/v1${new URL(page.url()).pathname}`)).text();
    assert.ok(text.replaceAll(/\s/g, '').includes(`"payload":${BIG}`), text);
    await page.context().close();
  });

  it('that waits says for what, and by whom it is held', async () => {
    const limited = { type: 'slow', concurrency_key: 'customer 7', max_concurrency: 1 };
    const holder = await scene.submit(limited);
    await eventually(
      () => total('status=processing&type=slow'),
      (n) => n > 0,
    );
    const { page } = await scene.page(`/tasks/${await scene.submit(limited)}`);
    const why = page.getByRole('region', { name: 'Why it waits' });
    await why.getByText('waiting for a full key').waitFor();
    await why.getByText('customer 7 is full: 1 of 1 running').waitFor();
    assert.equal(await why.locator('.holders a').getAttribute('href'), `/tasks/${holder}`);
    await page.context().close();
  });

  it('shows what its handler said', async () => {
    const { page } = await scene.page(`/tasks/${await scene.submit({ type: 'talks', payload: { n: 7 } })}`);
    const log = page.getByRole('region', { name: 'Log' });
    await log.getByText('half way {"n":7}').waitFor();
    await log.getByText('<b>nearly</b>').waitFor();
    await page.context().close();
  });

  it('of a type nobody handles says that too', async () => {
    const { page } = await scene.page(`/tasks/${await scene.submit({ type: 'nobody' })}`);
    await shows(page, 'No live node handles the type nobody');
    await page.context().close();
  });
});

describe('the list', () => {
  it('filters by what is typed, with suggestions, and keeps it in the address', async () => {
    await scene.submit({ type: 'email', tags: ['spring'] });
    const { page, complaints } = await scene.page('/tasks');
    await page.locator('.row.task').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('type:ema');
    await page.getByRole('option', { name: 'type:email' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('tag:spring since:1h');
    await page.keyboard.press('Enter');
    await page.locator('[data-total="1"]').waitFor();
    assert.equal(new URL(page.url()).searchParams.get('q'), 'type:email tag:spring since:1h');
    await page.reload();
    await page.locator('[data-total="1"]').waitFor();
    await page.getByRole('button', { name: 'failed' }).click();
    await shows(page, 'No task matches.');
    await page.goBack();
    await page.locator('[data-total="1"]').waitFor();
    await page.getByRole('combobox', { name: 'Filter tasks' }).fill('colour:red');
    await page.keyboard.press('Enter');
    await shows(page, 'Not understood: colour:red');
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('shows a new task by itself, and what happens to it', async () => {
    const { page } = await scene.page('/tasks?q=type%3Aflaky');
    await page.locator('.feed.live').waitFor();
    await scene.submit({ type: 'flaky', retry_strategy: { delay: 3, jitter: 0 } });
    const row = page.locator('.row.task').first();
    await row.getByText('backing off').waitFor();
    await row.locator('.badge', { hasText: 'success' }).waitFor();
    await page.context().close();
  });

  it('stays put on later pages while new tasks arrive', async () => {
    const many = Array.from({ length: 120 }, () => ({ type: 'parked', tags: ['pages'] }));
    await scene.call('POST', '/tasks/batch', { tasks: many });
    const { page } = await scene.page('/tasks?q=tag%3Apages&per=50');
    await page.locator('[data-total="120"]').waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await shows(page, 'Page 2 of 3');
    const ids = (): Promise<(string | null)[]> =>
      page.locator('.row.task a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    await page.locator('.tasks-page:not(.stale)').waitFor();
    const shown = await ids();
    await scene.call('POST', '/tasks/batch', { tasks: many.slice(0, 30) });
    await page.getByRole('button', { name: '30 new: show' }).waitFor();
    assert.deepEqual(await ids(), shown);
    await page.getByRole('button', { name: '30 new: show' }).click();
    await page.locator('[data-total="150"]').waitFor();
    await page.context().close();
  });

  it('cancels 500 that match after saying how many, and shows how it went', async () => {
    await scene.call('POST', '/tasks/batch', {
      tasks: Array.from({ length: 500 }, () => ({ type: 'parked', tags: ['bulk'] })),
    });
    const { page } = await scene.page('/tasks?q=tag%3Abulk');
    await page.locator('[data-total="500"]').waitFor();
    await page.getByLabel('Select the rows of this page').check();
    await page.getByRole('button', { name: 'Select all 500 that match' }).click();
    await page
      .getByRole('region', { name: /selected/ })
      .getByRole('button', { name: 'Cancel' })
      .click();
    await page.getByRole('dialog', { name: 'Cancel 500 tasks?' }).waitFor();
    assert.equal(await total('tag=bulk&status=pending'), 500, 'nothing is done before it is asked');
    await page.getByRole('button', { name: 'Cancel 500 tasks' }).click();
    await shows(page, 'Done: 500 changed, 0 left as they were.');
    assert.equal(await total('tag=bulk&status=canceled'), 500);
    await page.context().close();
  });

  it('is walked, chosen from and opened with the keyboard', async () => {
    const { page } = await scene.page('/tasks?q=tag%3Apages');
    await page.locator('.row.task').first().waitFor();
    for (const key of ['j', 'j', 'x', 'k', 'x']) await page.keyboard.press(key);
    await page.getByText('2 selected').waitFor();
    const second = await page.locator('.row.task a').first().getAttribute('href');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${second}`);
    await page.context().close();
  });

  it('is saved as JSON lines with every digit, and as CSV without formulas', async () => {
    await fetch(`${scene.url}/api/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"type":"nobody","payload":${BIG},"tags":["=1+1","export"]}`,
    });
    const { page } = await scene.page('/tasks?q=tag%3Aexport');
    await page.locator('[data-total="1"]').waitFor();
    const saved = async (name: string): Promise<string> => {
      await page.getByRole('button', { name: 'Export' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name, exact: true }).click(),
      ]);
      let text = '';
      for await (const chunk of await download.createReadStream()) text += String(chunk);
      return text;
    };
    const lines = (await saved('JSON lines')).trim().split('\n');
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.includes(`"payload":${BIG}`), lines[0]);
    assert.match(await saved('CSV'), /,'=1\+1 export,/);
    await page.context().close();
  });
});

describe('a concurrency key', () => {
  it('gets another limit, and loses it again', async () => {
    await scene.submit({ type: 'nobody', concurrency_key: 'shop', max_concurrency: 2 });
    const { page, complaints } = await scene.page('/concurrency');
    const row = page.locator('[data-key="shop"]');
    await row.getByRole('button', { name: 'Change limit' }).click();
    await page.getByLabel('At most this many at once').fill('7');
    await page.keyboard.press('Enter');
    await row.getByText('operator').waitFor();
    const { keys } = (await scene.call('GET', '/concurrency')) as { keys: { key: string; limit: number }[] };
    assert.equal(keys.find(({ key }) => key === 'shop')?.limit, 7);
    await row.getByRole('button', { name: 'Change limit' }).click();
    await page.getByRole('button', { name: 'Remove limit' }).click();
    await row.getByText('tasks', { exact: true }).waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
});

describe('a node', () => {
  it('is drained after asking, says so, and works again when that is undone', async () => {
    const { page, complaints } = await scene.page('/nodes');
    await page.getByRole('button', { name: 'Drain' }).click();
    const dialog = page.getByRole('dialog', { name: /^Drain node/ });
    await dialog.getByRole('button', { name: 'Go back' }).click();
    await page.getByText('live', { exact: true }).last().waitFor();
    await page.getByRole('button', { name: 'Drain' }).click();
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await page.locator('.node .chip', { hasText: 'draining' }).waitFor();
    const waiting = await scene.submit({ type: 'email', tags: ['drained'] });
    await page.goto(`${scene.url}/tasks/${waiting}`);
    await shows(page, 'No live node handles the type email');
    await page.goto(`${scene.url}/nodes`);
    await page.getByRole('button', { name: 'Give it work again' }).click();
    await page
      .getByRole('dialog', { name: /work again/ })
      .getByRole('button', { name: 'Give it work again' })
      .click();
    await eventually(
      () => total('tag=drained&status=success'),
      (n) => n === 1,
    );
    await page.getByRole('button', { name: 'Drain' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
});

describe('the live page', () => {
  it('shows the messages of the topic that is chosen', async () => {
    const { page } = await scene.page('/live');
    await page.getByText('live (MQTT)').waitFor();
    await page.getByLabel('Topic').selectOption('failed');
    await page.getByText('live (MQTT)').waitFor();
    await scene.submit({ type: 'email', tags: ['silent'] });
    const failing = await scene.submit({ type: 'fail', max_retry: 0 });
    await page.locator('.row.message', { hasText: failing }).waitFor();
    assert.equal(await page.locator('.row.message', { hasText: '"type":"email"' }).count(), 0);
    await page.context().close();
  });
});
