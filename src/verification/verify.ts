/**
 * Nouns 6 and before/after to noun 7: whether a step had its effect, judged by page sizes alone. What the mechanism
 * answered serves only to explain a failure. Pure.
 */
import { collapseObstacles } from '../kernel-rules/eligibility.js';
import type { BlockCase } from '../kernel-rules/obstacle.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Receipt, Step, Verdict, VerdictCause } from '../vocabulary/plan.js';
import type { PageGeometry } from '../vocabulary/units.js';

/** Evidence beside the page sizes, for the cause of a failure. */
export interface Evidence {
  readonly receipt: Receipt;
  /** Rules that apply to the block now; undefined when its mapping is gone. */
  readonly rules: Omit<BlockCase, 'state'> | undefined;
  /** Whether the system counted failed splits while the step's batch was carried out. */
  readonly splitsFailed: boolean;
  readonly targetGone: boolean;
}

/** Returns the verdict of a step: met, partly or not met, with cause and returned bytes. */
export function verify(
  step: Step,
  before: BlockState,
  after: BlockState,
  evidence: Evidence,
  geometry: PageGeometry,
): Verdict {
  const outcome = evidence.targetGone ? 'not-met' : outcomeOf(step, before, after, geometry);
  const explained =
    outcome === 'met'
      ? success(step, before, after, evidence.receipt)
      : explain(step, before, after, evidence);
  const residentDelta = (after.present - before.present) * geometry.pageBytes;
  const returnedBytes = returnedTo(step, before, after, evidence, geometry);
  return { step: step.id, outcome, ...explained, before, after, residentDelta, returnedBytes };
}

/** Bytes that the system got back between two looks, null when page and frame tables do not tell. */
function returnedTo(
  step: Step,
  before: BlockState,
  after: BlockState,
  { rules, targetGone }: Evidence,
  { pageBytes }: PageGeometry,
): number | null {
  if (targetGone || !rules) return null;
  // What leaves the page tables stays in the page cache; what a collapse adds to it is not seen from here.
  if (rules.mapping.kind !== 'anon') return step.proposal.action === 'split' ? 0 : null;
  const mapped = before.present - after.present;
  const held = before.unmapped === null || after.unmapped === null ? 0 : before.unmapped - after.unmapped;
  return (mapped + held) * pageBytes;
}

/** Whether a block looks as the step wanted it. Does not ask who made it so. */
export function outcomeOf(
  step: Step,
  before: BlockState,
  after: BlockState,
  geometry: PageGeometry,
): Verdict['outcome'] {
  const { action } = step.proposal;
  if (action === 'collapse') return collapseOutcome(step, after, geometry);
  if (after.level === 'pmd') return 'not-met';
  if (after.level === 'none') return before.level === 'none' ? 'not-met' : 'met';
  if (after.pagesByOrder.length === 0) return before.level === 'pmd' ? 'met' : 'partly';
  return splitOutcome(step, after);
}

function collapseOutcome(step: Step, after: BlockState, geometry: PageGeometry): Verdict['outcome'] {
  const { targetOrder } = step.proposal;
  if (targetOrder === geometry.hugeOrder) return after.level === 'pmd' ? 'met' : 'not-met';
  const wanted = after.pagesByOrder[targetOrder] ?? 0;
  if (wanted === 0) return 'not-met';
  return wanted === after.present ? 'met' : 'partly';
}

function splitOutcome(step: Step, after: BlockState): Verdict['outcome'] {
  const { targetOrder, aroundPage } = step.proposal;
  const larger = after.pagesByOrder.slice(targetOrder + 1).reduce((sum, pages) => sum + pages, 0);
  if (aroundPage !== undefined) return after.pagesByOrder[targetOrder] > 0 ? 'met' : 'partly';
  if (larger === 0) return 'met';
  return larger === after.present && (after.pagesByOrder.at(-1) ?? 0) === larger ? 'not-met' : 'partly';
}

function success(
  step: Step,
  before: BlockState,
  after: BlockState,
  receipt: Receipt,
): { cause: VerdictCause; why: string } {
  if (!receipt.tried) return { cause: 'none', why: 'it was so already' };
  const { action, targetOrder } = step.proposal;
  if (action === 'collapse') return { cause: 'none', why: `mapped as order ${targetOrder} now` };
  if (after.level === 'none') {
    const why = 'split and unmapped, nothing returned; the process faults it back in small pages';
    return { cause: 'none', why };
  }
  const stayed =
    before.firstFrame !== null && before.firstFrame === after.firstFrame ? ', on the frames it had' : '';
  return { cause: 'none', why: `split to order ${targetOrder}${stayed}${wentBack(before, after)}` };
}

