// Keys: single letters, and `g` followed by a letter. Not while somebody writes, and not while a dialog is open, except
// for the palette.
import { useEffect, useRef } from 'preact/hooks';

export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

const maps: { current: KeyMap }[] = [];
const CHORD_MS = 1200;
let chordUntil = 0;

/** Keys of a component while it is shown; the newest map that has a key wins. */
export function useKeys(map: KeyMap): void {
  const held = useRef(map);
  held.current = map;
  useEffect(() => {
    maps.push(held);
    return () => {
      maps.splice(maps.indexOf(held), 1);
    };
  }, []);
}

export function startKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    const name = nameOf(event);
    if (name === null) return;
    const action = maps.findLast(({ current }) => Object.hasOwn(current, name))?.current[name];
    if (action === undefined) return;
    event.preventDefault();
    action(event);
  });
}

function nameOf(event: KeyboardEvent): string | null {
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === 'k' ? 'ctrl+k' : null;
  if (isWriting(event.target) || document.querySelector('dialog[open]') !== null) return null;
  if (event.key === 'g') {
    chordUntil = performance.now() + CHORD_MS;
    return null;
  }
  if (performance.now() >= chordUntil) return event.key;
  chordUntil = 0;
  return `g ${event.key}`;
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'radio';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
