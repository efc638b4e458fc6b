/** What a report tells, whatever it is of: sentences, figures and tables in an order that can be read aloud. */
import type { Figure } from '../figures/figure.js';

/** One number that stands at the top. */
export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: 'good' | 'warn' | 'bad';
}

/** A table of the story. */
export interface StoryTable {
  readonly kind: 'table';
  /** What it is, for who jumps from table to table. */
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of numbers, which are aligned to the right. */
  readonly numbers: readonly number[];
}

/** One piece of a section. */
export type Part =
  | { readonly kind: 'words'; readonly lines: readonly string[] }
  | { readonly kind: 'figure'; readonly figure: Figure }
  | StoryTable
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [name: string, value: string])[] }
  /** Nothing to show, why, and what can be done. */
  | { readonly kind: 'empty'; readonly why: string; readonly remedy: string };

/** Parts under one title. */
export interface Section {
  /** For links within the page: small letters and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly parts: readonly Part[];
}

/** Everything that a report says. */
export interface Story {
  /** `Report of a run`. */
  readonly kind: string;
  readonly title: string;
  /** What happened, in one or two sentences. */
  readonly lead: string;
  readonly tiles: readonly Tile[];
  readonly sections: readonly Section[];
  /** What it was made of, and by what. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Returns all figures of a story, in its order. */
export function figuresOf({ sections }: Story): readonly Figure[] {
  return sections.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === 'figure' ? [part.figure] : [])),
  );
}
