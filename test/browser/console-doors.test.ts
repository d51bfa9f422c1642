// The console without a broker, and behind API keys.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { emptyFolder } from '../e2e/node-process.ts';
import { startConsole } from './console-scene.ts';

it('without a broker the messages that are shown come as server-sent events', async () => {
  await using scene = await startConsole(['--mqtt-broker', 'off']);
  const id = await scene.submit({ type: 'slow' });
  const { page, complaints } = await scene.page(`/tasks/${id}`);
  await page.locator('.feed.live').waitFor();
  await scene.call('DELETE', `/tasks/${id}`);
  await page.locator('.task-head .badge', { hasText: 'canceled' }).waitFor();
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.getByText('live (SSE)').waitFor();
  await scene.submit({ type: 'email' });
  await page.locator('.row.message', { hasText: '"status":"success"' }).first().waitFor();
  assert.deepEqual(complaints, []);
});

it('behind API keys it asks for one, and lives with it, also by MQTT', async () => {
  const key = 'a-key-for-this-test';
  const entry = {
    name: 'test',
    sha256: createHash('sha256').update(key).digest('hex'),
    scopes: ['read', 'submit', 'operate'],
  };
  const folder = emptyFolder();
  const file = join(folder.path, 'xqueue.yaml');
  writeFileSync(file, JSON.stringify({ auth: { keys: [entry] } }));
  await using scene = await startConsole(['--config', file]);
  const { page } = await scene.page('/tasks');
  await page.getByRole('dialog', { name: 'This server wants an API key' }).waitFor();
  await page.getByRole('textbox', { name: 'API key' }).fill(key);
  await page.keyboard.press('Enter');
  await page.locator('.feed.live').waitFor();
  const response = await fetch(`${scene.url}/api/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: '{"type":"email","tags":["keyed"]}',
  });
  assert.equal(response.status, 201);
  await page.locator('.row.task', { hasText: 'keyed' }).locator('.badge', { hasText: 'success' }).waitFor();
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.getByText('live (MQTT)').waitFor();
});
