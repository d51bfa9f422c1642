// The few pieces of Markdown that generated documents share.

export function generatedFrom(source: string): string {
  return `<!-- Made by \`npm run generate\` from ${source}. Do not edit; a test compares it. -->`;
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->`. Throws where the marks are missing. */
export function replaceBlock(text: string, name: string, block: string): string {
  const start = `<!-- ${name}:start -->\n`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The marks ${start.trim()} and ${end} are missing`);
  return `${text.slice(0, from + start.length)}${block}\n${text.slice(to)}`;
}
