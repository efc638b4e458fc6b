/** What a comparison tells, as plain data. */
import type { Cell } from './cells.js';
import { contenderOf } from './contenders/catalogue.js';
import { PUBLISHED, type PublishedPoint } from './published.js';
import { type Group, groupsOf, type Standing, standingsOf } from './ranking.js';

export const COMPARISON_VERSION = 1;

export interface ComparedPolicy {
  readonly name: string;
  readonly brief: string;
  readonly source: string;
  readonly simplified: string;
}

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

export function describe(name: string): ComparedPolicy {
  const contender = contenderOf(name);
  const { brief = '', source = '', simplified = '' } = contender ?? {};
  return { name, brief, source, simplified };
}
