// Short news at the edge of the page: what was done, what did not work.
import { Cell, useCell } from '../state/cell.ts';

interface Toast {
  readonly id: number;
  readonly kind: 'done' | 'fault';
  readonly text: string;
  readonly link?: { readonly href: string; readonly text: string };
}

const SHOWN_MS = 6000;
const toasts = new Cell<readonly Toast[]>([]);
let last = 0;

function say(toast: Omit<Toast, 'id'>): void {
  const id = ++last;
  toasts.set([...toasts.get().slice(-3), { ...toast, id }]);
  setTimeout(() => toasts.set(toasts.get().filter((one) => one.id !== id)), SHOWN_MS);
}

export function sayDone(text: string, link?: Toast['link']): void {
  say({ kind: 'done', text, ...(link === undefined ? {} : { link }) });
}

export function sayFault(error: unknown): void {
  say({ kind: 'fault', text: error instanceof Error ? error.message : String(error) });
}

export function Toasts() {
  const shown = useCell(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, kind, text, link }) => (
        <p key={id} class={`toast ${kind}`}>
          {text} {link ? <a href={link.href}>{link.text}</a> : null}
        </p>
      ))}
    </div>
  );
}
