/** Cells of a comparison: what each run is worth between the two rulers of its own workload, CPU, pressure and seed. */
import type { Bytes, Fraction, Nanoseconds } from '../vocabulary/units.js';
import type { CellAnswer, CellRun } from './cell-run.js';
import { STEPS } from './speed-bound.js';

/** Where a cell stands in the matrix. */
export interface CellPlace {
  readonly workload: string;
  readonly cpu: string;
  /** `none`, or memory.max as a multiple of the data. */
  readonly pressure: string;
  readonly policy: string;
  readonly seed: number;
}

/** Shares are 0 to 1; null is what is not defined there. */
export interface Cell extends CellPlace {
  /** B: of the memory that `always` takes beyond `never`, averaged over time. Null where there is no bloat. */
  readonly bloatRemoved: Fraction | null;
  /** S: of the time of an access that `always` saves against `never`. Null where it saves nothing. */
  readonly speedKept: Fraction | null;
  /** B and S before they are held between 0 and 1. */
  readonly unheld: { readonly bloatRemoved: number | null; readonly speedKept: number | null };
  /** B × S; null where there is nothing to gain. */
  readonly product: Fraction | null;
  /** The largest B × S that any layout can reach, and the largest S at this B; see speed-bound.ts. */
  readonly bound: Fraction | null;
  readonly shareOfBound: Fraction | null;
  readonly speedBound: Fraction | null;
  /** The largest product that is known: of any policy of this comparison, or of a layout for exact rates. */
  readonly bestKnown: Fraction | null;
  readonly shareOfBestKnown: Fraction | null;
  /** Slower than the better ruler by this share of the time of an access; negative is faster. */
  readonly slowdown: number | null;
  readonly meanRssBytes: Bytes | null;
  readonly peakRssBytes: Bytes | null;
  readonly reclaimableBytes: Bytes | null;
  readonly nsPerAccess: Nanoseconds | null;
  /** What one access in a thousand exceeds, without think time; and the longest time between two of a thread. */
  readonly p999Ns: Nanoseconds | null;
  readonly worstGapNs: Nanoseconds | null;
  readonly majorFaults: number | null;
  /** Changes of blocks between huge and small, those after the first of a block, and the share of blocks that changed. */
  readonly actions: number | null;
  readonly churn: number | null;
  readonly actedShare: Fraction | null;
  /** CPU time of khugepaged, kswapd and kdamonds; and of user space that decides, with its calls. */
  readonly workNs: Nanoseconds | null;
  readonly ownCpuNs: Nanoseconds | null;
  /** Share of the blocks left alone for want of evidence; null for contenders without a rule in user space. */
  readonly unknownShare: Fraction | null;
  /** Steps that the planner refused it; 0 for those that ask no planner. */
  readonly refused: number | null;
  /** Why the policy could not run here; null when it did. */
  readonly unable: string | null;
}

/** Below these shares of what `never` takes there is nothing to gain, and products are not formed. */
export const LEAST_BLOAT = 0.01;
/** Least gain of `always` over `never` for which a share of it means anything: 0.2 %. */
export const LEAST_SPEEDUP = 0.002;

/** The two rulers of a cell: no huge pages, and huge pages everywhere. */
export interface Ruled {
  readonly never: CellRun;
  readonly always: CellRun;
}

interface Scale {
  readonly bloatBytes: Bytes;
  readonly savedNs: Nanoseconds;
  readonly neverNs: Nanoseconds;
  readonly rulers: Ruled;
}

/** `rulers`: undefined where one of them could not run, which leaves nothing to compare with. */
export function cellOf(place: CellPlace, answer: CellAnswer, rulers: Ruled | undefined): Cell {
  if (answer.kind === 'none') return { ...place, ...NOTHING, unable: answer.why };
  const { run } = answer;
  const idle = rulers && idleOf(run, rulers.never);
  if (idle !== undefined)
    return {
      ...place,
      ...NOTHING,
      unable: `${idle} accessed nothing in the measured time: it waited for all of it`,
    };
  const scale = rulers && scaleOf(rulers);
  const b =
    scale && ratio(rulers.always.meanRss - run.meanRss, scale.bloatBytes, rulers.never.meanRss * LEAST_BLOAT);
  const nsPerAccess = timeOf(run, rulers?.never ?? run);
  const s = scale && ratio(scale.neverNs - nsPerAccess, scale.savedNs, scale.neverNs * LEAST_SPEEDUP);
  const [bloatRemoved, speedKept] = [held(b), held(s)];
  const product = bloatRemoved === null || speedKept === null ? null : bloatRemoved * speedKept;
  const bound = product === null || scale === undefined ? undefined : boundsOf(scale, bloatRemoved ?? 0);
  return {
    ...place,
    ...{ bloatRemoved, speedKept, product },
    unheld: { bloatRemoved: b ?? null, speedKept: s ?? null },
    bound: bound?.product ?? null,
    shareOfBound: bound === undefined || product === null ? null : product / bound.product,
    speedBound: bound?.speed ?? null,
    bestKnown: bound?.known ?? null,
    shareOfBestKnown: null,
    slowdown: scale === undefined ? null : slowdownOf(nsPerAccess, scale),
    ...plainFigures(run),
    nsPerAccess,
    unable: null,
  };
}

