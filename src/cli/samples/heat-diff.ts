/** What changed between two heat files, as a document and in words. */
import { percentDown, percentUp } from '../../base/percent.js';
import {
  type BlockChange,
  type CompareOptions,
  compareMaps,
  type HeatChange,
  type Sparseness,
} from '../../hotness/compare.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { Fraction, ProcessId } from '../../vocabulary/units.js';
import { pageToAddress } from '../../vocabulary/units.js';
import type { Row, RowKind } from '../print/rows.js';
import { type HeatMaps, heatMaps, nameAt } from './heat-maps.js';

/** One block that changed, with samples before and after. */
export interface ChangeLine {
  readonly pid: ProcessId;
  /** Byte address in hexadecimal. */
  readonly address: string;
  readonly mapping: string;
  readonly samplesBefore: number;
  readonly samplesAfter: number;
  /** 95 % interval of the ratio of the block's shares of the accesses; null when nothing bounds it from above. */
  readonly low: number;
  readonly high: number | null;
  readonly heat: HeatChange;
  readonly sparseBefore: Sparseness;
  readonly sparseAfter: Sparseness;
}

/** What changed from one heat file to another, as `octavo heat diff --json` prints it. */
export interface HeatDiff {
  readonly samples: { readonly before: number; readonly after: number };
  /** Shares of the accesses that samples do not speak for. */
  readonly unseenShare: { readonly before: Fraction; readonly after: Fraction };
  readonly factor: number;
  readonly sparseBelow: Fraction;
  /** Blocks by change; each claim holds with 95 % confidence, so of many blocks some are wrong. */
  readonly blocks: Readonly<Record<HeatChange | 'becameSparse' | 'becameWider', number>>;
  /** The most changed blocks first: by how far the interval is from 1. */
  readonly changes: readonly ChangeLine[];
}

/** By how much a share must change, and how many blocks are listed. */
export interface DiffOptions extends CompareOptions {
  readonly top: number;
  /** Also blocks that did not change, or of which that is not known. */
  readonly all?: boolean;
  readonly pids?: ReadonlySet<ProcessId>;
}

/**
 * Compares two heat files block by block. Throws an OctavoError where they are samples of different natures
 * or page sizes.
 */
export async function heatDiff(
  before: HeatFileSource,
  after: HeatFileSource,
  options: DiffOptions,
): Promise<HeatDiff> {
  const [old, now] = [await heatMaps([before], options.pids), await heatMaps([after], options.pids)];
  const all = { before: Math.max(1, old.samples), after: Math.max(1, now.samples) };
  const pids = [...new Set([...old.maps.keys(), ...now.maps.keys()])].sort((a, b) => a - b);
  const changes = pids.flatMap((pid) =>
    compareMaps(old.maps.get(pid), now.maps.get(pid), all, options).map((change) => ({ pid, change })),
  );
  return {
    samples: { before: old.samples, after: now.samples },
    unseenShare: { before: before.origin.unseenShare, after: after.origin.unseenShare },
    factor: options.factor,
    sparseBelow: options.sparseBelow,
    blocks: countChanges(changes.map(({ change }) => change)),
    changes: changes
      .filter(({ change }) => options.all === true || isTold(change))
      .sort((a, b) => distance(b.change) - distance(a.change) || a.change.block - b.change.block)
      .slice(0, options.top)
      .map(({ pid, change }) => lineOf(pid, change, before, now, old)),
  };
}

function isTold(change: BlockChange): boolean {
  return change.heat === 'hotter' || change.heat === 'colder' || sparsenessChange(change) !== undefined;
}

function sparsenessChange({
  sparseBefore,
  sparseAfter,
}: BlockChange): 'becameSparse' | 'becameWider' | undefined {
  if (sparseBefore === 'wider' && sparseAfter === 'sparse') return 'becameSparse';
  return sparseBefore === 'sparse' && sparseAfter === 'wider' ? 'becameWider' : undefined;
}

/** How surely and how far a block moved: the logarithm of the end of its interval that is nearer to 1. */
function distance({ low, high }: BlockChange): number {
  return Math.max(0, Math.log(low), -Math.log(high));
}

function countChanges(changes: readonly BlockChange[]): HeatDiff['blocks'] {
  const counts = { hotter: 0, colder: 0, same: 0, unknown: 0, becameSparse: 0, becameWider: 0 };
  for (const change of changes) {
    counts[change.heat]++;
    const sparseness = sparsenessChange(change);
    if (sparseness !== undefined) counts[sparseness]++;
  }
  return counts;
}

