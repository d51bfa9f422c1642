// Settings from a YAML file, each with the line it stands on.
import { createRequire } from 'node:module';
import type * as yaml from 'yaml';
import { nearestName } from '../domain/nearest-name.ts';
import type { Source } from './resolve.ts';
import { isSettingPath, SETTING_PATHS } from './settings.ts';

/** @param name how the file is called in messages */
export function fileSource(name: string, content: string): Source {
  const { isMap, isScalar, LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  const source: Source = { values: [], problems: [] };
  for (const error of document.errors) {
    const [firstLine = ''] = error.message.split('\n');
    source.problems.push({ name, source: '', message: firstLine.replace(/:$/, '') });
  }
  if (source.problems.length > 0 || document.contents === null) return source;
  if (!isMap(document.contents)) {
    source.problems.push({ name, source: '', message: 'expected sections with settings, such as `server:`' });
    return source;
  }

  const walk = (map: yaml.YAMLMap, prefix: string) => {
    for (const { key, value } of map.items) {
      const word = isScalar(key) ? String(key.value) : String(key);
      const path = prefix + word;
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
      const from = `${name}:${lines.linePos(offset).line}`;
      if (isSettingPath(path)) {
        const given = isScalar(value) || value === null ? value?.value : document.createNode(value).toJS(document);
        // An empty value (`addr:`) says nothing, like a line that is commented out.
        if (given !== null && given !== undefined) source.values.push({ path, source: from, given: { value: given } });
      } else if (isSection(path) && (isMap(value) || value === null || (isScalar(value) && value.value === null))) {
        if (isMap(value)) walk(value, `${path}.`);
      } else if (isSection(path)) {
        source.problems.push({ name: path, source: from, message: 'expected a section with settings' });
      } else {
        source.problems.push({ name: path, source: from, message: unknownSetting(path) });
      }
    }
  };
  walk(document.contents, '');
  return source;
}

/** Only who has a file pays for the parser: 6 MB. */
function loadYaml(): typeof yaml {
  return createRequire(import.meta.url)('yaml') as typeof yaml;
}

function isSection(path: string): boolean {
  return SETTING_PATHS.some((known) => known.startsWith(`${path}.`));
}

export function unknownSetting(path: string, write: (path: string) => string = (path) => path): string {
  const meant = nearestName(path, SETTING_PATHS);
  return `unknown setting${meant === null ? '' : `; did you mean ${write(meant)}?`}`;
}
