import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import type { Config } from '../../../src/config/config.ts';
import { environmentSource } from '../../../src/config/environment.ts';
import { fileSource } from '../../../src/config/file.ts';
import type { Kind } from '../../../src/config/kinds.ts';
import { optionsSource } from '../../../src/config/options.ts';
import { ConfigError } from '../../../src/config/problem.ts';
import { type Resolved, resolve, type Source } from '../../../src/config/resolve.ts';
import {
  camelName,
  environmentName,
  flagName,
  SETTING_PATHS,
  type SETTINGS,
  type SettingPath,
  settingOf,
} from '../../../src/config/settings.ts';
import { SAMPLES } from './samples.ts';

const environment = (env: Record<string, string>, files: Record<string, string> = {}) =>
  environmentSource(env, (path) => {
    const content = files[path];
    if (content === undefined) throw new Error(`ENOENT ${path}`);
    return content;
  });
const flags = (values: Partial<Record<SettingPath, string>>): Source => ({
  values: Object.entries(values).map(([path, text]) => ({
    path: path as SettingPath,
    source: `flag ${flagName(path)}`,
    given: { text },
  })),
  problems: [],
});
const options = (value: object) => optionsSource(value);

/** What these settings need beside them to be allowed at all. */
const COMPANIONS: Partial<Record<SettingPath, Partial<Record<SettingPath, string>>>> = {
  'kafka.brokers': { 'redis.addr': 'cache:6379' },
  'kafka.sasl': { 'kafka.username': 'queue' },
  'kafka.tls_cert': { 'kafka.tls_key': '/etc/ssl/node.key' },
  'kafka.tls_key': { 'kafka.tls_cert': '/etc/ssl/node.pem' },
};

function valueIn(config: Config, path: SettingPath): unknown {
  const [head = '', leaf] = camelName(path).split('.');
  const tree = config as unknown as Record<string, Record<string, unknown>>;
  const unit = settingOf(path).kind.unit === 'ms' ? 'Ms' : '';
  return leaf === undefined ? tree[head] : tree[head]?.[leaf + unit];
}
const sourceIn = (resolved: Resolved, path: SettingPath) =>
  resolved.settings.find((setting) => setting.path === path)?.source;

