// How long the first task of a key has waited. Asked for only where tasks wait.
import { listTasks } from '../../api/tasks.ts';
import { roundDuration } from '../../i18n/times.ts';
import { useNow } from '../../state/now.ts';
import { useQuery } from '../../state/query.ts';

export function OldestWait({ name }: { readonly name: string }) {
  const now = useNow();
  const filter = name.startsWith('type:') ? { type: name.slice('type:'.length) } : { concurrency_key: name };
  const { data } = useQuery(
    `oldest ${name}`,
    // Oldest first would need the other order of the list; the last page of this one is the same.
    async () => {
      const waiting = { ...filter, status: 'pending' };
      const { total } = await listTasks(waiting, { limit: 1, offset: 0 });
      return total === 0
        ? null
        : ((await listTasks(waiting, { limit: 1, offset: total - 1 })).tasks[0]?.run_at ?? null);
    },
    { again: 'never', everyMs: 5000 },
  );
  if (data === undefined || data === null) return <span class="faint">-</span>;
  return <>{roundDuration(now - Date.parse(data))}</>;
}
