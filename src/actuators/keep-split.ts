/**
 * Makes the splits of blocks last. khugepaged collapses a block again once it finds a referenced page in it, and a
 * split copies the huge page's reference to every piece. So the references are cleared before the split: cleared
 * afterwards, a busy khugepaged is quicker. That holds until the block is touched. What holds beyond that is
 * VM_NOHUGEPAGE, which cannot be taken back to "neither" and which therefore is set only when it was asked for.
 */
import { SHARE_DAMON } from '../damon/share-damon.js';
import { DamonSlot } from '../damon/slot.js';
import type { Host } from '../host/host.js';
import { switchField } from '../vocabulary/field.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Step } from '../vocabulary/plan.js';
import { type BlockNumber, blockToPage, type PageRange } from '../vocabulary/units.js';
import type { ActingContext, Actuator } from './actuator.js';
import { adviseEach } from './advising.js';
import { NO_PACING } from './damos/block-context.js';
import { runOnBlocks } from './damos/run-blocks.js';

/** Which blocks of a process are to stay split, and by what means. */
export interface KeepRequest {
  readonly blocks: readonly BlockNumber[];
  /** VM_NOHUGEPAGE by DAMOS on the blocks (`--allow-sticky`), which splits their mapping at the edges. */
  readonly allowSticky: boolean;
  /** Use a free slot of a DAMON tree that another tool set up. */
  readonly shareDamon: boolean;
}

/** What the means against a new collapse came to. */
export interface KeepOutcome {
  /** Per block: `ok` or the errno of clearing its references. */
  readonly cleared: readonly string[];
  /** What became of VM_NOHUGEPAGE: `not asked`, `done`, or why not. */
  readonly sticky: string;
}

/** To be called right before the blocks are split; also refreshes blocks that are split and idle. */
export async function prepareToStaySplit(request: KeepRequest, context: ActingContext): Promise<KeepOutcome> {
  const { geometry } = context.host.identity;
  const ranges: PageRange[] = request.blocks.map((block) => {
    const start = blockToPage(block, geometry);
    return { start, end: start + geometry.pagesPerBlock };
  });
  // First the flag: marking a mapping takes no notice of references, and cooling comes last.
  const sticky = request.allowSticky ? await forbidHugePages(request, context) : 'not asked';
  return { cleared: await adviseEach(context, ranges, 'MADV_COLD'), sticky };
}

async function forbidHugePages(request: KeepRequest, { host, target }: ActingContext): Promise<string> {
  const slot = await DamonSlot.open(host, { share: request.shareDamon });
  if (!slot.ok) return `DAMON is used by ${slot.error.owner}. ${slot.error.remedy}`;
  try {
    const order = { pid: target.pid, action: 'nohugepage', targetOrder: undefined, blocks: request.blocks };
    const run = await runOnBlocks(slot.value, order, NO_PACING);
    if (run.refusal) return `${run.refusal.errno}: ${run.refusal.call}`;
    return run.cut.length > 0
      ? `${run.end}, but ${run.cut.length} blocks no longer lie whole in one mapping`
      : run.end;
  } finally {
    await slot.value.close();
  }
}

/**
 * What happened to a block between two looks, by its generation mark: a split keeps the frames, a collapse always
 * moves the memory to a new, aligned run of them.
 */
export type Generation = 'same' | 'split' | 'collapsed-again' | 'moved' | 'gone';

/**
 * Compares a block with how it was: by its first frame, since a split keeps frames and a collapse takes new
 * ones.
 */
export function generationSince(before: BlockState, after: BlockState): Generation {
  if (after.present === 0) return 'gone';
  const framesKept = before.firstFrame !== null && before.firstFrame === after.firstFrame;
  if (framesKept) return before.level === 'pmd' && after.level === 'pte' ? 'split' : 'same';
  return after.level === 'pmd' ? 'collapsed-again' : 'moved';
}

/** The means that a user chooses, the same for all blocks of an actuator. */
export type KeepOptions = Pick<KeepRequest, 'allowSticky' | 'shareDamon'>;

/** Fields of every kind of actuator that splits. */
export const KEEPING = {
  allowSticky: switchField({
    brief: 'mark what is split VM_NOHUGEPAGE so that it stays split; this cannot be taken back',
  }),
  shareDamon: SHARE_DAMON,
} as const;

/** Prepares splits that leave references behind to last, and every split that may be made sticky. */
export function lasting(actuator: Actuator, host: Host, options: KeepOptions): Actuator {
  const splits = actuator.abilities.some(({ action, missing }) => action === 'split' && missing === '');
  if (!splits || (actuator.clearsReferences && !options.allowSticky)) return actuator;
  return stayingSplit(actuator, host, options);
}

/** The same actuator, with every split made to last: what it splits is prepared right before. */
export function stayingSplit(inner: Actuator, host: Host, options: KeepOptions): Actuator {
  const cools = host.calls.probeAdvice('MADV_COLD').ok;
  return {
    ...{ name: inner.name, abilities: inner.abilities, batch: inner.batch, defeatedBy: inner.defeatedBy },
    pacesItself: inner.pacesItself,
    clearsReferences: inner.clearsReferences || cools,
    describe: (steps, pid) => [...describeKeeping(steps, pid, options), ...inner.describe(steps, pid)],
    async apply(steps, context) {
      const blocks = splitBlocks(steps);
      if (blocks.length === 0) return inner.apply(steps, context);
      const kept = await prepareToStaySplit({ ...options, blocks }, context);
      const receipts = await inner.apply(steps, context);
      return receipts.map((receipt, index) =>
        steps[index].proposal.action === 'split'
          ? { ...receipt, calls: [...describeKept(steps[index], kept, blocks), ...receipt.calls] }
          : receipt,
      );
    },
  };
}

function splitBlocks(steps: readonly Step[]): BlockNumber[] {
  return steps.filter(({ proposal }) => proposal.action === 'split').map(({ proposal }) => proposal.block);
}

function describeKeeping(steps: readonly Step[], pid: number, { allowSticky }: KeepOptions): string[] {
  const blocks = splitBlocks(steps);
  if (blocks.length === 0) return [];
  const sticky = allowSticky
    ? [
        `DAMOS nohugepage on ${blocks.length} blocks of ${pid}: VM_NOHUGEPAGE, which no call can take back to neither`,
      ]
    : [];
  return [...sticky, `process_madvise(pidfd of ${pid}, ${blocks.length} whole blocks, MADV_COLD)`];
}

function describeKept(step: Step, kept: KeepOutcome, blocks: readonly BlockNumber[]): string[] {
  const cleared = kept.cleared[blocks.indexOf(step.proposal.block)];
  const sticky = kept.sticky === 'not asked' ? [] : [`DAMOS nohugepage: ${kept.sticky}`];
  return [...sticky, `MADV_COLD on the whole block: ${cleared}`];
}