function problemsOf(...sources: Source[]): string[] {
  try {
    resolve(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split('\n').slice(1);
  }
  return [];
}

describe('every setting', () => {
  for (const path of SETTING_PATHS) {
    const { text, value, resolved } = SAMPLES[path];
    const companions = flags(COMPANIONS[path] ?? {});

    it(`${path} has a sample that differs from its default`, () => {
      assert.notDeepEqual(resolved, valueIn(resolve([]).config, path));
    });
    it(`${path} can be set by a flag`, () => {
      const result = resolve([flags({ [path]: text }), companions]);
      assert.deepEqual(valueIn(result.config, path), resolved);
      assert.equal(sourceIn(result, path), `flag ${flagName(path)}`);
      assert.equal(result.origin(path), 'chosen');
    });
    it(`${path} can be set in the environment`, () => {
      const result = resolve([environment({ [environmentName(path)]: text }), companions]);
      assert.deepEqual(valueIn(result.config, path), resolved);
      assert.equal(sourceIn(result, path), `environment ${environmentName(path)}`);
    });
    it(`${path} can be set in the file`, () => {
      const [head = '', leaf] = path.split('.');
      const yaml = stringify(leaf === undefined ? { [head]: value } : { [head]: { [leaf]: value } });
      const result = resolve([fileSource('xqueue.yaml', yaml), companions]);
      assert.deepEqual(valueIn(result.config, path), resolved);
      assert.equal(sourceIn(result, path), `xqueue.yaml:${leaf === undefined ? 1 : 2}`);
    });
    it(`${path} can be set by a program`, () => {
      const [head = '', leaf] = camelName(path).split('.');
      const result = resolve([
        options(leaf === undefined ? { [head]: value } : { [head]: { [leaf]: value } }),
        companions,
      ]);
      assert.deepEqual(valueIn(result.config, path), resolved);
      assert.equal(sourceIn(result, path), 'option');
    });
    if (settingOf(path).secret === 'secret') {
      it(`${path} can be read from a file that the environment names, without its last line break`, () => {
        const result = resolve([
          environment({ [`${environmentName(path)}_FILE`]: '/run/s' }, { '/run/s': `${text}\n` }),
        ]);
        assert.deepEqual(valueIn(result.config, path), resolved);
      });
    }
  }

  it('has its own environment variable and flag', () => {
    assert.equal(new Set(SETTING_PATHS.map(environmentName)).size, SETTING_PATHS.length);
    assert.equal(new Set(SETTING_PATHS.map(flagName)).size, SETTING_PATHS.length);
  });
});

describe('the strongest source wins', () => {
  const file = fileSource('xqueue.yaml', 'server: { port: 1 }\n');
  const env = environment({ XQUEUE_SERVER_PORT: '2' });
  it('flag before environment before file before default', () => {
    assert.equal(resolve([flags({ 'server.port': '3' }), env, file]).config.server.port, 3);
    assert.equal(resolve([env, file]).config.server.port, 2);
    assert.equal(resolve([file]).config.server.port, 1);
    assert.equal(resolve([]).config.server.port, 8080);
  });
  it('also when the strongest sets the default again', () => {
    const result = resolve([flags({ 'server.port': '8080' }), env]);
    assert.equal(result.config.server.port, 8080);
    assert.equal(result.origin('server.port'), 'chosen');
  });
  it('an undefined option does not erase what a weaker source says', () => {
    assert.equal(resolve([options({ server: { port: undefined } }), env]).config.server.port, 2);
    assert.equal(resolve([options({ server: undefined }), env]).config.server.port, 2);
  });
  it('an empty value in the file says nothing', () => {
    const result = resolve([fileSource('xqueue.yaml', 'redis:\n  addr:\nqueue:\n')]);
    assert.equal(result.config.redis.addr, null);
  });
});

describe('defaults that follow from other settings', () => {
  it('a lease is three heartbeats', () => {
    assert.equal(resolve([]).config.queue.leaseMs, 90_000);
    assert.equal(resolve([flags({ 'queue.heartbeat_interval': '2s' })]).config.queue.leaseMs, 6000);
  });
  it('the redis store without an address is the local one', () => {
    assert.equal(resolve([flags({ store: 'redis' })]).config.redis.addr, 'localhost:6379');
    assert.equal(resolve([]).config.redis.addr, null);
  });
});

describe('a configuration that cannot be used', () => {
  it('is refused with one message that lists every problem and its source', () => {
    const message = problemsOf(
      flags({ 'server.port': 'eighty' }),
      environment({ XQUEUE_QUEUE_LEASE: 'soon', XQUEUE_REDIS_ADRR: 'x:1' }),
      fileSource('xqueue.yaml', 'server:\n  prot: 1\nqueue: 3\nlog:\n  level: loud\n'),
    );
    assert.deepEqual(message, [
      '  XQUEUE_REDIS_ADRR (environment): is no setting; did you mean XQUEUE_REDIS_ADDR?',
      '  server.prot (xqueue.yaml:2): unknown setting; did you mean server.port?',
      '  queue (xqueue.yaml:3): expected a section with settings',
      '  server.port (flag --server-port): expected a whole number from 0 to 65535, got "eighty"',
      '  queue.lease (environment XQUEUE_QUEUE_LEASE): expected a duration such as "30s", "5m" or a number of seconds, got "soon"',
      '  log.level (xqueue.yaml:5): expected one of debug, info, warn, error, silent, got "loud"',
    ]);
  });
  it('names a setting whose section was forgotten, and a camelCase one', () => {
    assert.match(problemsOf(fileSource('f', 'max_concurrency: 3'))[0] ?? '', /did you mean queue\.max_concurrency\?/);
    assert.match(problemsOf(fileSource('f', 'queue: { maxConcurrency: 3 }'))[0] ?? '', /queue\.max_concurrency\?/);
    assert.match(
      problemsOf(options({ queue: { max_concurrency: 3 } }))[0] ?? '',
      /did you mean queue\.maxConcurrency\?/,
    );
  });
  it('a wrong value is reported even where a stronger source overrides it', () => {
    const problems = problemsOf(flags({ 'server.port': '1' }), environment({ XQUEUE_SERVER_PORT: 'x' }));
    assert.equal(problems.length, 1);
  });
  it('never shows a secret, not even a wrong one', () => {
    const problems = problemsOf(fileSource('f', 'redis: { password: 31415926 }\nauth: { keys: "hunter2" }'));
    assert.equal(problems.length, 2);
    assert.doesNotMatch(problems.join(), /31415926|hunter2/);
    assert.doesNotMatch(problemsOf(flags({ 'mqtt.broker': 'http://u:hunter2@h' })).join(), /hunter2/);
  });
  it('says where the file is not YAML', () => {
    assert.match(problemsOf(fileSource('xqueue.yaml', 'server:\n  port: [1\n')).join(), /xqueue\.yaml: .*line 3/);
    assert.match(problemsOf(fileSource('xqueue.yaml', 'a: 1\na: 2\n')).join(), /unique/i);
    assert.match(problemsOf(fileSource('xqueue.yaml', '- a\n')).join(), /expected sections/);
  });
  it('a secret by value and by file is a contradiction, a file that is missing a problem', () => {
    const both = { XQUEUE_REDIS_PASSWORD: 'a', XQUEUE_REDIS_PASSWORD_FILE: '/f' };
    assert.match(problemsOf(environment(both)).join(), /given twice/);
    assert.match(problemsOf(environment({ XQUEUE_MQTT_PASSWORD_FILE: '/none' })).join(), /cannot be read: ENOENT/);
    assert.match(problemsOf(environment({ XQUEUE_SERVER_PORT_FILE: '/f' })).join(), /is no setting/);
  });

  const refused: readonly [Partial<Record<SettingPath, string>>, RegExp][] = [
    [{ 'queue.lease': '30s' }, /queue\.lease .*longer than queue\.heartbeat_interval \(30s\), is 30s/],
    [{ 'queue.heartbeat_interval': '2m', 'queue.lease': '90s' }, /queue\.lease/],
    [{ 'redis.sentinel': 'm@h:1', 'redis.cluster': 'true' }, /redis\.cluster .*together with redis\.sentinel/],
    [{ 'redis.sentinel': 'm@h:1', 'redis.addr': 'h:1' }, /redis\.addr .*together with redis\.sentinel/],
    [{ 'redis.pool_size': '1' }, /redis\.min_idle_conns/],
    [{ 'kafka.brokers': 'h:9092' }, /kafka\.brokers .*needs the Redis store/],
    [{ 'server.host': '0.0.0.0' }, /server\.host .*xqueue auth new-key/],
    [{ 'server.host': '::' }, /server\.host/],
    [{ 'server.host': 'queue.example.com' }, /server\.host/],
    [{ 'mqtt.listen': '0.0.0.0:1883' }, /mqtt\.listen .*other machines/],
    [{ 'server.port': '65536' }, /0 to 65535/],
    [{ 'server.port': '' }, /whole number/],
    [{ 'redis.addr': 'localhost' }, /host:port/],
    [{ 'redis.addr': 'localhost:99999' }, /host:port/],
    [{ 'mqtt.qos': '3' }, /one of 0, 1, 2/],
    [{ 'mqtt.topic': 'task/#' }, /topic/],
    [{ 'mqtt.broker': 'http://x' }, /embedded, off/],
    [{ 'queue.retention': '999999d' }, /from 0s to 36525d/],
    [{ 'auth.keys': '[{"name":"a","sha256":"00","scopes":["read"]}]' }, /64 hex digits/],
    [{ 'auth.keys': `[{"name":"a","sha256":"${'0'.repeat(64)}","scopes":["admin"]}]` }, /read, submit, operate/],
  ];
  for (const [given, message] of refused) {
    it(`refuses ${JSON.stringify(given)}`, () => assert.match(problemsOf(flags(given)).join('\n'), message));
  }

  it('a public address is fine with keys, with server.insecure, or where no HTTP is served', () => {
    const open = { 'server.host': '0.0.0.0' } as const;
    assert.deepEqual(problemsOf(flags({ ...open, 'auth.keys': SAMPLES['auth.keys'].text })), []);
    assert.deepEqual(problemsOf(flags({ ...open, 'server.insecure': 'true' })), []);
    assert.deepEqual(problemsOf(flags({ ...open, 'node.role': 'worker' })), []);
  });
});

describe('the environment of a container', () => {
  it('may hold the addresses Kubernetes injects for services named like the product', () => {
    const injected = {
      XQUEUE_SERVICE_HOST: '10.0.0.1',
      XQUEUE_SERVICE_PORT: '8080',
      XQUEUE_SERVICE_PORT_HTTP: '8080',
      XQUEUE_PORT: 'tcp://10.0.0.1:8080',
      XQUEUE_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      XQUEUE_PORT_8080_TCP_ADDR: '10.0.0.1',
      XQUEUE_SERVER_SERVICE_HOST: '10.0.0.2',
      XQUEUE_SERVER_PORT: 'tcp://10.0.0.2:8080',
      XQUEUE_SERVER_PORT_8080_TCP_PORT: '8080',
    };
    assert.equal(resolve([environment(injected)]).config.server.port, 8080);
    assert.equal(resolve([environment({ ...injected, XQUEUE_SERVER_PORT: '9000' })]).config.server.port, 9000);
    assert.equal(problemsOf(environment({ XQUEUE_PORT: '9000' })).length, 1);
  });
  it('may hold the variables of the command line client', () => {
    assert.deepEqual(problemsOf(environment({ XQUEUE_URL: 'http://x', XQUEUE_API_KEY: 'k', XQUEUE_CONFIG: 'f' })), []);
  });
});

describe('what is shown', () => {
  it('masks passwords and names API keys only', () => {
    const { settings } = resolve([
      flags({
        'redis.password': 'hunter2',
        'auth.keys': SAMPLES['auth.keys'].text,
        'mqtt.broker': 'mqtt://u:hunter2@h:1',
      }),
    ]);
    const shown = Object.fromEntries(settings.map((setting) => [setting.path, setting.shown]));
    assert.equal(shown['redis.password'], '******');
    assert.equal(shown['auth.keys'], 'ci (read, submit)');
    assert.equal(shown['mqtt.broker'], 'mqtt://***@h:1');
    assert.doesNotMatch(JSON.stringify(settings), /hunter2|abab/);
  });
});

// `Config` is written by hand for its readers. The compiler holds that it says what the table says.
type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type ValueOf<Path extends SettingPath> =
  (typeof SETTINGS)[Path]['kind'] extends Kind<infer Value, infer _Input> ? Value : never;
/** Only durations take both text and numbers and end as a number. */
type Unit<Path extends SettingPath> =
  (typeof SETTINGS)[Path]['kind'] extends Kind<infer Value, infer Input>
    ? number extends Value
      ? string extends Input
        ? 'Ms'
        : ''
      : ''
    : never;
type FromTable = {
  readonly [Head in keyof Config]: Head extends SettingPath
    ? ValueOf<Head>
    : {
        readonly [Path in SettingPath as Path extends `${Head}.${infer Leaf}`
          ? `${Camel<Leaf>}${Unit<Path>}`
          : never]: ValueOf<Path>;
      };
};
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? 'same' : never) : never;

it('Config has exactly the names and types of the table', () => {
  const compiled: Same<FromTable, Config> = 'same';
  assert.equal(compiled, 'same');
});
