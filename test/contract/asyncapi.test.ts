// docs/asyncapi.yaml against what is really published: every message fits its schema, every topic has its channel, and the
// document hangs together.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Compile } from 'typebox/schema';
import { parse } from 'yaml';
import { presenceMessage, presenceTopic } from '../../src/adapters/mqtt/node-presence.ts';
import { TASK_ERROR_CODES, type TaskErrorCode } from '../../src/domain/errors.ts';
import { STATUSES } from '../../src/domain/task.ts';
import type { TaskChangeEvent } from '../../src/protocol/push-messages.ts';
import { type PushFormat, pushedMessages } from '../../src/protocol/pushed-messages.ts';

interface Ref {
  readonly $ref: string;
}
interface Channel {
  readonly address: string;
  readonly messages: Readonly<Record<string, Ref>>;
  readonly parameters: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
}
interface Message {
  readonly contentType: string;
  readonly payload: Ref;
  readonly examples: readonly { readonly payload: unknown }[];
}
interface AsyncApi {
  readonly asyncapi: string;
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<
    Record<string, { readonly action: string; readonly channel: Ref; readonly messages: readonly Ref[] }>
  >;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

const file = new URL('../../docs/asyncapi.yaml', import.meta.url);
const document = parse(readFileSync(file, 'utf8')) as AsyncApi;

function resolve(ref: string): unknown {
  const steps = ref.replace(/^#\//, '').split('/');
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
}

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  );
}

/** The channel a topic belongs to: the most literal one, as `status` is no task id. */
function channelOf(topic: string): Channel {
  const fits = Object.values(document.channels).filter(({ address, parameters }) => {
    const pattern = address.replace(/\{(\w+)\}/g, (_, name: string) => {
      const words = parameters[name]?.enum;
      return words === undefined ? '[^/]+' : `(?:${words.join('|')})`;
    });
    return new RegExp(`^${pattern}$`).test(topic);
  });
  return fits.length === 1 && fits[0] !== undefined ? fits[0] : assert.fail(`${topic} fits ${fits.length} channels`);
}

/** Names of the messages of the channel whose schema takes the payload. */
function fitting(topic: string, payload: string): string[] {
  return Object.keys(channelOf(topic).messages).filter((name) =>
    Compile(document.components.schemas[name] ?? assert.fail(name)).Check(JSON.parse(payload)),
  );
}

const bare: TaskChangeEvent = {
  kind: 'status',
  taskId: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
  type: 'mail',
  status: 'pending',
  version: 1,
  at: 0,
  retry: 0,
  workerId: null,
  error: null,
  errorCode: null,
  progress: null,
  cancelRequested: false,
};
const full = {
  ...bare,
  version: 9,
  workerId: 'n',
  error: '"\n',
  progress: '{"progress":[1,null,"x"]}',
  cancelRequested: true,
};
const changes: readonly TaskChangeEvent[] = [
  bare,
  ...STATUSES.map((status) => ({ ...full, status })),
  ...(Object.keys(TASK_ERROR_CODES) as TaskErrorCode[]).map((errorCode) => ({ ...full, errorCode })),
  { ...full, kind: 'progress' },
  { ...full, kind: 'progress', progress: 'null' },
];

for (const [format, suffix] of [
  ['json', 'Message'],
  ['cloudevents', 'Event'],
] as const satisfies readonly (readonly [PushFormat, string])[]) {
  test(`every message that is published as ${format} fits the schema of its channel, and only that one`, () => {
    const messages = pushedMessages({ base: 'task/status', format, progressExpiryMs: 0 });
    for (const change of changes) {
      const name = `${change.kind === 'status' ? 'Status' : 'Progress'}${suffix}`;
      for (const { topic, payload, contentType } of messages(change)) {
        assert.deepEqual(fitting(topic, payload), [name], payload);
        assert.equal(document.components.messages[name]?.contentType, contentType ?? 'application/json');
      }
    }
  });
}

test('the presence of a node fits its channel', () => {
  for (const status of ['online', 'offline'] as const) {
    const topic = presenceTopic('task/status', 'host-1');
    assert.deepEqual(fitting(topic, presenceMessage('host-1', status)), ['PresenceMessage']);
  }
});

test('a message that lacks a member, or has one too many, fits nothing', () => {
  const topic = `task/status/${bare.taskId}`;
  const [message] = pushedMessages({ base: 'task/status', format: 'json', progressExpiryMs: 0 })(bare);
  const good = JSON.parse(message?.payload ?? '') as Record<string, unknown>;
  for (const name of Object.keys(good)) {
    const { [name]: _, ...rest } = good;
    assert.deepEqual(fitting(topic, JSON.stringify(rest)), [], name);
  }
  assert.deepEqual(fitting(topic, JSON.stringify({ ...good, secret: 1 })), []);
});

test('it is AsyncAPI 3, every reference leads somewhere, every place in an address is described, every example fits', () => {
  assert.match(document.asyncapi, /^3\.\d\.\d$/);
  const refs = refsIn(document);
  assert.ok(refs.length > 20);
  for (const ref of refs) assert.notEqual(resolve(ref), undefined, ref);
  for (const { address, parameters } of Object.values(document.channels)) {
    const places = [...address.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.deepEqual(places, Object.keys(parameters), address);
  }
  for (const [name, { examples }] of Object.entries(document.components.messages)) {
    const schema = Compile(document.components.schemas[name] ?? assert.fail(name));
    assert.ok(examples.length > 0, name);
    for (const { payload } of examples) assert.ok(schema.Check(payload), JSON.stringify(payload));
  }
});

test('each channel is sent to by one operation, with all its messages', () => {
  const sent = Object.values(document.operations).map(({ action, channel, messages }) => {
    assert.equal(action, 'send');
    return [channel.$ref, messages.map(({ $ref }) => $ref)] as const;
  });
  const expected = Object.entries(document.channels).map(
    ([name, { messages }]) =>
      [`#/channels/${name}`, Object.keys(messages).map((message) => `#/channels/${name}/messages/${message}`)] as const,
  );
  assert.deepEqual(sent, expected);
});
