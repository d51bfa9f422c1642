// The pages, in the order they are shown, with the letter that follows `g`.
import type { IconName } from '../ui/icon.tsx';

export const PAGES = [
  { name: 'overview', path: '/', letter: 'o' },
  { name: 'tasks', path: '/tasks', letter: 't' },
  { name: 'concurrency', path: '/concurrency', letter: 'c' },
  { name: 'nodes', path: '/nodes', letter: 'n' },
  { name: 'handlers', path: '/handlers', letter: 'h' },
  { name: 'submit', path: '/submit', letter: 's' },
  { name: 'live', path: '/live', letter: 'l' },
  { name: 'settings', path: '/settings', letter: 'e' },
] as const satisfies readonly { readonly name: IconName; readonly path: string; readonly letter: string }[];

export type PageName = (typeof PAGES)[number]['name'];

export function pageAt(path: string): PageName {
  return path.startsWith('/tasks/') ? 'tasks' : (PAGES.find((page) => page.path === path)?.name ?? 'overview');
}
