// docs/asyncapi.yaml: what is pushed over MQTT, for people and for code generators. Schemas and topics come from the code.
import type { TSchema } from 'typebox';
import { stringify } from 'yaml';
import { type Default, SETTINGS } from '../../src/config/settings.ts';
import { STATUSES } from '../../src/domain/task.ts';
import { CLOUD_EVENTS_MEDIA } from '../../src/protocol/cloud-events.ts';
import { messageOf, type TaskChangeEvent } from '../../src/protocol/push-messages.ts';
import { pushedMessages } from '../../src/protocol/pushed-messages.ts';
import {
  PresenceMessage,
  ProgressEvent,
  ProgressMessage,
  StatusEvent,
  StatusMessage,
} from '../../src/protocol/schemas/pushed-messages.ts';
import { progressBase } from '../../src/protocol/topics.ts';

const BASE = valueOf(SETTINGS['mqtt.topic'].default);
const QOS = valueOf(SETTINGS['mqtt.qos'].default);
const EXPIRY_SECONDS = valueOf(SETTINGS['mqtt.progress_expiry'].default) / 1000;
const BINDING = { mqtt: { bindingVersion: '0.2.0' } };

const HEADER = `# Made by \`npm run generate\` from src/protocol/schemas/pushed-messages.ts; changes here are overwritten.
`;

const change: TaskChangeEvent = {
  kind: 'status',
  taskId: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
  type: 'send_mail',
  status: 'success',
  version: 4,
  at: Date.UTC(2026, 10, 22, 18, 30),
  retry: 0,
  workerId: 'host-4711-k3j9x1',
  error: null,
  errorCode: null,
  progress: '{"progress":100,"message":"sent"}',
  cancelRequested: false,
};
const report: TaskChangeEvent = { ...change, kind: 'progress', status: 'processing', version: 3 };

const taskIdParameter = { taskId: { description: 'Id of the task: a UUIDv7 in lower-case hex' } };

interface MessageShape {
  readonly name: string;
  readonly title: string;
  readonly schema: TSchema;
  readonly example: unknown;
  readonly contentType?: string;
}

function message({ name, title, example, contentType = 'application/json' }: MessageShape) {
  return {
    name,
    title,
    contentType,
    payload: { $ref: `#/components/schemas/${name}` },
    examples: [{ payload: example }],
    bindings: BINDING,
  };
}

function channel(address: string, description: string, names: readonly string[], parameters: object) {
  const messages = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
  return { address, description, messages, parameters };
}

/** `retain`: the broker keeps the last message for who subscribes later. */
function sends(name: string, summary: string, retain: boolean, names: readonly string[]) {
  return {
    action: 'send',
    summary,
    channel: { $ref: `#/channels/${name}` },
    messages: names.map((message) => ({ $ref: `#/channels/${name}/messages/${message}` })),
    bindings: { mqtt: { qos: QOS, retain, bindingVersion: '0.2.0' } },
  };
}

export function asyncApiDoc(version: string): string {
  const wrapped = pushedMessages({ base: BASE, format: 'cloudevents', progressExpiryMs: 0 });
  const eventOf = (event: TaskChangeEvent): unknown => JSON.parse(wrapped(event)[0]?.payload ?? 'null');
  const shapes: readonly MessageShape[] = [
    {
      name: 'StatusMessage',
      title: 'A task has changed',
      schema: StatusMessage,
      example: JSON.parse(messageOf(change)),
    },
    {
      name: 'ProgressMessage',
      title: 'A task reports progress',
      schema: ProgressMessage,
      example: JSON.parse(messageOf(report)),
    },
    {
      name: 'PresenceMessage',
      title: 'A node has come or gone',
      schema: PresenceMessage,
      example: { node_id: 'n-1', status: 'online' },
    },
    {
      name: 'StatusEvent',
      title: 'A task has changed, as a CloudEvent',
      schema: StatusEvent,
      example: eventOf(change),
      contentType: CLOUD_EVENTS_MEDIA,
    },
    {
      name: 'ProgressEvent',
      title: 'A task reports progress, as a CloudEvent',
      schema: ProgressEvent,
      example: eventOf(report),
      contentType: CLOUD_EVENTS_MEDIA,
    },
  ];
  const status = ['StatusMessage', 'StatusEvent'];
  const progress = ['ProgressMessage', 'ProgressEvent'];
  const presence = ['PresenceMessage'];
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'XQueue live messages',
      version,
      license: { name: 'MIT' },
      description: `Every change of every task, over MQTT. At least once, per task in the order of \`version\`.\n\nTopics are those of the default \`mqtt.topic\`, \`${BASE}\`. Messages are JSON, or CloudEvents with \`mqtt.format: cloudevents\`. Clients may only subscribe; a publish below these topics is refused.\n\nBrokers of MQTT 5 also get the user property \`traceparent\` (trace id: the task's id without dashes) with each message, and a message expiry of \`mqtt.progress_expiry\` (${EXPIRY_SECONDS} s) with progress.`,
    },
    defaultContentType: 'application/json',
    servers: {
      embedded: {
        host: valueOf(SETTINGS['mqtt.listen'].default),
        protocol: 'mqtt',
        protocolVersion: '3.1.1',
        description: 'The broker inside XQueue (`mqtt.listen`). With API keys: any user name, the key as password',
      },
      webSocket: {
        host: `${valueOf(SETTINGS['server.host'].default)}:${valueOf(SETTINGS['server.port'].default)}`,
        pathname: '/mqtt',
        protocol: 'ws',
        description: 'MQTT over WebSocket on the HTTP port, subprotocol `mqtt`, with either broker',
      },
      external: {
        host: '{host}',
        protocol: 'mqtt',
        description: 'A broker of your own (`mqtt.broker`), MQTT 5 or 3.1.1',
        variables: { host: { description: 'Host and port of the broker', default: 'localhost:1883' } },
      },
    },
    channels: {
      taskStatus: channel(`${BASE}/{taskId}`, 'Every status change of one task.', status, taskIdParameter),
      statusByName: channel(`${BASE}/status/{status}`, 'The same messages, by the new status.', status, {
        status: { description: 'The status the task has now', enum: [...STATUSES] },
      }),
      taskProgress: channel(`${progressBase(BASE)}/{taskId}`, 'Progress of one task.', progress, taskIdParameter),
      nodePresence: channel(`${BASE}/nodes/{nodeId}`, 'Which nodes are there; external broker only.', presence, {
        nodeId: { description: 'Id of the node; what has a meaning in topics is replaced by `_`' },
      }),
    },
    operations: {
      sendTaskStatus: sends('taskStatus', 'Says that a task has changed', false, status),
      sendStatusByName: sends('statusByName', 'Says it again, by status', false, status),
      sendTaskProgress: sends('taskProgress', 'Says how far a task is', false, progress),
      sendNodePresence: sends('nodePresence', 'Says that a node has come or gone', true, presence),
    },
    components: {
      messages: Object.fromEntries(shapes.map((shape) => [shape.name, message(shape)])),
      schemas: Object.fromEntries(shapes.map(({ name, schema }) => [name, plain(schema)])),
    },
  };
  return HEADER + stringify(document, { lineWidth: 120, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}

function valueOf<T>(preset: Default<T>): T {
  if ('value' in preset) return preset.value;
  throw new Error(`a default that follows from others has no place in this document: ${preset.says}`);
}

/** Without what is ours alone: `$id` would be a base address for the references inside, `x-must` are words of ours. */
function plain(schema: TSchema): unknown {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => (key === '$id' || key === 'x-must' ? undefined : value)),
  );
}