function lineOf(
  pid: ProcessId,
  change: BlockChange,
  { geometry }: HeatFileSource,
  now: HeatMaps,
  old: HeatMaps,
): ChangeLine {
  const first = change.block * geometry.pagesPerBlock;
  return {
    pid,
    address: pageToAddress(first, geometry),
    mapping:
      mappingIn(now, pid, first, geometry.pagesPerBlock) ||
      mappingIn(old, pid, first, geometry.pagesPerBlock),
    samplesBefore: change.before.samples,
    samplesAfter: change.after.samples,
    low: change.low,
    high: Number.isFinite(change.high) ? change.high : null,
    heat: change.heat,
    sparseBefore: change.sparseBefore,
    sparseAfter: change.sparseAfter,
  };
}

/** The first name within a block. */
function mappingIn({ names }: HeatMaps, pid: ProcessId, first: number, pages: number): string {
  for (let page = first; page < first + pages; ) {
    const { name, end } = nameAt(names, pid, page);
    if (name !== '') return name;
    page = end;
  }
  return '';
}

/** Columns of a changed block for programs. */
export const CHANGE_ROWS: RowKind = {
  octavo: 'heat-change',
  version: 1,
  columns: [
    'pid',
    'address',
    'mapping',
    'samples_before',
    'samples_after',
    'ratio_low',
    'ratio_high',
    'heat',
    'sparse_before',
    'sparse_after',
  ],
};

/** Returns a changed block as a row of `CHANGE_ROWS`. */
export function changeRow(line: ChangeLine): Row {
  return {
    pid: line.pid,
    address: line.address,
    mapping: line.mapping,
    samples_before: line.samplesBefore,
    samples_after: line.samplesAfter,
    ratio_low: line.low,
    ratio_high: line.high ?? undefined,
    heat: line.heat,
    sparse_before: line.sparseBefore,
    sparse_after: line.sparseAfter,
  };
}

const HEAT_WORDS: Readonly<Record<HeatChange, string>> = {
  hotter: 'hotter',
  colder: 'colder',
  same: 'about as hot',
  unknown: '',
};

/** Returns the difference in words, blocks with the largest change first. */
export function diffLines(diff: HeatDiff): string[] {
  const { blocks, samples, factor, sparseBelow } = diff;
  const lost = Math.max(diff.unseenShare.before, diff.unseenShare.after);
  return [
    `${samples.before} samples before, ${samples.after} after; shares of all accesses are compared`,
    ...(lost > 0 ? [`up to ${percentUp(lost)} of the accesses were not seen: nothing is said of them`] : []),
    `hotter  ${blocks.hotter} blocks, by a factor of ${factor} at least`,
    `colder  ${blocks.colder} blocks, by a factor of ${factor} at least`,
    `same    ${blocks.same} blocks, within a factor of ${factor}`,
    `unknown ${blocks.unknown} blocks: too few samples to tell`,
    `sparse  ${blocks.becameSparse} blocks became so (90 % of the accesses on at most ${percentDown(sparseBelow)} of the sub-pages), ${blocks.becameWider} ceased to be`,
    'Each claim holds with 95 % confidence: of many blocks, up to one in twenty may be wrong.',
    ...(diff.changes.length === 0
      ? []
      : ['', 'most changed blocks', ...diff.changes.map((line) => `  ${changeLine(line)}`)]),
  ];
}

function changeLine(line: ChangeLine): string {
  const ratio = `× ${showRatio(line.low)} … ${line.high === null ? 'unbounded' : showRatio(line.high)}`;
  const words = [HEAT_WORDS[line.heat], sparsenessWords(line)].filter((word) => word !== '').join(', ');
  return `${String(line.pid).padStart(8)}  ${line.address.padStart(18)}  ${line.samplesBefore} → ${line.samplesAfter} samples, ${ratio}  ${words}  ${line.mapping}`;
}

function sparsenessWords({ sparseBefore, sparseAfter }: ChangeLine): string {
  if (sparseBefore === sparseAfter || sparseAfter === 'unknown') return '';
  const now = sparseAfter === 'sparse' ? 'sparse now' : 'not sparse now';
  return sparseBefore === 'unknown' ? `${now} (unknown before)` : now;
}

function showRatio(ratio: number): string {
  if (ratio === 0) return '0';
  return ratio < 100 ? ratio.toPrecision(2) : ratio.toFixed(0);
}
