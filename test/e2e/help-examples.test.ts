// Every example in the help of every command, run by a shell as a person would paste it, beside a real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { KafkaServer } from '../kafka-server.ts';
import { RedisServer } from '../redis-server.ts';
import { leaves } from '../unit/cli/command-tree.ts';
import { emptyFolder, type NodeProcess, startNode } from './node-process.ts';

const BIN = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
const DEADLINE_MS = 60_000;
const folder = emptyFolder();
const bin = join(folder.path, 'bin');
/** Where the examples that want Redis and Kafka find them configured. */
const large = join(folder.path, 'large');
let node: NodeProcess;
let redis: RedisServer;
let kafka: KafkaServer;
before(async () => {
  mkdirSync(bin);
  mkdirSync(large);
  // Outside a terminal npm puts `xqueue` on the path; here this does.
  writeFileSync(join(bin, 'xqueue'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(join(bin, 'xqueue'), 0o755);
  [node, redis, kafka] = await Promise.all([startNode(folder.path), RedisServer.start(), KafkaServer.start()]);
  const config = { redis: { addr: `${redis.host}:${redis.port}` }, kafka: { brokers: [kafka.broker] } };
  writeFileSync(join(large, 'xqueue.yaml'), JSON.stringify(config));
});
after(async () => {
  node.signal('SIGTERM');
  await Promise.all([node.ended, redis.stop(), kafka.stop()]);
  folder.remove();
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param until ends the command with SIGTERM once standard error matches */
function shell(line: string, cwd: string, until?: RegExp): Promise<Ran> {
  const url = node.url.replace('/api/v1', '');
  const child = spawn('bash', ['-c', until === undefined ? line : `exec ${line}`], {
    cwd,
    env: { PATH: `${bin}${delimiter}${process.env['PATH']}`, HOME: folder.path, XQUEUE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  let isTold = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    if (isTold || !until?.test(err)) return;
    isTold = true;
    child.kill('SIGTERM');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, out, err });
    });
  });
}

/** Ports of the examples may be taken on the machine that runs the tests, and its servers are elsewhere. */
const anyPort = (line: string): string =>
  line
    .replaceAll(/--port \d+/g, '--port 0')
    .replaceAll('localhost:6379', `${redis.host}:${redis.port}`)
    .replaceAll('localhost:9092', kafka.broker);

describe('the example', () => {
  for (const { path, examples } of leaves()) {
    for (const example of examples) {
      it(`$ ${example}`, async () => {
        const startsNode = ['start', 'server', 'worker'].includes(path);
        const cwd = path === 'rebuild' ? large : folder.path;
        const { code, out, err } = await shell(anyPort(example), cwd, startsNode ? /runs as node/ : undefined);
        assert.equal(code, 0, err + out);
        const isSilent = startsNode || /^(completion|concurrency (set|unset|list))/.test(path);
        if (!isSilent) assert.notEqual(out, '');
      });
    }
  }
});
