/** The arrays of a CPU's TLB levels, in the shapes that their figures ask for. */
import { defined } from '../../base/assert.js';
import type { Cpu, TlbArray } from '../cpus/cpu.js';
import { FourWays } from './four-ways.js';
import { FullyAssociative } from './fully-associative.js';
import { SetAssociative } from './set-associative.js';
import { SideBySide } from './side-by-side.js';
import type { TlbArrayModel } from './tlb-array.js';

/** The first level: one array for all kinds, or one for huge translations beside that of the others. */
export function firstLevelOf(cpu: Cpu): TlbArrayModel {
  const others = firstOf(cpu, 'base');
  const huge = firstOf(cpu, 'huge');
  if (huge === others) return arrayOf(others);
  if (others.ways.value === 4 && huge.ways.value === 4) {
    return new FourWays(others.entries.value, huge.entries.value);
  }
  return new SideBySide(arrayOf(others), arrayOf(huge));
}

function firstOf(cpu: Cpu, kind: TlbArray['holds'][number]): TlbArray {
  const found = cpu.first.find((array) => array.holds.includes(kind));
  return defined(found, `${cpu.name} holds ${kind} translations in no first-level array`);
}

function arrayOf(array: TlbArray): TlbArrayModel {
  const entries = array.entries.value;
  if (array.ways.value === entries) return new FullyAssociative(entries);
  if (array.ways.value === 4 && array.hugeEntries === undefined) return new FourWays(entries);
  return new SetAssociative(entries, array.ways.value, array.hugeEntries?.value);
}

/** Returns the array of a CPU's second level, empty. */
export function secondLevelOf(cpu: Cpu): TlbArrayModel {
  return arrayOf(cpu.second);
}
