// What a person has chosen, kept in this browser.
import { Cell, useCell } from './cell.ts';

export interface Settings {
  readonly language: 'auto' | 'en' | 'zh';
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'dense' | 'roomy';
  readonly times: 'relative' | 'absolute';
  readonly zone: 'local' | 'utc';
}

export const DEFAULTS: Settings = {
  language: 'auto',
  theme: 'system',
  density: 'dense',
  times: 'relative',
  zone: 'local',
};

/** The values each setting can have. */
export const CHOICES = {
  language: ['auto', 'en', 'zh'],
  theme: ['system', 'light', 'dark'],
  density: ['dense', 'roomy'],
  times: ['relative', 'absolute'],
  zone: ['local', 'utc'],
} as const satisfies { readonly [K in keyof Settings]: readonly Settings[K][] };

const STORAGE_NAME = 'xqueue.settings';

export const settings = new Cell<Settings>(stored());

function stored(): Settings {
  try {
    const kept = JSON.parse(localStorage.getItem(STORAGE_NAME) ?? '{}') as Record<string, unknown>;
    const known = Object.entries(CHOICES).filter(([name, values]) =>
      (values as readonly unknown[]).includes(kept[name]),
    );
    return { ...DEFAULTS, ...Object.fromEntries(known.map(([name]) => [name, kept[name]])) };
  } catch {
    return DEFAULTS;
  }
}

export function choose(change: Partial<Settings>): void {
  settings.set({ ...settings.get(), ...change });
  try {
    localStorage.setItem(STORAGE_NAME, JSON.stringify(settings.get()));
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

export function useSettings(): Settings {
  return useCell(settings);
}

/** The language in force. */
export function language(): 'en' | 'zh' {
  const { language: chosen } = settings.get();
  if (chosen !== 'auto') return chosen;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** Styles look at attributes of the root element. */
export function applySettings(): void {
  const apply = (): void => {
    const root = document.documentElement;
    const { theme, density } = settings.get();
    if (theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = theme;
    root.dataset['density'] = density;
    root.lang = language() === 'zh' ? 'zh-CN' : 'en';
  };
  apply();
  settings.watch(apply);
}
