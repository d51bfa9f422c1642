// Settings from the environment: `XQUEUE_` + path in upper case, `_` for `.`; secrets also from a file (`..._FILE`).
import { nearestName } from '../domain/nearest-name.ts';
import type { Source } from './resolve.ts';
import { environmentName, SETTING_PATHS, type SettingPath, settingOf } from './settings.ts';

/** Variables of the product that are no settings: where the file is, and how the command line reaches a server. */
export const OTHER_VARIABLES = ['XQUEUE_CONFIG', 'XQUEUE_URL', 'XQUEUE_API_KEY'] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/** @param readFile reads the file a `..._FILE` variable names; throws when it cannot */
export function environmentSource(env: Environment, readFile: (path: string) => string): Source {
  const pathOf = new Map<string, SettingPath>(SETTING_PATHS.map((path) => [environmentName(path), path]));
  const source: Source = { values: [], problems: [] };
  const injected = kubernetesNames(env);
  for (const [name, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith('XQUEUE_') || text === undefined) continue;
    const from = `environment ${name}`;
    const path = pathOf.get(name);
    const secretPath = secretNamed(name, pathOf);
    if (injected(name, text) || OTHER_VARIABLES.some((known) => known === name)) continue;
    if (path !== undefined) {
      source.values.push({ path, source: from, given: { text } });
    } else if (secretPath !== undefined) {
      if (env[name.slice(0, -'_FILE'.length)] !== undefined) {
        source.problems.push({ name: secretPath, source: from, message: 'is given twice, by value and by file' });
        continue;
      }
      try {
        // Files made by `echo` and by secret stores end in a line break that belongs to nobody's password.
        const content = readFile(text).replace(/\r?\n$/, '');
        source.values.push({ path: secretPath, source: `${from} ${text}`, given: { text: content } });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        source.problems.push({ name: secretPath, source: from, message: `the file cannot be read: ${reason}` });
      }
    } else {
      const meant = nearestName(name, [...pathOf.keys(), ...OTHER_VARIABLES]);
      const hint = meant === null ? '`xqueue config show` lists all' : `did you mean ${meant}?`;
      source.problems.push({ name, source: 'environment', message: `is no setting; ${hint}` });
    }
  }
  return source;
}

function secretNamed(name: string, pathOf: ReadonlyMap<string, SettingPath>): SettingPath | undefined {
  const path = name.endsWith('_FILE') ? pathOf.get(name.slice(0, -'_FILE'.length)) : undefined;
  return path !== undefined && settingOf(path).secret === 'secret' ? path : undefined;
}

/**
 * Kubernetes puts the addresses of its services into every container: beside a service named `xqueue-server` each
 * pod finds `XQUEUE_SERVER_PORT=tcp://10.0.0.1:8080`. That is nobody's setting and must not stop the start.
 */
function kubernetesNames(env: Environment): (name: string, text: string) => boolean {
  const services = Object.keys(env).flatMap((name) => /^(XQUEUE\w*)_SERVICE_HOST$/.exec(name)?.[1] ?? []);
  return (name, text) =>
    services.some(
      (service) =>
        name.startsWith(`${service}_SERVICE_`) ||
        (name === `${service}_PORT` && /^\w+:\/\//.test(text)) ||
        (name.startsWith(`${service}_PORT_`) && /_PORT_\d+_(TCP|UDP|SCTP)/.test(name)),
    );
}
