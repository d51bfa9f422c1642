// Text from outside stays text: whatever a payload, an error, a key or a tag says is shown, and nothing of it runs.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startConsole } from './console-scene.ts';

const MARK = 'xq_was_run';

/** Every string would set `window.xq_was_run`, or open a dialog, or leave the page, if it were taken for more than text. */
const HOSTILE: readonly string[] = [
  `<script>${MARK}=1</script>`,
  `<img src=x onerror=${MARK}=1>`,
  `<svg onload=${MARK}=1>`,
  `<svg><script>${MARK}=1</script></svg>`,
  `"><script>${MARK}=1</script>`,
  `'><img src=x onerror=${MARK}=1>`,
  `</script><script>${MARK}=1</script>`,
  `</textarea><script>${MARK}=1</script>`,
  `</title><svg onload=${MARK}=1>`,
  `</style><svg onload=${MARK}=1>`,
  `<iframe srcdoc="<script>parent.${MARK}=1</script>">`,
  `<iframe src="javascript:parent.${MARK}=1">`,
  `<a href="javascript:${MARK}=1">x</a>`,
  `javascript:${MARK}=1`,
  `data:text/html,<script>${MARK}=1</script>`,
  `<object data="javascript:${MARK}=1">`,
  `<embed src="javascript:${MARK}=1">`,
  `<details open ontoggle=${MARK}=1>`,
  `<input autofocus onfocus=${MARK}=1>`,
  `<body onload=${MARK}=1>`,
  `<marquee onstart=${MARK}=1>`,
  `<video><source onerror=${MARK}=1></video>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${MARK}=1>`,
  `<noscript><p title="</noscript><img src=x onerror=${MARK}=1>">`,
  `<template><script>${MARK}=1</script></template>`,
  `<base href="https://evil.example/">`,
  `<meta http-equiv="refresh" content="0;url=https://evil.example/">`,
  `<link rel=stylesheet href="https://evil.example/x.css">`,
  `<style>*{display:none}</style>`,
  `{{constructor.constructor('${MARK}=1')()}}`,
  `\${${MARK}=1}`,
  `#{${MARK}=1}`,
  `<%= ${MARK}=1 %>`,
  `__proto__`,
  `constructor`,
  `{"__proto__":{"polluted":1}}`,
  `%3Cscript%3E${MARK}=1%3C/script%3E`,
  `&lt;script&gt;${MARK}=1&lt;/script&gt;`,
  `\u202Egnp.exe`,
  `a\u0000b`,
  `\u2028${MARK}=1\u2029`,
  `😀`.repeat(40),
  `Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘`,
  `<<<<<<>>>>>>""''\`\``,
  `-->`,
  `]]>`,
  `\\u003cscript\\u003e${MARK}=1`,
  `x" onmouseover="${MARK}=1`,
  `x' style='background:url(javascript:${MARK}=1)`,
  `=HYPERLINK("https://evil.example","x")`,
];

it('fifty hostile strings are shown on every page and never run', async () => {
  assert.equal(HOSTILE.length, 50);
  await using scene = await startConsole();
  const ids: string[] = [];
  for (const text of HOSTILE) {
    // Names refuse control characters; payloads and errors take everything.
    const name = text.replaceAll(/\p{Cc}/gu, '');
    const tag = name.slice(0, 60).replace(/[\uD800-\uDBFF]$/, '');
    const body = { type: 'fail', max_retry: 0, tags: [tag], payload: { message: text, [text]: text } };
    ids.push(await scene.submit({ ...body, concurrency_key: name, max_concurrency: 1 }));
  }
  await scene.submit({ type: 'nobody', concurrency_key: HOSTILE[0] });
  const { page, complaints } = await scene.page('/tasks');
  const isSafe = async (where: string): Promise<void> => {
    assert.equal(await page.evaluate((mark) => mark in globalThis, MARK), false, `${where}: it ran`);
    assert.equal(await page.evaluate(() => 'polluted' in {}), false, where);
    assert.equal(new URL(page.url()).origin, scene.url, where);
    assert.equal(await page.locator('main iframe, main script, main img, main object, main embed').count(), 0, where);
  };
  await page.locator('.row.task').nth(10).waitFor();
  await isSafe('the list');
  for (const [i, id] of ids.entries()) {
    await page.goto(`${scene.url}/tasks/${id}`);
    const error = page.locator('.error-text pre').first();
    await error.waitFor();
    assert.equal(await error.textContent(), HOSTILE[i]);
    const payload = await page.getByRole('region', { name: 'Payload' }).locator('pre').textContent();
    assert.ok(payload?.includes(JSON.stringify(HOSTILE[i])), `${i}: ${payload}`);
    await isSafe(`task ${i}`);
  }
  for (const path of ['/', '/concurrency', '/nodes', '/handlers', '/live', `/submit?from=${ids[0]}`]) {
    await page.goto(scene.url + path);
    await page.locator('h1').waitFor();
    await isSafe(path);
  }
  await page.goto(`${scene.url}/tasks?q=${encodeURIComponent(`tag:"<img src=x onerror=${MARK}=1>" <b>`)}`);
  await page.getByText('Not understood').waitFor();
  await isSafe('the filter');
  assert.deepEqual(complaints, []);
});
