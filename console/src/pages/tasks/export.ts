// Saves all tasks that match as CSV or as JSON lines. JSON lines are the server's own text, digit for digit.
import type { TaskFilter } from '../../api/task.ts';
import { listTexts } from '../../api/tasks.ts';
import { CSV_HEADER, csvLine } from './csv.ts';

export type ExportFormat = 'csv' | 'jsonl';

const PAGE = 500;
/** @param report called with how many are there so far */
export async function exportTasks(
  filter: TaskFilter,
  format: ExportFormat,
  report: (done: number, total: number) => void,
): Promise<number> {
  // Tasks that come in meanwhile would move the pages.
  const bounded = { ...filter, created_before: filter.created_before ?? new Date(Date.now() + 1000).toISOString() };
  const parts: string[] = format === 'csv' ? [CSV_HEADER] : [];
  let done = 0;
  for (;;) {
    const { texts, page } = await listTexts(bounded, { limit: PAGE, offset: done });
    if (texts.length === 0) break;
    parts.push(...(format === 'csv' ? page.tasks.map(csvLine) : texts.map((text) => `${text}\n`)));
    done += texts.length;
    report(done, page.total);
    if (texts.length < PAGE) break;
  }
  save(new Blob(parts, { type: format === 'csv' ? 'text/csv' : 'application/x-ndjson' }), `xqueue-tasks.${format}`);
  return done;
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
