/** What a view may use of the page, and what the page asks of a view. */

import type { Palette } from '../../../reports/design/tokens.js';
import type { Drawing } from '../../../reports/drawing/drawing.js';
import type { Table } from '../../view/csv.js';
import type { Link } from '../../view/link.js';
import type { ActWish } from '../../wire/act.js';
import type { Decision } from '../../wire/events.js';
import type { Overview } from '../../wire/overview.js';

/** Undefined takes out what the link says. */
export type LinkChange = { readonly [Key in keyof Link]?: Link[Key] | undefined };

/** The page, as a view sees it. */
export interface Context {
  readonly overview: Overview;
  readonly link: Link;
  readonly palette: Palette;
  /** `replace` for what the back button should not go through. */
  go(change: LinkChange, how: 'push' | 'replace'): void;
  /** Says it to who listens instead of looking. */
  say(words: string): void;
  /** Shows what an act would do, and asks whether it shall. Only for acts that the overview has. */
  act(wish: ActWish): void;
}

/** A view as it can be kept. */
export interface Kept {
  /** For the name of the file. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly table: Table;
  readonly drawing: Drawing;
}

/** A view of the page. */
export interface View {
  readonly element: HTMLElement;
  /** Shows what the link says; asks for it anew when it may have changed (`isOld`). */
  show(isOld: boolean): Promise<void>;
  /** Undefined while there is nothing. */
  kept(): Kept | undefined;
  decided?(decision: Decision): void;
  themed?(): void;
  closed?(): void;
}

/** Makes a view. */
export type MakeView = (context: () => Context) => View;
