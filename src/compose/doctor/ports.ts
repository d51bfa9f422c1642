// Whether the ports a node would listen on are free. A port that XQueue itself has is no fault: most likely it runs.
import { createServer } from 'node:net';
import type { Config } from '../../config/config.ts';
import { servesHttp } from '../../config/cross-checks.ts';
import { parseHostPort, urlHost } from '../../config/host-port.ts';
import type { Resolved } from '../../config/resolve.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Finding, textOf } from './finding.ts';

const ANSWER_MS = 2000;

export async function checkPorts(config: Config, origin: Resolved['origin'], clock: Clock): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (servesHttp(config)) findings.push(await httpPort(config.server, clock));
  const mqtt = config.mqtt.broker === 'embedded' ? parseHostPort(config.mqtt.listen) : null;
  if (mqtt !== null) findings.push(await mqttPort(mqtt, origin('mqtt.listen')));
  return findings;
}

async function httpPort({ host, port }: Config['server'], clock: Clock): Promise<Finding> {
  const check = 'http port';
  const fault = await listenFault(host, port);
  if (fault === null) return { check, status: 'ok', detail: `${host}:${port} is free.` };
  if (fault.code === 'EADDRINUSE' && (await isXQueue(`http://${urlHost(host)}:${port}`, clock))) {
    return { check, status: 'warning', detail: `${host}:${port} is taken by an XQueue that runs.` };
  }
  return { check, status: 'error', detail: `server.port: cannot listen on ${host}:${port}: ${textOf(fault)}` };
}

/** A default port that is taken is no fault: the broker takes the next one. */
async function mqttPort(
  { host, port }: { readonly host: string; readonly port: number },
  origin: 'chosen' | 'default',
): Promise<Finding> {
  const check = 'mqtt port';
  const fault = await listenFault(host, port);
  if (fault === null) return { check, status: 'ok', detail: `${host}:${port} is free.` };
  const detail = `mqtt.listen: cannot listen on ${host}:${port}: ${textOf(fault)}`;
  if (origin === 'chosen' || fault.code !== 'EADDRINUSE') return { check, status: 'error', detail };
  return {
    check,
    status: 'warning',
    detail: `${host}:${port} is taken; the embedded broker takes the next free port.`,
  };
}

function listenFault(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

async function isXQueue(url: string, clock: Clock): Promise<boolean> {
  const late = new AbortController();
  const timer = clock.after(ANSWER_MS, () => late.abort());
  try {
    const response = await fetch(`${url}/livez`, { signal: late.signal });
    return response.ok && ((await response.json()) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  } finally {
    timer.cancel();
  }
}
