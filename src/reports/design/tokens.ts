/** The design system: sizes of type, space, and what each colour is for, by light and dark paper. */

/** Type sizes in CSS pixels: notes and labels, text, figure titles, section titles, the title. */
export const TYPE = { small: 11, label: 12, text: 14, figure: 15, section: 19, title: 28 } as const;
/** Steps of space in CSS pixels. */
export const SPACE = { hair: 2, tight: 4, near: 8, wide: 16, far: 24, apart: 40 } as const;
/** Fonts for text, the system's own first: pages load none. */
export const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", "Liberation Sans", sans-serif';
/** Fonts for numbers in columns and code. */
export const MONO = 'ui-monospace, "DejaVu Sans Mono", "Liberation Mono", monospace';

/** What a colour is for. Figures name roles, never colours, but for those of data. */
export const ROLES = [
  ...([
    'paper',
    'panel',
    'ink',
    'quiet',
    'grid',
    'axis',
    'accent',
    'soft',
    'second',
    'third',
    'good',
  ] as const),
  ...(['warn', 'bad', 'unknown', 'hatch'] as const),
] as const;
/** What a colour is for. */
export type Role = (typeof ROLES)[number];
/** A colour for each role, as `#rrggbb`. */
export type Palette = Readonly<Record<Role, string>>;

/** Text has 4.5 : 1 against paper and panel, marks 3 : 1 (WCAG 2.2, AA). */
export const LIGHT: Palette = {
  paper: '#ffffff',
  panel: '#f5f7f9',
  ink: '#1c2127',
  quiet: '#565f6b',
  grid: '#e2e6ea',
  axis: '#87909b',
  accent: '#0b62c4',
  soft: '#b9d6f7',
  second: '#b45309',
  third: '#7a3ea8',
  good: '#15722f',
  warn: '#8a5a00',
  bad: '#bd2130',
  unknown: '#c4cad1',
  hatch: '#9aa3ad',
};

/** Colours on dark paper; contrasts are held by tests. */
export const DARK: Palette = {
  paper: '#12161b',
  panel: '#1b2128',
  ink: '#e8edf2',
  quiet: '#a0aab5',
  grid: '#2b333c',
  axis: '#76818d',
  accent: '#6cb0ff',
  soft: '#1f4673',
  second: '#f0a55a',
  third: '#c99af0',
  good: '#55c274',
  warn: '#e0b04c',
  bad: '#ff8a8a',
  unknown: '#4a535d',
  hatch: '#6b7681',
};
