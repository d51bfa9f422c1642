// What must compile and what must not: each snippet becomes a file, all are compiled in one run of tsc with the
// repository's own settings, and what tsc says about each is compared with what it must say.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'xqueue-types-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const PRELUDE = `
import { defineTask, implement, typed, type HandlerAborted, type StandardSchema, type TaskManager } from '${join(ROOT, 'src', 'index.ts')}';
import type { XQueueClient } from '${join(ROOT, 'src', 'client.ts')}';
declare const manager: TaskManager;
declare const client: XQueueClient;
declare const mail: StandardSchema<{ to: string; copies?: number }, { to: string; copies: number }>;
const send = defineTask({ type: 'send', input: mail, output: typed<{ sentAt: string }>(), progress: typed<number>() });
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isSame = <Answer extends true>(): Answer | undefined => undefined;
export { client, defineTask, implement, isSame, manager, send, typed, type HandlerAborted, type Same };
`;

const LIBRARIES = `import { type } from 'arktype'; import * as v from 'valibot'; import { z } from 'zod';`;

/** A contract of each library comes to the same types, with nothing written beside it. */
function sameOf(library: string, input: string, output: string, progress: string): Readonly<Record<string, string>> {
  return {
    [`what ${library} infers is what caller, handler and watcher see`]: `
      const mails = defineTask({ type: 'mail', input: ${input}, output: ${output}, progress: ${progress} });
      const handle = await manager.submit(mails, { to: 'a' });
      const result = await handle.result();
      isSame<Same<typeof result, { sentAt: Date }>>();
      for await (const change of handle.watch()) isSame<Same<typeof change.progress, number | null>>();
      implement(mails, { handle({ payload }, ctx) {
        isSame<Same<typeof payload.copies, number>>();
        isSame<Same<typeof payload.to, string>>();
        void ctx.progress(payload.copies);
        return { sentAt: '2027-01-01T00:00:00Z' };
      } });`,
  };
}

/** Code beside the sentence that it proves. */
const COMPILES: Readonly<Record<string, string>> = {
  'the result has its type without generics': `
    const result = await (await manager.submit(send, { to: 'a' })).result();
    isSame<Same<typeof result, { sentAt: string }>>();`,
  'the handler sees the payload after defaults': `
    implement(send, { handle(task, ctx) {
      isSame<Same<typeof task.payload, { to: string; copies: number }>>();
      void ctx.progress(50);
      return { sentAt: 'now' };
    } });`,
  'the reason of an abort has its type': `
    implement(send, { handle(_task, { signal }) {
      isSame<Same<typeof signal.reason, HandlerAborted | undefined>>();
      if (signal.reason?.reason === 'canceled') throw new Error(signal.reason.cancelReason ?? 'no reason');
      void fetch('http://x', { signal });
      return { sentAt: 'now' };
    } });`,
  'progress is typed for watchers': `
    for await (const change of (await manager.submit(send, { to: 'a' })).watch()) {
      isSame<Same<typeof change.progress, number | null>>();
    }`,
  'the client knows the same types': `
    const result = await (await client.submit(send, { to: 'a', copies: 2 })).result();
    isSame<Same<typeof result, { sentAt: string }>>();
    const [first] = await client.submitMany(send, [{ to: 'a' }]);
    const again = await first!.result();
    isSame<Same<typeof again, { sentAt: string }>>();`,
  'a child knows the same types': `
    manager.registerHandler({ type: 'parent', async handle(_task, ctx) {
      const result = await (await ctx.submit(send, { to: 'a' })).result();
      isSame<Same<typeof result, { sentAt: string }>>();
    } });`,
  ...sameOf(
    'zod',
    `z.object({ to: z.string(), copies: z.int().default(1), tags: z.array(z.string()).optional() })`,
    `z.object({ sentAt: z.string().transform((text) => new Date(text)) })`,
    `z.number()`,
  ),
  ...sameOf(
    'valibot',
    `v.object({ to: v.string(), copies: v.optional(v.number(), 1), tags: v.optional(v.array(v.string())) })`,
    `v.object({ sentAt: v.pipe(v.string(), v.transform((text) => new Date(text))) })`,
    `v.number()`,
  ),
  ...sameOf(
    'arktype',
    `type({ to: 'string', copies: 'number = 1', 'tags?': 'string[]' })`,
    `type({ sentAt: 'string.date.iso.parse' })`,
    `type('number')`,
  ),
  'the plain API takes any payload': `
    const handle = await manager.submitTask<number>('any', { what: 'ever' });
    const result = await handle.result();
    isSame<Same<typeof result, number>>();`,
};

const DOES_NOT_COMPILE: Readonly<Record<string, string>> = {
  'a wrong member of a zod schema': `
    await manager.submit(defineTask({ type: 'x', input: z.object({ to: z.string() }) }), { to: 7 });`,
  'a wrong member of a valibot schema': `
    await manager.submit(defineTask({ type: 'x', input: v.object({ to: v.string() }) }), { to: 7 });`,
  'a wrong member of an arktype schema': `
    await manager.submit(defineTask({ type: 'x', input: type({ to: 'string' }) }), { to: 7 });`,
  'a payload with a wrong member': `await manager.submit(send, { to: 7 });`,
  'a payload without a needed member': `await manager.submit(send, { copies: 1 });`,
  'a payload with a member too many': `await manager.submit(send, { to: 'a', subject: 'hi' });`,
  'many payloads of which one is wrong': `await manager.submitMany(send, [{ to: 'a' }, { to: 1 }]);`,
  'a wrong payload over HTTP': `await client.submit(send, { to: 7 });`,
  'a wrong payload of a child': `
    manager.registerHandler({ type: 'parent', handle: (_task, ctx) => ctx.submit(send, { to: 7 }) });`,
  'a use of the result that it does not have': `
    (await (await manager.submit(send, { to: 'a' })).result()).sentBy;`,
  'a handler without handle': `implement(send, {});`,
  'a plain handler without handle': `manager.registerHandler({ type: 'x' });`,
  'a plain handler without a type': `manager.registerHandler({ handle: () => 1 });`,
  'a handler that returns something else': `implement(send, { handle: () => ({ sentAt: 7 }) });`,
  'a handler that returns nothing': `implement(send, { handle: () => {} });`,
  'progress of another type': `
    implement(send, { async handle(_task, ctx) { await ctx.progress('half'); return { sentAt: 'now' }; } });`,
  'an option that does not exist': `await manager.submit(send, { to: 'a' }, { prio: 1 });`,
  'an unknown member of a definition': `defineTask({ type: 'x', timeout: '5m' });`,
  'a reason of an abort that does not exist': `
    implement(send, { handle: (_task, { signal }) => ({ sentAt: signal.reason?.reason === 'bored' ? 'a' : 'b' }) });`,
  'awaiting the handle as if it were the result': `
    const sent: { sentAt: string } = await manager.submit(send, { to: 'a' });
    void sent;`,
};

/** What tsc says, by file. */
let said: ReadonlyMap<string, string[]>;
const fileOf = (name: string): string => `${name.replace(/\W+/g, '-')}.ts`;

before(async () => {
  writeFileSync(join(folder, 'prelude.ts'), PRELUDE);
  for (const [name, code] of Object.entries({ ...COMPILES, ...DOES_NOT_COMPILE })) {
    const imports = `import { client, defineTask, implement, isSame, manager, send, typed, type Same, type HandlerAborted } from './prelude.ts';`;
    writeFileSync(join(folder, fileOf(name)), `${imports}\n${LIBRARIES}\n${code}\n`);
  }
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, noEmit: true };
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['@types', 'arktype', 'valibot', 'zod'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  const output = await new Promise<string>((resolve) => {
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    execFile(tsc, ['-p', folder, '--pretty', 'false'], { cwd: folder }, (_error, out, err) => resolve(out + err));
  });
  const byFile = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const file = /^(?:.*\/)?([^/(]+\.ts)\(\d+,\d+\): error/.exec(line)?.[1];
    if (file !== undefined) byFile.set(file, [...(byFile.get(file) ?? []), line]);
  }
  said = byFile;
});

describe('types:', () => {
  for (const name of Object.keys(COMPILES)) {
    it(name, () => assert.deepEqual(said.get(fileOf(name)) ?? [], []));
  }
  for (const name of Object.keys(DOES_NOT_COMPILE)) {
    it(`${name} does not compile`, () => assert.equal(said.get(fileOf(name))?.length, 1));
  }
});
