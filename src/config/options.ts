// Settings from a program: the nested object `TaskManager.start` takes, in camelCase. Its type follows the table.
import { unknownSetting } from './file.ts';
import type { Kind } from './kinds.ts';
import type { Source } from './resolve.ts';
import { camelName, SETTING_PATHS, type SETTINGS, type SettingPath } from './settings.ts';

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type InputOf<Path extends SettingPath> =
  (typeof SETTINGS)[Path]['kind'] extends Kind<infer _Value, infer Input> ? Input : never;
type Section = SettingPath extends infer Path ? (Path extends `${infer Head}.${string}` ? Head : never) : never;
type LeavesOf<Head extends string> = {
  readonly [Path in SettingPath as Path extends `${Head}.${infer Leaf}` ? Camel<Leaf> : never]?:
    | InputOf<Path>
    | undefined;
};

/** The settings of docs/config.md, nested and in camelCase. Durations as `"30s"` or seconds. */
export type Options = { readonly [Head in Section]?: LeavesOf<Head> | undefined } & {
  readonly [Path in SettingPath as Path extends `${string}.${string}` ? never : Camel<Path>]?:
    | InputOf<Path>
    | undefined;
};

/** `undefined` is the same as left out. */
export function optionsSource(options: Options): Source {
  const pathOf = new Map<string, SettingPath>(SETTING_PATHS.map((path) => [camelName(path), path]));
  const source: Source = { values: [], problems: [] };
  const read = (name: string, value: unknown) => {
    const path = pathOf.get(name);
    if (value === undefined) return;
    if (path !== undefined) source.values.push({ path, source: 'option', given: { value } });
    else source.problems.push({ name, source: 'option', message: unknownSetting(name, camelName) });
  };
  for (const [head, value] of Object.entries(options as Readonly<Record<string, unknown>>)) {
    if (pathOf.has(head) || typeof value !== 'object' || value === null) read(head, value);
    else for (const [leaf, inner] of Object.entries(value)) read(`${head}.${leaf}`, inner);
  }
  return source;
}
