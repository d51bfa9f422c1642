// The package as a user gets it: packed, installed into an empty folder, and used there.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { connectAsync } from 'mqtt';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { Mosquitto } from '../e2e-push/mosquitto.ts';
import { emptyFolder } from './node-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const INSTALL_MS = 150_000;
const START_MS = 30_000;
const CLIENT_GZIP_BYTES_MAX = 15_000;
const folder = emptyFolder();
let packed: string;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Under `npm test` npm says where its project is: an `npm install` that heard it would install there. */
const PASSED_ON = /^npm_config_(registry|cafile|cache|strict_ssl|userconfig|globalconfig)$/i;
const inherited = Object.entries(process.env).filter(([name]) =>
  name.startsWith('npm_') ? PASSED_ON.test(name) : !/^(XQUEUE_|NODE_TEST|NODE_OPTIONS|INIT_CWD)/.test(name),
);
const env = {
  ...Object.fromEntries(inherited),
  // The Node that runs the tests: the machine's own may be too old.
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
};

function run(command: string, args: readonly string[], cwd = folder.path): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, timeout: INSTALL_MS, maxBuffer: 1 << 26 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, out, err });
    });
  });
}

function write(name: string, text: string): string {
  writeFileSync(join(folder.path, name), text);
  return name;
}

before(async () => {
  const { code, err } = await run('npm', ['pack', '--pack-destination', folder.path], ROOT);
  assert.equal(code, 0, err);
  const file = readdirSync(folder.path).find((name) => name.endsWith('.tgz'));
  packed = join(folder.path, file ?? assert.fail('npm pack made no file'));
  const install = await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', packed]);
  assert.equal(install.code, 0, install.err);
});
after(() => folder.remove());

