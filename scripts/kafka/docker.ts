// The same broker out of Apache's image, for a machine with Docker and without Java.
import { type BrokerSettings, brokerProperties } from './broker-settings.ts';
import { KAFKA_VERSION } from './distribution.ts';

const DATA_IN_CONTAINER = '/tmp/kafka-data';

/** Arguments of `docker`: the broker in the foreground, its data in the folder of the settings. */
export function dockerArguments(settings: BrokerSettings): string[] {
  const { port, dataFolder } = settings;
  const properties: Record<string, string> = {
    ...brokerProperties({ ...settings, dataFolder: DATA_IN_CONTAINER }),
    // Inside, it must listen where Docker hands connections in; what it tells clients stays the loopback.
    listeners: `CLIENT://0.0.0.0:${port},INTERNAL://127.0.0.1:${settings.internalPort},CONTROLLER://127.0.0.1:${settings.controllerPort}`,
  };
  const environment = Object.entries(properties).flatMap(([name, value]) => ['--env', `${variable(name)}=${value}`]);
  const published = ['--publish', `127.0.0.1:${port}:${port}`, '--volume', `${dataFolder}:${DATA_IN_CONTAINER}`];
  return ['run', '--rm', '--interactive', ...published, ...environment, `apache/kafka:${KAFKA_VERSION}`];
}

/** The image's own rule for names. */
function variable(property: string): string {
  return `KAFKA_${property.toUpperCase().replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_')}`;
}
