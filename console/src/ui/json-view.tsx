// JSON for reading. Text only: whatever a payload holds becomes characters on the page and nothing else.
import { useMemo, useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { indented, linesOf } from '../json/tokens.ts';
import { CopyButton } from './copy.tsx';

const LINES_FIRST = 400;
/** One line of a thousand pieces is text enough to stall a page. */
const WIDE = 20_000;

export function JsonView({ json, label }: { readonly json: string; readonly label: string }) {
  const [isWhole, setWhole] = useState(false);
  const { lines, isCut } = useMemo(() => linesOf(json, LINES_FIRST), [json]);
  const isWide = json.length > WIDE * 5;
  return (
    <div class="json">
      <div class="json-tools">
        <CopyButton text={json} label={label} />
      </div>
      {isWhole || isWide ? (
        <pre tabIndex={0} aria-label={label}>
          {isWhole ? indented(json) : `${json.slice(0, WIDE)} ...`}
        </pre>
      ) : (
        <pre tabIndex={0} aria-label={label}>
          {lines.map(({ depth, tokens }, i) => (
            <span key={i} class="line">
              {'  '.repeat(depth)}
              {tokens.map(({ kind, text }, j) => (
                <span key={j} class={`j-${kind}`}>
                  {text}
                </span>
              ))}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
      {(isCut || isWide) && !isWhole ? (
        <button type="button" class="small" onClick={() => setWhole(true)}>
          {t('act.showWhole')}
        </button>
      ) : null}
    </div>
  );
}
