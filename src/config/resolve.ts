// Puts the sources together: for each setting the first source that names it wins, else the default. Everything that
// is wrong in any source is collected, so that a person mends a configuration in one go.
import type { Config } from './config.ts';
import { crossChecks } from './cross-checks.ts';
import { ConfigError, type Problem } from './problem.ts';
import { camelName, SETTING_PATHS, type SettingPath, settingOf } from './settings.ts';

export interface Given {
  readonly path: SettingPath;
  /** As a person would name it: `flag --server-port`, `xqueue.yaml:3`. */
  readonly source: string;
  readonly given: { readonly text: string } | { readonly value: unknown };
}

export interface Source {
  readonly values: Given[];
  readonly problems: Problem[];
}

export interface ResolvedSetting {
  readonly path: SettingPath;
  /** Secrets are masked. */
  readonly shown: string;
  readonly source: string;
}

export interface Resolved {
  readonly config: Config;
  readonly settings: readonly ResolvedSetting[];
  /** Whether somebody chose the value, or it is the default. */
  readonly origin: (path: SettingPath) => 'chosen' | 'default';
}

/**
 * @param sources strongest first
 * @param http whether this node will serve HTTP: what only matters then is only checked then
 * @throws ConfigError with everything that is wrong
 */
export function resolve(sources: readonly Source[], http: 'on' | 'off' | 'by role' = 'by role'): Resolved {
  const problems = sources.flatMap((source) => source.problems);
  const chosen = new Map<SettingPath, { readonly value: unknown; readonly source: string }>();
  for (const { path, source, given } of sources.flatMap((source) => source.values)) {
    const { kind, secret } = settingOf(path);
    const parsed = 'text' in given ? kind.fromText(given.text) : kind.fromValue(given.value);
    if (parsed.ok) {
      if (!chosen.has(path)) chosen.set(path, { value: parsed.value, source });
    } else {
      const got = secret === 'secret' ? '' : `, got ${quote('text' in given ? given.text : given.value)}`;
      problems.push({ name: path, source, message: `expected ${parsed.expected}${got}` });
    }
  }

  const valueOf = (path: SettingPath): unknown => {
    const hit = chosen.get(path);
    if (hit !== undefined) return hit.value;
    const preset = settingOf(path).default;
    return 'value' in preset ? preset.value : preset.from((other) => valueOf(other as SettingPath));
  };
  const sourceOf = (path: SettingPath) => chosen.get(path)?.source ?? 'default';
  const config = nest(valueOf);
  // A default that stands in for a value that was refused would only produce complaints that are not true.
  if (problems.length === 0) problems.push(...crossChecks(config, sourceOf, http));
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    config,
    settings: SETTING_PATHS.map((path) => ({ path, shown: show(path, valueOf(path)), source: sourceOf(path) })),
    origin: (path) => (chosen.has(path) ? 'chosen' : 'default'),
  };
}

/** `queue.default_timeout` becomes `config.queue.defaultTimeoutMs`. A test compares the names with `Config`. */
function nest(valueOf: (path: SettingPath) => unknown): Config {
  const tree: Record<string, unknown> = {};
  for (const path of SETTING_PATHS) {
    const [head = '', leaf] = camelName(path).split('.');
    const unit = settingOf(path).kind.unit === 'ms' ? 'Ms' : '';
    if (leaf === undefined) tree[head] = valueOf(path);
    else tree[head] = { ...(tree[head] as object | undefined), [leaf + unit]: valueOf(path) };
  }
  return tree as unknown as Config;
}

function show(path: SettingPath, value: unknown): string {
  const { kind, secret } = settingOf(path);
  // Only digests of API keys are stored, so their names can be shown; of a password not even the length.
  if (secret === 'secret' && typeof value === 'string') return value === '' ? '' : '******';
  return withoutPassword(kind.show(value));
}

function quote(value: unknown): string {
  const text = withoutPassword(JSON.stringify(value) ?? String(value));
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** Of `mqtt://user:password@host` only the host is for everybody's eyes. */
function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, '//***@');
}