function wentBack(before: BlockState, after: BlockState): string {
  const zero = before.present - after.present;
  const held = (before.unmapped ?? 0) - (after.unmapped ?? 0);
  return [
    zero > 0 ? `; ${zero} zero-filled sub-pages went back` : '',
    held > 0 ? `; ${held} pages that no process mapped went back` : '',
  ].join('');
}

function explain(
  step: Step,
  before: BlockState,
  after: BlockState,
  evidence: Evidence,
): Pick<Verdict, 'cause' | 'why' | 'by'> {
  const { receipt, rules, targetGone } = evidence;
  if (targetGone || receipt.answer === 'ESRCH')
    return { cause: 'target-gone', why: 'the process ended before or during the step' };
  if (!receipt.tried) return { cause: 'not-tried', why: `not tried: ${receipt.answer}` };
  if (!rules || (after.present === 0 && before.present > 0)) {
    const why = 'the process has unmapped the block since the plan was made';
    return { cause: 'unmapped-since', why, by: { who: 'process' } };
  }
  if (step.proposal.action === 'split' && isOtherFolio(before, after)) {
    const why = 'the process mapped or faulted the block anew meanwhile: it is another huge page';
    return { cause: 'remapped', why, by: { who: 'process' } };
  }
  return step.proposal.action === 'split'
    ? splitCause(after, evidence)
    : collapseCause(after, rules, receipt);
}

/** A split leaves frames where they are, and a collapse by khugepaged within the milliseconds of a batch is rare. */
function isOtherFolio(before: BlockState, after: BlockState): boolean {
  const known = before.firstFrame !== null && after.firstFrame !== null;
  return known && after.level === 'pmd' && before.level === 'pmd' && before.firstFrame !== after.firstFrame;
}

function splitCause(
  after: BlockState,
  { receipt, rules, splitsFailed }: Evidence,
): { cause: VerdictCause; why: string } {
  if (rules?.mapping.flags.includes('lo') && receipt.actuator === 'madvise') {
    return { cause: 'mlocked', why: 'the memory is mlocked, which MADV_COLD refuses' };
  }
  if (splitsFailed) {
    return {
      cause: 'pinned',
      why: 'the kernel counted a failed split: something holds an extra reference (I/O in flight, vmsplice, VFIO)',
    };
  }
  if (after.flags.includes('shared') && receipt.actuator === 'madvise') {
    return {
      cause: 'shared',
      why: 'another process maps the folio as well (fork), so MADV_COLD passed over it',
    };
  }
  if (receipt.answer !== 'ok')
    return { cause: 'refused-by-kernel', why: `the kernel answered ${receipt.answer}` };
  return { cause: 'unknown', why: 'the kernel said yes, but the page sizes did not change' };
}

const BY_ERRNO: Partial<Record<string, readonly [VerdictCause, string]>> = {
  ENOMEM: ['no-free-block', 'no free huge block could be had, even after compaction'],
  EBUSY: [
    'memory-limit',
    'the target’s cgroup has no room for the huge page, or userfaultfd forbids filling its holes',
  ],
  EAGAIN: ['pinned', 'a page in it was locked or held by an extra reference (I/O in flight, vmsplice, VFIO)'],
  EPERM: ['refused-by-kernel', 'acting on another process’s memory needs CAP_SYS_NICE'],
};

const BY_OBSTACLE: Partial<Record<string, VerdictCause>> = {
  nohugepage: 'nohugepage',
  'mapping-too-small': 'mapping-too-small',
  'thp-disabled': 'thp-disabled',
  misaligned: 'misaligned',
  'nothing-mapped': 'nothing-mapped',
};

function collapseCause(
  after: BlockState,
  rules: Omit<BlockCase, 'state'>,
  receipt: Receipt,
): { cause: VerdictCause; why: string } {
  const obstacle = collapseObstacles({ ...rules, state: after })[0];
  if (obstacle) return { cause: BY_OBSTACLE[obstacle.code] ?? 'refused-by-kernel', why: obstacle.why };
  const known = BY_ERRNO[receipt.answer];
  if (known) return { cause: known[0], why: known[1] };
  if (receipt.answer !== 'ok')
    return { cause: 'refused-by-kernel', why: `the kernel answered ${receipt.answer}` };
  return { cause: 'unknown', why: 'the kernel said yes, but the page sizes did not change' };
}