describe('the packed package in an empty folder', () => {
  it('has what publint asks for', async () => {
    const pkgDir = join(folder.path, 'node_modules', 'xqueue');
    const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg ?? {})),
      [],
    );
  });

  it('has types that every way of importing it finds', async () => {
    const attw = fileURLToPath(new URL('dist/index.js', import.meta.resolve('@arethetypeswrong/cli/package.json')));
    const { code, out, err } = await run('node', [attw, packed, '--profile', 'esm-only', '--format', 'ascii']);
    assert.equal(code, 0, out + err);
    for (const name of ['"xqueue"', '"xqueue/client"', '"xqueue/testing"']) assert.ok(out.includes(name), name);
  });

  it('contains what is needed and nothing of the workshop', () => {
    const own = join(folder.path, 'node_modules', 'xqueue');
    for (const name of ['dist/index.js', 'dist/client.d.ts', 'dist/cli/init/tasks.ts.txt', 'README.md', 'LICENSE']) {
      assert.ok(existsSync(join(own, name)), name);
    }
    for (const name of ['src', 'test', 'scripts', 'bench', 'node_modules'])
      assert.ok(!existsSync(join(own, name)), name);
    const manifest = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { exports: object };
    assert.deepEqual(Object.keys(manifest.exports).sort(), ['.', './client', './package.json', './testing']);
  });

  it('can be imported under each of its names, and a task runs', async () => {
    const file = write(
      'program.mjs',
      `import { TaskManager, implement } from 'xqueue';
      import { XQueueClient, defineTask, typed } from 'xqueue/client';
      import { createTestQueue } from 'xqueue/testing';
      const add = defineTask({ type: 'add', input: typed(), output: typed() });
      const adds = implement(add, { handle: ({ payload: [a, b] }) => a + b });
      await using manager = await TaskManager.start({ server: { port: 0 }, mqtt: { listen: '' } });
      manager.registerHandler(adds);
      const client = new XQueueClient({ url: manager.url });
      await using queue = await createTestQueue({ handlers: [adds] });
      const handle = await queue.submit(add, [3, 4], { delay: '1h' });
      await queue.advance('1h');
      console.log(await (await client.submit(add, [1, 2])).result(), await handle.result());`,
    );
    const { code, out, err } = await run('node', [file]);
    assert.equal(code, 0, err);
    assert.equal(out, '3 7\n');
    assert.equal(err, '');
  });

  for (const moduleResolution of ['nodenext', 'bundler']) {
    it(`has types that a program with moduleResolution ${moduleResolution} can use`, async () => {
      write(
        'typed.ts',
        `import { TaskManager, implement, type Handler } from 'xqueue';
        import { XQueueClient, defineTask, typed } from 'xqueue/client';
        import { createTestQueue, runHandler } from 'xqueue/testing';
        const add = defineTask({ type: 'add', input: typed<[number, number]>(), output: typed<number>() });
        const adds: Handler = implement(add, { handle: ({ payload: [a, b] }) => a + b });
        const manager = await TaskManager.start();
        const sum: number = await (await manager.registerHandler(adds).submit(add, [1, 2])).result();
        await new XQueueClient({ url: 'http://x' }).submit(add, [1, 2]);
        const queue = await createTestQueue();
        const first: [number, number] | undefined = (await queue.submitted(add))[0]?.payload;
        console.log(sum, first, await runHandler(adds, [1, 2]));`,
      );
      const compilerOptions = {
        module: moduleResolution === 'nodenext' ? 'nodenext' : 'esnext',
        moduleResolution,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable', 'dom'],
        strict: true,
        noEmit: true,
        types: [],
      };
      write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
      write('package.json', JSON.stringify({ ...readManifest(), type: 'module' }));
      const { code, out } = await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', '.']);
      assert.equal(code, 0, out);
    });
  }

  it(`has a client that Vite puts into a page: below ${CLIENT_GZIP_BYTES_MAX} bytes, nothing of Node, no MQTT`, async (t) => {
    write('index.html', '<!doctype html><title>page</title><script type="module" src="/page.js"></script>');
    write(
      'page.js',
      `import { XQueueClient, defineTask, typed } from 'xqueue/client';
      const add = defineTask({ type: 'add', input: typed(), output: typed() });
      const client = new XQueueClient({ url: location.origin });
      document.title = await (await client.submit(add, [1, 2])).result();
      for await (const change of client.watchAll()) document.title = change;`,
    );
    const vite = join(ROOT, 'console', 'node_modules', 'vite', 'bin', 'vite.js');
    const { code, out, err } = await run('node', [vite, 'build', '--outDir', 'page', '--logLevel', 'warn']);
    // Vite warns of each module of Node that it had to leave out.
    assert.deepEqual([code, out, err], [0, '', '']);
    const assets = join(folder.path, 'page', 'assets');
    const scripts = readdirSync(assets).map((name) => readFileSync(join(assets, name), 'utf8'));
    assert.equal(scripts.length, 1);
    const bytes = gzipSync(scripts[0] ?? '').length;
    t.diagnostic(`${bytes} bytes of gzip`);
    assert.ok(bytes > 2000 && bytes < CLIENT_GZIP_BYTES_MAX, `${bytes} bytes`);
    assert.doesNotMatch(scripts[0] ?? '', /__vite-browser-external|["']node:/);
  });

  it('takes a new user from init to the first result', async () => {
    rmSync(join(folder.path, 'tsconfig.json'));
    const init = await run('npx', ['xqueue', 'init']);
    assert.equal(init.code, 0, init.err);
    assert.match(init.err, /npm start/);
    const types = await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', '.']);
    assert.equal(types.code, 0, types.out);
    const { url, stop } = await startNode('--mqtt-listen', '', '--handlers', 'handlers.ts');
    try {
      const greet = ['xqueue', 'task', 'submit', 'greet', '{"name":"world"}', '--wait', '--url', url, '-o', 'json'];
      const submit = await run('npx', greet);
      assert.equal(submit.code, 0, submit.err);
      assert.deepEqual((JSON.parse(submit.out) as { result: unknown }).result, { greeting: 'Hello, world!' });
      const program = await run('env', [`XQUEUE_URL=${url}`, 'node', 'submit.ts']);
      assert.deepEqual([program.code, program.out], [0, 'Hello, world!\n'], program.err);
    } finally {
      await stop();
    }
  });

  it('does the same in a project that is CommonJS, as npm init makes it', async () => {
    const project = join(folder.path, 'commonjs');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "name": "commonjs", "type": "commonjs" }');
    const init = await run('npx', ['xqueue', 'init', 'commonjs']);
    assert.equal(init.code, 0, init.err);
    const types = await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'commonjs']);
    assert.equal(types.code, 0, types.out);
    await using node = await startNode('--mqtt-listen', '', '--handlers', 'commonjs/handlers.mts');
    const program = await run('env', [`XQUEUE_URL=${node.url}`, 'node', 'commonjs/submit.mts']);
    assert.deepEqual([program.code, program.out], [0, 'Hello, world!\n'], program.err);
  });

  it('brings along the packages it uses, and their licences', () => {
    const modules = readdirSync(join(folder.path, 'node_modules'));
    for (const name of ['fastify', 'aedes', 'pino', 'redis', 'commander']) assert.ok(!modules.includes(name), name);
    const licences = readFileSync(join(folder.path, 'node_modules/xqueue/dist/vendor/THIRD-PARTY.txt'), 'utf8');
    for (const name of ['fastify', 'aedes', 'pino', 'redis', 'typebox', '@redis/client', '@opentelemetry/api']) {
      assert.match(licences, new RegExp(`^${name} [\\d.]+ \\(`, 'm'));
    }
    assert.match(licences, /Apache License\s+Version 2\.0/);
  });

  it('shows the API to people without the internet, nothing but its own scripts', async () => {
    await using node = await startNode('--mqtt-listen', '');
    const page = await fetch(`${node.url}/api/v1/docs`);
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self';/);
    const text = await page.text();
    const parts = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => new URL(part, page.url));
    assert.ok(parts.length > 4);
    for (const part of parts) {
      assert.equal(part.origin, node.url);
      const answer = await fetch(part);
      assert.equal(answer.status, 200, part.href);
      assert.ok((await answer.text()).length > 100, part.href);
    }
  });

  it('runs a task, tells it by MQTT through both doors, counts it, and keeps its threads', async () => {
    await using node = await startNode('--mqtt-listen', '127.0.0.1:0', '--server-mode', 'release');
    const doors = [/mqtt:\/\/[\d.:]+/, /ws:\/\/[\d.:]+\/mqtt/].map((door) => door.exec(node.said())?.[0] ?? '');
    const lines = await Promise.all(doors.map((door) => connectAsync(door, { reconnectPeriod: 0 })));
    try {
      const heard = lines.map(async (line) => {
        const success = new Promise((resolve) =>
          line.once('message', (_topic, body) => resolve(JSON.parse(String(body)))),
        );
        await line.subscribeAsync('task/status/status/success');
        return { success };
      });
      const waiting = await Promise.all(heard);
      const task = [
        'xqueue',
        'task',
        'submit',
        'example',
        '{"message":"hi","duration":0}',
        '--wait',
        '--url',
        node.url,
      ];
      assert.equal((await run('npx', task)).code, 0);
      for (const { success } of waiting) assert.equal(((await success) as { type: string }).type, 'example');
    } finally {
      await Promise.all(lines.map((line) => line.endAsync(true)));
    }
    assert.match(await (await fetch(`${node.url}/metrics`)).text(), /^xqueue_\w+/m);
    assert.doesNotMatch(node.said(), /"level":"(warn|error|fatal)"/);
  });

  it('reaches another broker, and says when Redis is not there', async (t) => {
    const broker = await Mosquitto.start(t);
    await using node = await startNode('--embedded-path', 'second.db', '--mqtt-broker', broker.url);
    const deadline = Date.now() + 20_000;
    for (let status = ''; status !== 'ok'; ) {
      assert.ok(Date.now() < deadline, `MQTT is ${status}`);
      const health = (await (await fetch(`${node.url}/api/v1/health`)).json()) as Health;
      status = health.components.mqtt.status;
    }
    const { code, err } = await run('npx', ['xqueue', 'start', '--port', '0', '--redis-addr', '127.0.0.1:1']);
    assert.deepEqual([code, /redis\.addr/.test(err)], [4, true], err);
  });
});

