/**
 * The blind spot T1 as a curve: how many blocks of a hot working set are seen as accessed within one window after
 * their accessed bits were cleared. A translation that stays in the TLB is never walked again, so it is not seen.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import type { Cpu, EntryKind } from '../../model/cpus/cpu.js';
import { FlatSpace } from '../../model/hardware/flat-space.js';
import { BATCH, Tlb, windowsFor } from '../../model/hardware/tlb.js';
import type { Bytes, Fraction, PageGeometry } from '../../vocabulary/units.js';
import { Uniform } from '../workloads/uniform.js';

/** One point of the curve. */
export interface AccessedPoint {
  readonly workingSet: Bytes;
  /** Accesses between clearing the bits and reading them. */
  readonly accesses: number;
  /** Share of the entries (pages or blocks) whose bit was set again. */
  readonly seen: Fraction;
  /** Share of the entries that were accessed in the window at all, whatever the bits say. */
  readonly touched: Fraction;
}

/**
 * One point: uniformly random loads over the working set, mapped by `kind`, warmed up until every entry was used
 * many times; then the bits are cleared and `perEntry` accesses for each entry follow.
 */
export function accessedPoint(
  cpu: Cpu,
  kind: EntryKind,
  workingSet: Bytes,
  geometry: PageGeometry,
  { seed = 1, perEntry = 16 }: { readonly seed?: number; readonly perEntry?: number } = {},
): AccessedPoint {
  const pages = workingSet / geometry.pageBytes;
  const windows = windowsFor(cpu, geometry);
  const space = new FlatSpace(pages, kind, geometry);
  const window = windows.open(space, 0, pages);
  const tlb = new Tlb(cpu, windows);
  const loads = new Uniform(pages, 0, new SeededRandom(seed));
  const entries = space.bits.length;
  const accesses = Math.ceil((entries * perEntry) / BATCH) * BATCH;
  const batch = new Uint32Array(BATCH);
  const touched = new Uint8Array(entries);
  const play = (count: number): void => {
    for (let done = 0; done < count; done += BATCH) {
      loads.next(batch, BATCH);
      tlb.access(window, batch, BATCH);
      for (const access of batch) touched[(access >>> 1) >>> space.shift] = 1;
    }
  };
  play(accesses);
  space.clearAccessed();
  touched.fill(0);
  play(accesses);
  let seen = 0;
  for (let entry = 0; entry < entries; entry++) if (space.isAccessed(entry)) seen++;
  return {
    workingSet,
    accesses,
    seen: seen / entries,
    touched: touched.reduce((sum, one) => sum + one, 0) / entries,
  };
}
