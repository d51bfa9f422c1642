// The MQTT broker. One that is away keeps nobody from starting: tasks do not need it, only those who watch them do.
import type { Config } from '../../config/config.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Finding, textOf } from './finding.ts';
import { whyNotReachable } from './reachable.ts';

const PORTS: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'tcp:': 1883,
  'mqtts:': 8883,
  'ssl:': 8883,
  'ws:': 80,
  'wss:': 443,
};

export async function checkBroker({ mqtt }: Config, clock: Clock): Promise<Finding[]> {
  const check = 'broker';
  if (mqtt.broker === 'off') return [{ check, status: 'ok', detail: 'Off: changes are not pushed over MQTT.' }];
  if (mqtt.broker === 'embedded') return [{ check, status: 'ok', detail: 'In the process of the node.' }];
  const { protocol, hostname, port } = new URL(mqtt.broker);
  const at = port === '' ? (PORTS[protocol] ?? 1883) : Number(port);
  const why = await whyNotReachable(hostname.replace(/^\[|\]$/g, ''), at, clock);
  if (why === null)
    return [{ check, status: 'ok', detail: `Something accepts connections at ${hostname} port ${at}.` }];
  const detail = `mqtt.broker: nothing accepts connections at ${hostname} port ${at} (${textOf(why)}); tasks run, watchers see nothing.`;
  return [{ check, status: 'warning', detail }];
}
