// The messages that are pushed over MQTT, as their readers may rely on them. docs/asyncapi.yaml is made from these.
import { Type } from 'typebox';
import { TASK_ERROR_CODES, type TaskErrorCode } from '../../domain/errors.ts';
import { CLOSED, Count, Instant, StatusName, TaskId } from './fields.ts';

const ErrorCode = Type.Enum(Object.keys(TASK_ERROR_CODES) as TaskErrorCode[], { type: 'string' });
const TaskType = Type.String({ description: 'Type of the task' });
const Version = Type.Integer({
  minimum: 1,
  description: '+1 with each change of the task. A message with a version that was already seen is a repetition',
});
const Progress = Type.Unknown({
  description: 'As the handler reported it, any JSON; `{ "progress": 0..100, "message": "..." }` by convention',
});

export const StatusMessage = Type.Object(
  {
    task_id: TaskId,
    type: TaskType,
    status: StatusName,
    version: Version,
    timestamp: Instant('When it changed'),
    retry: Count('Retries used so far'),
    worker_id: Type.Optional(Type.String({ description: 'Node that runs or last ran it' })),
    error: Type.Optional(Type.String({ description: 'What went wrong last' })),
    error_code: Type.Optional(ErrorCode),
    progress: Type.Optional(Progress),
    cancel_requested: Type.Optional(Type.Literal(true, { description: 'It runs and was asked to stop' })),
  },
  { ...CLOSED, $id: 'StatusMessage', description: 'A task has changed. What does not apply is left out' },
);

export const ProgressMessage = Type.Object(
  {
    task_id: TaskId,
    type: TaskType,
    progress: Progress,
    version: Version,
    timestamp: Instant('When it was reported'),
  },
  { ...CLOSED, $id: 'ProgressMessage', description: 'A running task has reported progress' },
);

export const PresenceMessage = Type.Object(
  {
    node_id: Type.String({ description: 'Id of the node' }),
    status: Type.Enum(['online', 'offline'], { type: 'string' }),
  },
  {
    ...CLOSED,
    $id: 'PresenceMessage',
    description: 'A node has come, or has gone; its last will says so if it cannot',
  },
);

const eventMembers = {
  specversion: Type.Literal('1.0'),
  id: Type.String({ description: '`<task id>/<version>`: with `source` it names the change for ever' }),
  source: Type.String({ description: '`xqueue/` and the base topic' }),
  subject: TaskId,
  time: Instant('When it changed'),
  traceparent: Type.String({ pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' }),
  datacontenttype: Type.Literal('application/json'),
};

export const StatusEvent = Type.Object(
  { ...eventMembers, type: Type.Literal('xqueue.task.status'), data: StatusMessage },
  { ...CLOSED, $id: 'StatusEvent', description: 'The status message as a CloudEvent 1.0 (`mqtt.format: cloudevents`)' },
);

export const ProgressEvent = Type.Object(
  { ...eventMembers, type: Type.Literal('xqueue.task.progress'), data: ProgressMessage },
  { ...CLOSED, $id: 'ProgressEvent', description: 'The progress message as a CloudEvent 1.0' },
);
