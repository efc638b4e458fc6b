/** What a comparison tells, as plain data. */
import type { Cell } from './cells.js';
import { contenderOf } from './contenders/catalogue.js';
import { PUBLISHED, type PublishedPoint } from './published.js';
import { type Group, groupsOf, type Standing, standingsOf } from './ranking.js';

/** Version of the document `comparison`. */
export const COMPARISON_VERSION = 1;

/** A policy with its origin, and what of the original is simplified here. */
export interface ComparedPolicy {
  readonly name: string;
  readonly brief: string;
  readonly source: string;
  readonly simplified: string;
}

/** Cells, groups over seeds and standings over everything. */
export interface Comparison {
  readonly octavo: 'comparison';
  readonly version: typeof COMPARISON_VERSION;
  readonly policies: readonly ComparedPolicy[];
  readonly cells: readonly Cell[];
  /** Over seeds, with 95 % intervals by Student's t. */
  readonly groups: readonly Group[];
  readonly standings: readonly Standing[];
  readonly published: readonly PublishedPoint[];
  readonly notes: readonly string[];
}

/** Returns the comparison that cells make, with standings of all policies in them. */
export function comparisonOf(cells: readonly Cell[], notes: readonly string[]): Comparison {
  const names = [...new Set(cells.map(({ policy }) => policy))];
  return {
    octavo: 'comparison',
    version: COMPARISON_VERSION,
    policies: names.map(describe),
    cells,
    groups: groupsOf(cells),
    standings: standingsOf(cells),
    published: PUBLISHED,
    notes,
  };
}

/** Returns what is told of a policy by its name; empty texts for one that is not known. */
export function describe(name: string): ComparedPolicy {
  const contender = contenderOf(name);
  const { brief = '', source = '', simplified = '' } = contender ?? {};
  return { name, brief, source, simplified };
}
