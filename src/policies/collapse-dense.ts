import * as z from 'zod';
import { boundedFraction, collapseRank, whyNot } from '../hotness/conclusions.js';
import { density } from '../hotness/confidence.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import { share, toggle } from '../vocabulary/kind.js';
import { BLOCK_FLAG, type PageSizes } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { Bytes } from '../vocabulary/units.js';
import { judgeEach } from './each-block.js';
import { collapseCost, collapseGain } from './estimates.js';
import type { Findings } from './findings.js';
import { ofPages, type PolicyInput, policyKind } from './policy.js';
import { SPARSENESS } from './sparseness.js';

const NAME = 'collapse-dense';

/** Whether a block without any heat may be collapsed because it is full: a copy of cold memory brings nothing. */
export const BY_RESIDENCY = toggle({
  brief: 'collapse full blocks even without any heat',
  option: 'byResidency',
});

const PARAMETERS = z.strictObject({
  ...SPARSENESS,
  /** 0.90: Ingens promotes at 90 % utilisation, which bounds growth to a ninth of what is there. */
  denseAbove: share({ brief: 'collapse when at least this share is there and hot' }).default(0.9),
  /** A user who asks for collapse-dense by name wants it to collapse something; a chain does not. */
  collapseByResidency: BY_RESIDENCY.default(true),
});

/**
 * Collapses blocks of small pages that are nearly full and, when heat is known, hot over most of their pages. A
 * sparse block would turn every hole into memory; a cold one would cost a copy and bring nothing.
 */
export const collapseDense = policyKind({
  brief: 'collapse blocks of small pages that are nearly full and, where heat is known, hot',
  parameters: PARAMETERS,
  make: (bounds) => ({
    name: NAME,
    propose: (input) => judgeEach(NAME, input, 'pte', (...row) => judge(bounds, ...row)),
  }),
});

type Bounds = z.output<typeof PARAMETERS>;

/** Memory that Octavo may make huge: anonymous or shmem, whole in its mapping. Program files are left to the kernel. */
function isCandidate(sizes: PageSizes, row: number): boolean {
  const { kind } = sizes.mappings[sizes.blocks.mapping[row]];
  return (kind === 'anon' || kind === 'shmem') && (sizes.blocks.flags[row] & BLOCK_FLAG.wholeInMapping) !== 0;
}

function judge(bounds: Bounds, input: PolicyInput, row: number, findings: Findings): Proposal | undefined {
  const { sizes, parameters } = input;
  const { geometry, blocks } = sizes;
  const block = blocks.block[row];
  if (!isCandidate(sizes, row)) return undefined;
  const present = blocks.present[row];
  if (present < bounds.denseAbove * geometry.pagesPerBlock) {
    const now = kilobytes(present * geometry.pageBytes);
    findings.add('would-grow', `${now} would become ${kilobytes(geometry.blockBytes)}`, block);
    return undefined;
  }
  const targetOrder = parameters.order ?? geometry.hugeOrder;
  const heat = judgeHeat(bounds, input, row);
  if (!heat.hot) {
    findings.add(heat.unknown ? 'unknown-heat' : 'no-gain', heat.why, block);
    return undefined;
  }
  return {
    process: sizes.process,
    block,
    action: 'collapse',
    targetOrder,
    policy: NAME,
    reason: `${ofPages(present, geometry.pagesPerBlock)} are present; ${heat.why}`,
    gain: collapseGain(targetOrder, geometry),
    cost: collapseCost(present, geometry, parameters.costs),
    priority: heat.weight,
  };
}

interface HeatJudgement {
  readonly hot: boolean;
  readonly unknown: boolean;
  readonly why: string;
  readonly weight: number;
}

/** Without any heat the residency alone decides where that is allowed, and the reason says so. */
function judgeHeat(bounds: Bounds, { sizes, heat }: PolicyInput, row: number): HeatJudgement {
  const block = sizes.blocks.block[row];
  const forbidden = heat === undefined ? '' : whyNot(heat, 'dense');
  if (!heat?.subPageHeat || forbidden !== '') {
    const none = forbidden === '' ? 'no access samples were given' : `samples ${forbidden}`;
    const why = `${none}, so it is judged by residency alone`;
    return { hot: bounds.collapseByResidency, unknown: true, why, weight: rankOf(heat, sizes, row) };
  }
  const hot = heat.block(block);
  const fraction = boundedFraction(heat, block);
  if (hot === undefined || fraction === undefined)
    return { hot: false, unknown: true, why: 'no sample fell on it', weight: 0 };
  const { sparseBelow, denseAbove, keepAccesses } = bounds;
  const kind = density(fraction, sparseBelow, denseAbove, keepAccesses);
  if (kind === 'dense') {
    const why = `samples touched ${ofPages(hot.touched, sizes.geometry.pagesPerBlock)}`;
    return { hot: true, unknown: false, why, weight: collapseRank(heat, block) };
  }
  const why =
    kind === 'sparse'
      ? 'few of its sub-pages take nearly all accesses'
      : 'too few samples to tell that it is hot all over';
  return { hot: false, unknown: kind === 'unknown', why, weight: 0 };
}

/** What block to collapse first where residency alone decides: the hotter one if samples allow that much to be said. */
function rankOf(heat: HotMap | undefined, sizes: PageSizes, row: number): number {
  const mayRank = heat?.nature !== undefined && whyNot(heat, 'rank') === '';
  return mayRank ? collapseRank(heat, sizes.blocks.block[row]) : sizes.blocks.present[row];
}

function kilobytes(bytes: Bytes): string {
  return `${bytes / 1024} kB`;
}