/** A process that accesses memory without huge pages and does not here, so that an access has no time. */
function idleOf(run: CellRun, never: CellRun): string | undefined {
  const isBusy = (name: string) => never.processes.some((one) => one.name === name && one.accesses > 0);
  return run.processes.find(({ name, accesses }) => accesses === 0 && isBusy(name))?.name;
}

/** Against the better ruler. A recording that the TLB holds whole takes no time at all: what takes some then has no share. */
function slowdownOf(nsPerAccess: Nanoseconds, { neverNs, savedNs }: Scale): number | null {
  const best = Math.min(neverNs, neverNs - savedNs);
  if (best > 0) return nsPerAccess / best - 1;
  return nsPerAccess > 0 ? null : 0;
}

const NOTHING = {
  ...{ bloatRemoved: null, speedKept: null, product: null, unheld: { bloatRemoved: null, speedKept: null } },
  ...{ bound: null, shareOfBound: null, speedBound: null, bestKnown: null, shareOfBestKnown: null },
  ...{ slowdown: null, meanRssBytes: null, peakRssBytes: null, reclaimableBytes: null, nsPerAccess: null },
  ...{ p999Ns: null, worstGapNs: null, majorFaults: null, actions: null, churn: null, actedShare: null },
  ...{ workNs: null, ownCpuNs: null, unknownShare: null, refused: null },
} as const;

function plainFigures(run: CellRun) {
  return {
    meanRssBytes: Math.round(run.meanRss),
    peakRssBytes: run.peakRss,
    reclaimableBytes: run.reclaimableBytes,
    p999Ns: run.p999Ns,
    worstGapNs: run.worstGapNs,
    majorFaults: run.majorFaults,
    actions: run.actions,
    churn: run.churn,
    actedShare: run.actedShare,
    workNs: Math.round(run.workNs),
    ownCpuNs: run.ownCpuNs,
    unknownShare: run.agent?.unknownShare ?? null,
    refused: run.agent?.refused ?? 0,
  };
}

function scaleOf(rulers: Ruled): Scale {
  const neverNs = timeOf(rulers.never, rulers.never);
  return {
    bloatBytes: rulers.always.meanRss - rulers.never.meanRss,
    savedNs: neverNs - timeOf(rulers.always, rulers.never),
    neverNs,
    rulers,
  };
}

/** Mean time of an access over all processes, each with the share of the accesses that it has without huge pages. */
function timeOf(run: CellRun, mix: CellRun): Nanoseconds {
  const all = mix.processes.reduce((sum, { accesses }) => sum + accesses, 0);
  return run.processes.reduce((sum, { name, nsPerAccess }) => {
    const share = mix.processes.find((process) => process.name === name)?.accesses ?? 0;
    return sum + (nsPerAccess * share) / Math.max(1, all);
  }, 0);
}

function ratio(part: number, whole: number, least: number): number | undefined {
  return whole > least ? part / whole : undefined;
}

function held(share: number | undefined): Fraction | null {
  return share === undefined ? null : Math.max(0, Math.min(1, share));
}

/** Largest B × S, and largest S at a share of the bloat removed; undefined where no rates were counted. */
function boundsOf(
  { rulers, savedNs }: Scale,
  removed: Fraction,
): { product: Fraction; speed: Fraction; known: Fraction } | undefined {
  const { bound } = rulers.never;
  if (bound === null) return undefined;
  const speeds = bound.leastNs.map((least) => held((bound.translationNs - least) / savedNs) ?? 0);
  const known = Math.max(...bound.knownNs.map((ns, step) => ((held(ns / savedNs) ?? 0) * step) / STEPS));
  const product = Math.max(...speeds.map((speed, step) => (speed * step) / STEPS));
  const at = removed * STEPS;
  const below = Math.min(STEPS - 1, Math.floor(at));
  const speed = speeds[below] + (speeds[below + 1] - speeds[below]) * (at - below);
  return product > 0 ? { product, speed, known } : undefined;
}

/** Fills in the best product of each place. A bound that was passed is none: it holds for independent accesses alone. */
export function withBestKnown(cells: readonly Cell[]): readonly Cell[] {
  const best = new Map<string, number>();
  for (const cell of cells) {
    const known = Math.max(cell.product ?? 0, cell.bestKnown ?? 0);
    best.set(rowKey(cell), Math.max(best.get(rowKey(cell)) ?? 0, known));
  }
  return cells.map((cell) => {
    const bestKnown = best.get(rowKey(cell)) ?? 0;
    if (cell.product === null || bestKnown === 0) return cell;
    const bound = cell.bound === null ? null : Math.max(cell.bound, bestKnown);
    const shareOfBound = bound === null ? null : cell.product / bound;
    const speedBound = cell.speedBound === null ? null : Math.max(cell.speedBound, cell.speedKept ?? 0);
    return {
      ...cell,
      bound,
      shareOfBound,
      speedBound,
      bestKnown,
      shareOfBestKnown: cell.product / bestKnown,
    };
  });
}

/** Everything but the policy. */
export function rowKey({ workload, cpu, pressure, seed }: Omit<CellPlace, 'policy'>): string {
  return `${workload} ${cpu} ${pressure} ${seed}`;
}
