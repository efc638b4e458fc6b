/**
 * Figures that no vendor publishes per core and that the CPU files therefore share. They are parameters with an
 * honest mark, not facts about one processor.
 */
import { assumed, type Coalescing, figure, type WalkFigures } from './cpu.js';

/** Extra latency of a second-level hit: 5 to 8 cycles on current cores. */
export const SECOND_HIT_CYCLES = figure(7, 'manual', 'optimisation guides give 5 to 8 cycles; their middle');

/** Four-level tables, a small cache of directory entries, references from L2 (near) or memory (far). */
export const USUAL_WALK: WalkFigures = {
  levels: figure(4, 'manual', '48-bit virtual addresses with 4 KiB pages'),
  directoryEntries: assumed(32, 'sizes of paging-structure caches are not published; 16 to 64 are inferred'),
  nearCycles: figure(18, 'measured', 'walks whose lines are in L1 or L2 take 15 to 40 cycles in all'),
  farCycles: figure(180, 'measured', 'walks that go to memory take 100 to 250 cycles and more'),
  cachedLines: assumed(4096, 'a quarter of a 1 MiB L2 holds page tables beside the data'),
};

/** arm64 contpte: the contiguous bit on 16 PTEs of one folio (CONT_PTES with 4 KiB pages). */
export const CONTPTE: Coalescing = {
  by: 'contiguous-bit',
  pages: figure(16, 'manual', 'Arm ARM, contiguous bit with the 4 KiB granule; arch/arm64 CONT_PTES'),
};

/** Zen: four aligned base pages on contiguous frames share one entry without software. */
export const ZEN_COALESCING: Coalescing = {
  by: 'physical',
  pages: figure(4, 'manual', 'AMD software optimisation guides: 16 KiB coalesced pages'),
};

/** SPE writes records to a buffer by itself; the driver is called when it is full. */
export const SPE_SAMPLE_NS = assumed(
  100,
  'a 64-byte record and its share of the interrupt for a full buffer',
);
/** Every IBS sample is an NMI whose handler reads the registers. */
export const IBS_SAMPLE_NS = assumed(1500, 'an NMI and reading nine MSRs');
/** A microcode assist writes the record; perf drains the buffer when it is full. */
export const PEBS_SAMPLE_NS = assumed(250, 'a microcode assist and its share of the interrupt');
