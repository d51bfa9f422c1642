// Submitting a task by hand, or an ended one again with another payload.
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/call.ts';
import { getHandlers, getStats } from '../api/cluster.ts';
import { getTask, submitTask } from '../api/tasks.ts';
import { type TextKey, t } from '../i18n/text.ts';
import { faultOf, indented } from '../json/tokens.ts';
import { usePlace } from '../state/place.ts';
import { useQuery } from '../state/query.ts';
import { CommandLines } from '../ui/command-lines.tsx';
import { Icon } from '../ui/icon.tsx';
import { sayDone, sayFault } from '../ui/toast.tsx';
import { bodyOf, EMPTY_FORM, type Form, flagsOf, formOf } from './submit/form.ts';
import { submitCommands } from './task/commands.ts';

const OPTIONS = [
  ['priority', 'submit.priority', 'decimal'],
  ['max_retry', 'submit.maxRetry', 'numeric'],
  ['delay', 'submit.delay', 'decimal'],
  ['queue_timeout', 'submit.queueTimeout', 'decimal'],
  ['process_timeout', 'submit.processTimeout', 'decimal'],
  ['concurrency_key', 'submit.key', 'text'],
  ['max_concurrency', 'submit.max', 'numeric'],
  ['tags', 'submit.tags', 'text'],
] as const satisfies readonly (readonly [name: keyof Form, text: TextKey, mode: string])[];

export function Submit() {
  const from = usePlace().query.get('from');
  const [form, setForm] = useState<Form>(EMPTY_FORM);
  const [faults, setFaults] = useState<ApiError['faults']>([]);
  const [isSending, setSending] = useState(false);
  const handlers = useQuery('handlers', getHandlers, { again: 'never' }).data;
  const known = Object.keys(useQuery('stats', getStats).data?.types ?? {});
  useEffect(() => {
    if (from !== null) getTask(from).then((task) => setForm(formOf(task)), sayFault);
  }, [from]);
  const jsonFault = form.payload.trim() === '' ? null : faultOf(form.payload);
  const types = [...new Set([...(handlers ?? []).map(({ type }) => type), ...known])].sort();
  const isHandled = handlers === undefined || handlers.some(({ type }) => type === form.type);
  const put = (change: Partial<Form>): void => {
    setForm({ ...form, ...change });
    setFaults([]);
  };
  const faultAt = (name: string): string | undefined =>
    faults.find(({ path }) => path === `/${name}` || path.startsWith(`/${name}/`))?.message;
  const send = (event: Event): void => {
    event.preventDefault();
    setSending(true);
    submitTask(bodyOf(form))
      .then(
        ({ id }) => sayDone(t('submit.sent'), { href: `/tasks/${id}`, text: t('submit.open') }),
        (error: unknown) => {
          if (error instanceof ApiError) setFaults(error.faults);
          sayFault(error);
        },
      )
      .finally(() => setSending(false));
  };
  return (
    <div class="page submit-page">
      <header class="page-head">
        <h1>{t('submit.title')}</h1>
        {from === null ? null : (
          <a class="chip mono" href={`/tasks/${from}`}>
            {t('submit.from', { id: from })}
          </a>
        )}
      </header>
      <form class="columns" onSubmit={send}>
        <div>
          <section class="panel">
            <label class="field">
              {t('submit.type')}
              <input
                type="text"
                name="type"
                required
                list="known-types"
                autocomplete="off"
                spellcheck={false}
                value={form.type}
                aria-invalid={faultAt('type') !== undefined}
                onInput={(event) => put({ type: event.currentTarget.value })}
              />
              <Fault text={faultAt('type')} />
            </label>
            <datalist id="known-types">
              {types.map((type) => (
                <option key={type} value={type} />
              ))}
            </datalist>
            {isHandled || form.type === '' ? null : <p class="warn">{t('submit.noHandler')}</p>}
            <div class="field">
              <span class="label-line">
                <label for="payload">{t('submit.payload')}</label>
                <span class="grow" />
                <span class={jsonFault === null ? 'good-text' : 'bad'} role="status">
                  {jsonFault ?? t('submit.valid')}
                </span>
                <button
                  type="button"
                  class="small"
                  disabled={jsonFault !== null}
                  onClick={() => put({ payload: indented(form.payload) })}
                >
                  {t('submit.format')}
                </button>
              </span>
              <textarea
                id="payload"
                class="mono editor"
                spellcheck={false}
                rows={14}
                value={form.payload}
                aria-invalid={jsonFault !== null}
                onInput={(event) => put({ payload: event.currentTarget.value })}
                onKeyDown={keepIndent}
              />
              <Fault text={faultAt('payload')} />
            </div>
            <footer>
              <span class="faint">{t('submit.another')}</span>
              <span class="grow" />
              <button type="submit" class="primary" disabled={isSending || jsonFault !== null || form.type === ''}>
                <Icon name="submit" /> {t('submit.send')}
              </button>
            </footer>
          </section>
        </div>
        <div>
          <section class="panel">
            <h2>{t('submit.options')}</h2>
            <div class="options">
              {OPTIONS.map(([name, text, mode]) => (
                <label key={name} class="field">
                  {t(text)}
                  <input
                    type="text"
                    name={name}
                    inputMode={mode}
                    placeholder={t('submit.default')}
                    value={form[name]}
                    aria-invalid={faultAt(name) !== undefined}
                    onInput={(event) => put({ [name]: event.currentTarget.value })}
                  />
                  <Fault text={faultAt(name)} />
                </label>
              ))}
            </div>
          </section>
          <section class="panel">
            <h2>{t('submit.asCommand')}</h2>
            <CommandLines
              commands={submitCommands(bodyOf(form), form.type, form.payload.trim() || '{}', flagsOf(form))}
            />
          </section>
        </div>
      </form>
    </div>
  );
}

function Fault({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : (
    <span class="fault" role="alert">
      {text}
    </span>
  );
}

/** Enter keeps the indentation. Tab stays what it is everywhere: the way out of the field. */
function keepIndent(event: KeyboardEvent): void {
  if (event.key !== 'Enter' || event.isComposing || !(event.target instanceof HTMLTextAreaElement)) return;
  const { target } = event;
  const line = target.value.slice(0, target.selectionStart).split('\n').at(-1) ?? '';
  const indent = /^ */.exec(line)?.[0] ?? '';
  if (event.ctrlKey || event.metaKey) {
    target.form?.requestSubmit();
  } else {
    target.setRangeText(
      `\n${indent}${/[[{]\s*$/.test(line) ? '  ' : ''}`,
      target.selectionStart,
      target.selectionEnd,
      'end',
    );
    target.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
  event.preventDefault();
}
