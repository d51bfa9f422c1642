// `mqtt.broker: off`: nobody listens, ever. Event streams and waits go on; they do not come this way.
import type { Publisher } from '../../ports/publisher.ts';

export const OFF_PUBLISHER: Publisher = {
  hasAudience: () => false,
  publish: async () => {},
  health: () => ({ status: 'off', detail: 'mqtt.broker is off' }),
  close: async () => {},
};
