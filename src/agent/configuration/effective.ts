/** The configuration as it is in effect: every key with its value, and where that comes from. A configuration itself. */
import { fieldsOf } from '../../vocabulary/kind.js';
import { effective, entriesOf, givenValue } from './check.js';
import { writtenValue } from './explain.js';
import type { Section } from './section.js';
import { CONFIGURATION } from './sections.js';
import { type Branch, plainOf } from './tree.js';

/** A line of the configuration. `origin`: `FILE:LINE`, `default`, or empty for a key that holds keys. */
export interface EffectiveLine {
  readonly depth: number;
  /** Whether it begins an entry of a list. */
  readonly begins: boolean;
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

/** Lines in the order of the schema. `defaults` are told where they have become part of the targets. */
export function effectiveLines(tree: Branch): readonly EffectiveLine[] {
  return linesOf(tree, CONFIGURATION, 0, (target) => effective(tree, target));
}

function linesOf(
  tree: Branch,
  section: Section,
  depth: number,
  whole: (entry: Branch) => Branch = (entry) => entry,
): readonly EffectiveLine[] {
  const head = (key: string): EffectiveLine => ({ depth, begins: false, key, value: '', origin: '' });
  const inner = Object.entries(section.sections ?? {}).flatMap(([key, one]) => {
    const below = tree.entries.get(key);
    const isLeftOut = key === 'defaults' || (one.isOptional === true && below === undefined);
    const lines = isLeftOut ? [] : linesOf(below?.kind === 'branch' ? below : nothing(tree), one, depth + 1);
    return lines.length === 0 ? [] : [head(key), ...lines];
  });
  const lists = Object.entries(section.lists ?? {}).flatMap(([key, one]) => {
    const entries = entriesOf(tree, key).flatMap((entry) =>
      itemLines(linesOf(whole(entry), one, depth + 2), depth),
    );
    return entries.length === 0 ? [] : [head(key), ...entries];
  });
  return [...ownLines(tree, section, depth), ...inner, ...lists];
}

function nothing({ at }: Branch): Branch {
  return { kind: 'branch', at, entries: new Map() };
}

/** The first line of a list's entry has the dash. */
function itemLines([first, ...others]: readonly EffectiveLine[], depth: number): readonly EffectiveLine[] {
  return first === undefined ? [] : [{ ...first, depth: depth + 1, begins: true }, ...others];
}

/** Keys without a value and without a default are left out. The name of a target comes first. */
function ownLines(tree: Branch, section: Section, depth: number): readonly EffectiveLine[] {
  const fields = [...fieldsOf(section.fields)].sort(
    (left, right) => Number(right.name === 'name') - Number(left.name === 'name'),
  );
  return fields.flatMap((field) => {
    const given = tree.entries.get(field.name);
    const value = given === undefined ? field.fallback : givenValue(field, plainOf(given));
    if (value === undefined) return [];
    const origin = given === undefined ? 'default' : `${given.at.file}:${given.at.line}`;
    const written =
      typeof value === 'string' && field.spelling.type === 'quantity' ? value : writtenValue(field, value);
    return [{ depth, begins: false, key: field.name, value: written, origin }];
  });
}
