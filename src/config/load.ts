// Reads the configuration of this process: command line, environment, file, defaults.
import { readFileSync } from 'node:fs';
import { type Environment, environmentSource } from './environment.ts';
import { fileSource } from './file.ts';
import { ConfigError } from './problem.ts';
import { type Resolved, resolve, type Source } from './resolve.ts';

export const CONFIG_FILE = 'xqueue.yaml';

export interface LoadOptions {
  /** What the caller says itself (flags, options of a program); wins over everything. */
  readonly first: Source;
  /** File that must exist. Without it `XQUEUE_CONFIG`, else `xqueue.yaml` in the working directory if there is one. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly http?: 'on' | 'off' | 'by role';
}

/** @throws ConfigError */
export function loadConfig({ first, file, env, http }: LoadOptions): Resolved {
  const sources = [first, environmentSource(env, (path) => readFileSync(path, 'utf8'))];
  const named = file ?? env['XQUEUE_CONFIG'];
  const content = readConfigFile(named);
  if (content !== null) sources.push(fileSource(named ?? CONFIG_FILE, content));
  return resolve(sources, http);
}

function readConfigFile(named: string | undefined): string | null {
  try {
    return readFileSync(named ?? CONFIG_FILE, 'utf8');
  } catch (error) {
    if (named === undefined && error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ name: named ?? CONFIG_FILE, source: '', message: `cannot be read: ${reason}` }]);
  }
}