interface Health {
  readonly components: { readonly mqtt: { readonly status: string } };
}

interface StartedNode extends AsyncDisposable {
  readonly url: string;
  /** Everything it has written to standard error. */
  said(): string;
  readonly stop: () => Promise<void>;
}

/** `xqueue start` of the installed package, on a port of its own. */
async function startNode(...flags: readonly string[]): Promise<StartedNode> {
  const node = spawn('npx', ['xqueue', 'start', '--port', '0', ...flags], {
    cwd: folder.path,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  const ended = new Promise((resolve) => node.once('exit', resolve));
  const stop = async (): Promise<void> => {
    if (node.pid !== undefined && node.exitCode === null && node.signalCode === null)
      process.kill(-node.pid, 'SIGTERM');
    await ended;
  };
  const url = await new Promise<string>((resolve, reject) => {
    const tooLate = setTimeout(() => {
      reject(new Error(`It does not say where it listens: ${said}`));
      void stop();
    }, START_MS);
    node.once('exit', () => reject(new Error(`It ended: ${said}`)));
    node.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /(http:\/\/[\d.:]+)\/api\/v1.*\n$/s.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(tooLate);
      resolve(found);
    });
  });
  return { url, said: () => said, stop, [Symbol.asyncDispose]: stop };
}

function readManifest(): object {
  return JSON.parse(readFileSync(join(folder.path, 'package.json'), 'utf8')) as object;
}
