// Messages as a subscriber gets them: a small MQTT client, which listens only while this page is shown.
import { useState } from 'preact/hooks';
import { getPush, type Push } from '../api/cluster.ts';
import { STATUSES } from '../api/task.ts';
import { count, type TextKey, t } from '../i18n/text.ts';
import { absolute } from '../i18n/times.ts';
import { useQuery } from '../state/query.ts';
import { CommandLines } from '../ui/command-lines.tsx';
import { Icon } from '../ui/icon.tsx';
import { Empty } from '../ui/states.tsx';
import { VirtualRows } from '../ui/virtual-rows.tsx';
import { type Message, PER_SECOND_MAX, type Topic, useMessages } from './live/use-messages.ts';
import { shellQuoted } from './task/commands.ts';

const ROW_HEIGHT = 28;
const TOPICS: readonly Topic[] = ['all', ...STATUSES, 'progress'];

export function Live() {
  const [isPaused, setPaused] = useState(false);
  const [wanted, setWanted] = useState('');
  const [topic, setTopic] = useState<Topic>('all');
  const push = useQuery('push', getPush, { again: 'never', everyMs: 1e9 }).data;
  const { messages, seen, rate, isSome, transport, state, clear } = useMessages({ push, topic, isPaused });
  const shown = wanted === '' ? messages : messages.filter(({ change }) => change.text.includes(wanted));
  return (
    <div class="page live-page">
      <header class="page-head">
        <h1>{t('live.title')}</h1>
        <span class="faint">
          {t('live.text')} ·{' '}
          <span role="status" data-live={state}>
            {t(`feed.${state}`)}
            {transport === null ? '' : ` (${transport.toUpperCase()})`}
          </span>
        </span>
        <span class="grow" />
        <span class="num faint">
          {isSome ? t('live.some', { n: PER_SECOND_MAX }) : t('live.rate', { n: count(rate) })} ·{' '}
          {t('live.seen', { n: seen })}
        </span>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          <Icon name={isPaused ? 'play' : 'pause'} /> {t(isPaused ? 'act.resume' : 'act.pause')}
        </button>
        <button type="button" onClick={clear}>
          {t('act.clear')}
        </button>
      </header>
      <div class="filters">
        <select
          aria-label={t('live.topic')}
          value={topic}
          onChange={(event) => setTopic(event.currentTarget.value as Topic)}
        >
          {TOPICS.map((one) => (
            <option key={one} value={one}>
              {nameOf(one)}
            </option>
          ))}
        </select>
        <input
          type="search"
          class="grow"
          aria-label={t('live.filter')}
          placeholder={t('live.filter')}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </div>
      {shown.length === 0 ? (
        <Empty>
          {t('live.waiting')} <a href="/submit">{t('nav.submit')}</a>
        </Empty>
      ) : (
        <VirtualRows
          items={shown}
          rowHeight={ROW_HEIGHT}
          label={t('live.title')}
          header={
            <>
              <span role="columnheader" class="col-when">
                {t('live.time')}
              </span>
              <span role="columnheader" class="col-topic">
                {t('live.topic')}
              </span>
              <span role="columnheader" class="col-message">
                {t('live.message')}
              </span>
            </>
          }
          row={(message, i) => <Row key={message.n} message={message} index={i} push={push} />}
        />
      )}
      {push === undefined ? null : (
        <details class="panel">
          <summary>{t('live.how')}</summary>
          <CommandLines
            commands={[
              { name: 'curl', line: `curl -N ${shellQuoted(`${location.origin}${push.events}`)}` },
              { name: 'curl', line: `mosquitto_sub -v -t ${shellQuoted(`${push.mqtt.topic}/#`)}` },
            ]}
          />
        </details>
      )}
    </div>
  );
}

function nameOf(topic: Topic): string {
  if (topic === 'all') return t('live.allTopics');
  return t((topic === 'progress' ? 'task.progress' : `status.${topic}`) satisfies TextKey);
}

function Row({
  message,
  index,
  push,
}: {
  readonly message: Message;
  readonly index: number;
  readonly push: Push | undefined;
}) {
  const { change, at } = message;
  const base = change.kind === 'status' ? push?.mqtt.topic : push?.mqtt.progress_topic;
  return (
    <div class="row message" role="row" aria-rowindex={index + 2}>
      <span role="cell" class="col-when num faint">
        {absolute(at).slice(11)}
      </span>
      <span role="cell" class={`col-topic mono s-${change.status ?? 'processing'}`}>
        <span class="dot" aria-hidden="true" />
        <a href={`/tasks/${change.task_id}`}>
          {base ?? change.kind}/{change.task_id}
        </a>
      </span>
      <span role="cell" class="col-message mono" title={change.text}>
        {change.text}
      </span>
    </div>
  );
}
