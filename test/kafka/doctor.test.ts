// What `xqueue doctor` and the start say about a Kafka that would lose tasks.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Logger } from '../../src/ports/logger.ts';
import { emptyFolder, runCommand } from '../e2e/node-process.ts';
import { Installation, startServers } from './scene.ts';

const servers = await startServers();

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
}

const KAFKA = ['--kafka-brokers', servers.kafka.broker];

async function doctor(
  place: Installation,
  args: readonly string[] = KAFKA,
): Promise<{ code: number | null; findings: readonly Finding[] }> {
  const folder = emptyFolder();
  const where = ['--redis-addr', `127.0.0.1:${servers.redis.port}`];
  const ports = ['--server-port', '0', '--mqtt-listen', '', '--kafka-topic', place.topic];
  const { code, out } = await runCommand(folder.path, ['doctor', '-o', 'json', ...where, ...ports, ...args]);
  folder.remove();
  const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
  return { code, findings: findings.filter(({ check }) => check.startsWith('kafka ')) };
}

const create = (name: string, ...configs: string[]): Promise<string> =>
  servers.kafka.tool('topics', '--create', '--topic', name, ...configs.flatMap((config) => ['--config', config]));

void describe('xqueue doctor with Kafka', () => {
  void it('finds nothing wrong before the first start, and makes nothing', async () => {
    await using place = new Installation(servers);
    const { code, findings } = await doctor(place);
    assert.equal(code, 0);
    assert.deepEqual([...new Set(findings.map(({ status }) => status))], ['ok']);
    assert.match(findings.find(({ check }) => check === `kafka topic ${place.topic}`)?.detail ?? '', /first start/);
    assert.doesNotMatch(await servers.kafka.tool('topics', '--list'), new RegExp(place.topic));
  });

  void it('finds nothing wrong with the topics that a start made', async () => {
    await using place = new Installation(servers);
    await place.node();
    const { code, findings } = await doctor(place);
    assert.equal(code, 0);
    assert.deepEqual(
      findings.filter(({ status }) => status !== 'ok'),
      [],
    );
    assert.match(findings.find(({ check }) => check === 'kafka retention')?.detail ?? '', /30 days.*37 days/);
  });

  void it('warns, as the start does, when events do not outlive their tasks', async () => {
    await using place = new Installation(servers);
    await create(place.topic, 'retention.ms=864000000');
    await create(`${place.topic}.events`, 'retention.ms=864000000');
    const { code, findings } = await doctor(place);
    assert.equal(code, 0);
    const retention = findings.find(({ check }) => check === 'kafka retention');
    assert.equal(retention?.status, 'warning');
    assert.match(retention?.detail ?? '', /run it again/);
    const warned: string[] = [];
    const quiet = (): undefined => undefined;
    const log: Logger = {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (text) => void warned.push(text),
      child: () => log,
    };
    await place.node({ log });
    assert.ok(
      warned.some((text) => /run it again/.test(text)),
      warned.join('\n'),
    );
  });

  void it('warns when tasks are forgotten sooner than their ends, or large ones are refused', async () => {
    await using place = new Installation(servers);
    await create(place.topic, 'retention.ms=3600000', 'max.message.bytes=1000000');
    const { findings } = await doctor(place);
    const warnings = findings.filter(({ status }) => status === 'warning').map(({ detail }) => detail);
    assert.match(warnings.join('\n'), /queue\.retention/);
    assert.match(warnings.join('\n'), /max\.message\.bytes is 1000000/);
  });

  void it('says which setting is wrong when Kafka does not let it in', async () => {
    await using place = new Installation(servers);
    const { code, findings } = await doctor(place, [...KAFKA, '--kafka-sasl', 'plain', '--kafka-username', 'nobody']);
    assert.equal(code, 4);
    assert.match(findings.find(({ status }) => status === 'error')?.detail ?? '', /^kafka\.password: /);
    const away = await doctor(place, ['--kafka-brokers', '127.0.0.1:9']);
    assert.equal(away.code, 4);
    assert.match(away.findings[0]?.detail ?? '', /^kafka\.brokers: cannot be reached/);
  });
});
