// Concurrency keys: who holds them, who waits, and the limit that can be changed here.
import { useState } from 'preact/hooks';
import { getKeys, type KeyInfo } from '../api/concurrency.ts';
import { quoted } from '../filter/grammar.ts';
import { count, t } from '../i18n/text.ts';
import { useQuery } from '../state/query.ts';
import { Icon } from '../ui/icon.tsx';
import { Empty, Loaded, Meter } from '../ui/states.tsx';
import { When } from '../ui/when.tsx';
import { LimitDialog } from './concurrency/limit-dialog.tsx';
import { OldestWait } from './concurrency/oldest-wait.tsx';
import { shortId } from './tasks/task-row.tsx';

const SHOWN_FIRST = 100;
const HOLDERS_SHOWN = 6;

export function Concurrency() {
  const query = useQuery('keys', getKeys, { everyMs: 3000 });
  const [wanted, setWanted] = useState('');
  const [isWhole, setWhole] = useState(false);
  const [edited, setEdited] = useState<KeyInfo | 'new' | null>(null);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('keys.title')}</h1>
        <span class="grow" />
        <input
          type="search"
          aria-label={t('keys.filter')}
          placeholder={t('keys.filter')}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="button" class="primary" onClick={() => setEdited('new')}>
          <Icon name="submit" /> {t('keys.newKey')}
        </button>
      </header>
      <Loaded query={query}>
        {(all) => {
          const keys = all.filter(({ key }) => key.toLowerCase().includes(wanted.toLowerCase()));
          if (keys.length === 0) return <Empty>{t('keys.none')}</Empty>;
          const shown = isWhole ? keys : keys.slice(0, SHOWN_FIRST);
          return (
            <section class="panel flush">
              <div class="scroll-x">
                <table>
                  <thead>
                    <tr>
                      <th>{t('keys.key')}</th>
                      <th class="num">{t('keys.running')}</th>
                      <th class="num">{t('keys.limit')}</th>
                      <th class="wide-only" aria-label={t('keys.running')} />
                      <th class="wide-only">{t('keys.source')}</th>
                      <th class="num">{t('keys.waiting')}</th>
                      <th class="num wide-only">{t('keys.oldest')}</th>
                      <th class="wide-only">{t('keys.holders')}</th>
                      <th aria-label={t('keys.change')} />
                    </tr>
                  </thead>
                  <tbody>
                    {shown.map((info) => (
                      <Row key={info.key} info={info} onEdit={() => setEdited(info)} />
                    ))}
                  </tbody>
                </table>
              </div>
              {shown.length < keys.length ? (
                <button type="button" class="small" onClick={() => setWhole(true)}>
                  {t('act.showAll', { n: keys.length })}
                </button>
              ) : null}
            </section>
          );
        }}
      </Loaded>
      {edited === null ? null : (
        <LimitDialog
          info={edited === 'new' ? null : edited}
          onClose={() => {
            setEdited(null);
            query.reload();
          }}
        />
      )}
    </div>
  );
}

function Row({ info, onEdit }: { readonly info: KeyInfo; readonly onEdit: () => void }) {
  const { key, limit, limit_source, running, waiting, holders } = info;
  return (
    <tr data-key={key}>
      <td>
        <a class="strong" href={`/tasks?q=${encodeURIComponent(key.startsWith('type:') ? key : `key:${quoted(key)}`)}`}>
          {key}
        </a>
      </td>
      <td class="num">{count(running)}</td>
      <td class="num">{count(limit)}</td>
      <td class="wide-only">
        <Meter used={running} of={limit} label={`${running} / ${limit}`} />
      </td>
      <td class="wide-only">
        <span class={limit_source === 'operator' ? 'chip warn' : 'chip'}>{t(`keys.source.${limit_source}`)}</span>
      </td>
      <td class="num">{waiting === 0 ? <span class="faint">0</span> : count(waiting)}</td>
      <td class="num wide-only">{waiting === 0 ? <span class="faint">-</span> : <OldestWait name={key} />}</td>
      <td class="holders wide-only">
        {holders.slice(0, HOLDERS_SHOWN).map(({ task_id, worker_id, expires_at }) => (
          <span key={task_id} class="holder" title={worker_id}>
            <a class="mono chip" href={`/tasks/${task_id}`}>
              {shortId(task_id)}
            </a>
            <span class="faint small-text">
              <When at={expires_at} />
            </span>
          </span>
        ))}
        {holders.length > HOLDERS_SHOWN ? <span class="faint">+{holders.length - HOLDERS_SHOWN}</span> : null}
      </td>
      <td>
        <button type="button" class="small" onClick={onEdit}>
          {t('keys.change')}
        </button>
      </td>
    </tr>
  );
}
