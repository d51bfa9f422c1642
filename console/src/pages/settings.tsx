// What a person can choose, and what this server is.
import { apiKey, setApiKey, wantsKey } from '../api/call.ts';
import { getHealth } from '../api/cluster.ts';
import { type TextKey, t } from '../i18n/text.ts';
import { roundDuration } from '../i18n/times.ts';
import { useQuery } from '../state/query.ts';
import { CHOICES, choose, type Settings, useSettings } from '../state/settings.ts';
import { Loaded } from '../ui/states.tsx';

export function SettingsPage() {
  const settings = useSettings();
  const query = useQuery('health', getHealth, { again: 'never', everyMs: 5000 });
  return (
    <div class="page settings-page">
      <header class="page-head">
        <h1>{t('settings.title')}</h1>
        <span class="faint">{t('settings.kept')}</span>
      </header>
      <section class="panel">
        {(Object.keys(CHOICES) as (keyof Settings)[]).map((name) => (
          <Choice key={name} name={name} chosen={settings[name]} />
        ))}
        {apiKey() === null ? null : (
          <p>
            <button
              type="button"
              class="danger"
              onClick={() => {
                setApiKey('');
                wantsKey.set(true);
              }}
            >
              {t('key.forget')}
            </button>
          </p>
        )}
      </section>
      <section class="panel" aria-label={t('settings.about')}>
        <h2>{t('settings.about')}</h2>
        <Loaded query={query}>
          {({ version, uptime_seconds, components }) => (
            <dl class="facts">
              <Fact name={t('settings.version')} value={version} />
              <Fact name={t('settings.uptime')} value={roundDuration(uptime_seconds * 1000)} />
              <Fact
                name={t('settings.store')}
                value={`${components.store.kind}: ${components.store.status}`}
                note={components.store.detail}
              />
              <Fact name="MQTT" value={components.mqtt.status} note={components.mqtt.detail} />
              <Fact name="Kafka" value={components.kafka.status} note={components.kafka.detail} />
            </dl>
          )}
        </Loaded>
      </section>
    </div>
  );
}

function Fact({ name, value, note }: { readonly name: string; readonly value: string; readonly note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {note === undefined ? null : <span class="faint">{note}</span>}
      </dd>
    </div>
  );
}

function Choice<K extends keyof Settings>({ name, chosen }: { readonly name: K; readonly chosen: Settings[K] }) {
  return (
    <fieldset class="choice">
      <legend>{t(`settings.${name}`)}</legend>
      <div class="segments">
        {CHOICES[name].map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === chosen}
              onChange={() => choose({ [name]: value })}
            />
            <span>{t(`settings.${name}.${value}` as TextKey)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
