// The processes of the cluster and what each runs now.
import { useState } from 'preact/hooks';
import { getNodes, type NodeInfo } from '../api/cluster.ts';
import type { Task } from '../api/task.ts';
import { listTasks } from '../api/tasks.ts';
import { t } from '../i18n/text.ts';
import { useQuery } from '../state/query.ts';
import { Empty, Loaded, Meter } from '../ui/states.tsx';
import { When } from '../ui/when.tsx';
import { DrainDialog } from './nodes/drain-dialog.tsx';
import { shortId } from './tasks/task-row.tsx';

const RUNNING_READ = 200;
const RUNNING_SHOWN = 12;

export function Nodes() {
  const query = useQuery('nodes', getNodes, { again: 'never', everyMs: 3000 });
  const running = useQuery('running', () => listTasks({ status: 'processing' }, { limit: RUNNING_READ, offset: 0 }), {
    everyMs: 5000,
  });
  const [draining, setDraining] = useState<NodeInfo | null>(null);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('nodes.title')}</h1>
      </header>
      <Loaded query={query}>
        {(nodes) =>
          nodes.length === 0 ? (
            <Empty>{t('nodes.none')}</Empty>
          ) : (
            <div class="cards">
              {nodes.map((node) => (
                <NodeCard
                  key={node.id}
                  node={node}
                  onDrain={() => setDraining(node)}
                  tasks={(running.data?.tasks ?? []).filter(({ worker_id }) => worker_id === node.id)}
                />
              ))}
            </div>
          )
        }
      </Loaded>
      {draining === null ? null : (
        <DrainDialog node={draining} onDone={query.reload} onClose={() => setDraining(null)} />
      )}
    </div>
  );
}

interface NodeCardProps {
  readonly node: NodeInfo;
  readonly tasks: readonly Task[];
  readonly onDrain: () => void;
}

function NodeCard({ node, tasks, onDrain }: NodeCardProps) {
  const { id, host, pid, version, live, draining, running, slots, types } = node;
  const state = live ? (draining ? 'draining' : 'live') : 'lost';
  const tone = { live: 'good', draining: 'warn', lost: 'bad' }[state];
  return (
    <section class="panel node" aria-label={id}>
      <h2>
        <span class={`dot ${tone}`} aria-hidden="true" />
        <span class="mono cut" title={id}>
          {id}
        </span>
        <span class={`chip ${tone}`}>{t(`nodes.${state}`)}</span>
        {live && types.length > 0 && (!draining || node.drain_requested) ? (
          <button type="button" class="small" onClick={onDrain}>
            {t(node.drain_requested ? 'nodes.undrain' : 'nodes.drain')}
          </button>
        ) : null}
      </h2>
      <p class="slots">
        <Meter used={running} of={slots} label={t('overview.slots', { running, slots })} />
        <span class="num">{t('overview.slots', { running, slots })}</span>
      </p>
      <dl class="facts">
        <div>
          <dt>{t('nodes.host')}</dt>
          <dd>
            {host} <span class="faint">pid {pid}</span>
          </dd>
        </div>
        <div>
          <dt>{t('nodes.version')}</dt>
          <dd>{version}</dd>
        </div>
        <div>
          <dt>{t('nodes.started')}</dt>
          <dd>
            <When at={node.started_at} />
          </dd>
        </div>
        <div>
          <dt>{t('nodes.heartbeat')}</dt>
          <dd>
            <When at={node.last_heartbeat_at} />
          </dd>
        </div>
        <div>
          <dt>{t('nodes.types')}</dt>
          <dd>
            {types.length === 0 ? <span class="faint">{t('nodes.noTypes')}</span> : null}
            {types.map((type) => (
              <a key={type} class="chip" href={`/tasks?q=${encodeURIComponent(`type:${type}`)}`}>
                {type}
              </a>
            ))}
          </dd>
        </div>
        {tasks.length === 0 ? null : (
          <div>
            <dt>{t('nodes.running')}</dt>
            <dd>
              {tasks.slice(0, RUNNING_SHOWN).map((task) => (
                <a key={task.id} class="mono chip" href={`/tasks/${task.id}`} title={task.type}>
                  {shortId(task.id)}
                </a>
              ))}
              {tasks.length > RUNNING_SHOWN ? <span class="faint">+{tasks.length - RUNNING_SHOWN}</span> : null}
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
