// Where changes can be followed live.
import { type Static, Type } from 'typebox';
import { CLOSED } from './fields.ts';
import { ComponentAnswer } from './operations.ts';

export const PushAnswer = Type.Object(
  {
    mqtt: Type.Object(
      {
        status: ComponentAnswer.properties.status,
        path: Type.String({ description: 'MQTT over WebSocket on the HTTP port, subprotocol `mqtt`' }),
        topic: Type.String({ description: 'Status changes: `<topic>/<task id>` and `<topic>/status/<status>`' }),
        progress_topic: Type.String({ description: 'Progress: `<topic>/<task id>`' }),
      },
      CLOSED,
    ),
    events: Type.String({ description: 'The same as server-sent events' }),
  },
  { ...CLOSED, $id: 'Push' },
);
export type PushAnswer = Static<typeof PushAnswer>;
