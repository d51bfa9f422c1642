// Where the person is: path and query of the address. Everything a link could bring back is there and nowhere else.
import { Cell, useCell } from './cell.ts';

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const place = new Cell<Place>(current());

function current(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export function usePlace(): Place {
  return useCell(place);
}

export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', href);
  else history.replaceState(null, '', href);
  const before = place.get().path;
  place.set(current());
  if (how === 'push' && before !== place.get().path) {
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  }
}

/** Changes parts of the query; null takes one away. */
export function setQuery(changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace' = 'push'): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(location.pathname + (text === '' ? '' : `?${text}`), how);
}

/** Own links change the page without loading it again. */
export function followLinks(): void {
  addEventListener('popstate', () => place.set(current()));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const href = link?.getAttribute('href');
    if (!href?.startsWith('/') || href.startsWith('/api/') || link?.hasAttribute('download') || link?.target) return;
    event.preventDefault();
    go(href);
  });
}
