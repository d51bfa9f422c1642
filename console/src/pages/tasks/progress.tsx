// Progress by convention: `{ "progress": 0..100, "message": "..." }`. Anything else is shown as its text.
import type { RawJson } from '../../json/keep-raw.ts';

export interface Progress {
  /** 0 to 100. */
  readonly share: number | null;
  readonly message: string;
}

const SHOWN = 200;

export function progressOf(raw: RawJson | null): Progress | null {
  if (raw === null) return null;
  const value = JSON.parse(raw.text) as unknown;
  if (typeof value === 'number') return { share: clamped(value), message: '' };
  if (typeof value !== 'object' || value === null) return { share: null, message: String(value).slice(0, SHOWN) };
  const { progress, message } = value as { readonly progress?: unknown; readonly message?: unknown };
  return {
    share: typeof progress === 'number' ? clamped(progress) : null,
    message: typeof message === 'string' ? message : typeof progress === 'number' ? '' : raw.text.slice(0, SHOWN),
  };
}

function clamped(value: number): number {
  return Math.min(100, Math.max(0, value));
}

export function ProgressBar({ raw, label }: { readonly raw: RawJson | null; readonly label: string }) {
  const progress = progressOf(raw);
  if (progress === null) return null;
  return (
    <span class="progress">
      {progress.share === null ? null : (
        <progress max={100} value={progress.share} aria-label={label}>
          {progress.share} %
        </progress>
      )}
      <span class="text">{progress.message || (progress.share === null ? '' : `${Math.round(progress.share)} %`)}</span>
    </span>
  );
}
