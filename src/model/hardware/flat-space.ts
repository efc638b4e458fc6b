/**
 * An address space in which everything is mapped from the start by pages of one kind, without a kernel behind it:
 * what a machine would do if all memory were 4 KiB, 64 KiB or 2 MiB pages. For comparisons and sweeps.
 */
import type { FrameNumber, PageGeometry, PageNumber, Pages } from '../../vocabulary/units.js';
import type { EntryKind } from '../cpus/cpu.js';
import { type AddressSpace, FIRST_STORE, MAPPED } from './address-space.js';

/** Bits of an entry of the flat table. */
const BIT = { accessed: 1, dirty: 2 } as const;

/** An address space of `pages` pages of one size, all present. */
export class FlatSpace implements AddressSpace {
  readonly mmId: number;
  readonly mapped: number;
  /** Accessed and dirty bits by entry: one for each base page, or for each block when huge. */
  readonly bits: Uint8Array;
  readonly shift: number;
  readonly #contiguous: boolean;

  constructor(pages: Pages, kind: EntryKind, geometry: PageGeometry, mmId = 1) {
    this.mmId = mmId;
    this.shift = kind === 'huge' ? geometry.hugeOrder : 0;
    this.mapped = { base: MAPPED.base, run: MAPPED.base | MAPPED.contiguous, huge: MAPPED.huge }[kind];
    this.bits = new Uint8Array(Math.ceil(pages / 2 ** this.shift));
    this.#contiguous = kind !== 'base';
  }

  peek(): number {
    return this.mapped;
  }

  walk(page: PageNumber, store: boolean): number {
    this.bits[page >>> this.shift] |= store ? BIT.accessed | BIT.dirty : BIT.accessed;
    return this.mapped;
  }

  walkAll(first: PageNumber, accesses: Uint32Array, positions: Uint16Array, count: number): number {
    const bits = this.bits;
    const shift = this.shift;
    for (let i = 0; i < count; i++) {
      const access = accesses[positions[i]];
      bits[(first + (access >>> 1)) >>> shift] |= BIT.accessed | ((access & 1) << 1);
    }
    return 0;
  }

  firstStore(page: PageNumber): number {
    const entry = page >>> this.shift;
    if ((this.bits[entry] & BIT.dirty) !== 0) return FIRST_STORE.cached;
    this.bits[entry] |= BIT.accessed | BIT.dirty;
    return FIRST_STORE.walked;
  }

  fault(): number {
    throw new Error('assertion failed: a flat space has no faults');
  }

  /** Frames follow pages when runs or blocks are wanted, and never do otherwise. */
  frame(page: PageNumber): FrameNumber {
    return this.#contiguous ? page : page * 2;
  }

  isAccessed(entry: number): boolean {
    return (this.bits[entry] & BIT.accessed) !== 0;
  }

  /** Clears every accessed bit without a flush, as ptep_test_and_clear_young() does. */
  clearAccessed(): void {
    for (let entry = 0; entry < this.bits.length; entry++) this.bits[entry] &= ~BIT.accessed;
  }
}
