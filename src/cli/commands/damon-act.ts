import { type BlockOrder, blockContext, NO_PACING, padsNeeded } from '../../actuators/damos/block-context.js';
import { type BlocksRun, runOnBlocks } from '../../actuators/damos/run-blocks.js';
import { blocksAt } from '../../config/assemble.js';
import { resolveTarget } from '../../config/targets.js';
import { type DamonFeatures, readDamonFeatures } from '../../damon/damon-features.js';
import { unmappedRanges } from '../../damon/unmapped.js';
import { contextWrites } from '../../damon/writes.js';
import { BlockObserver } from '../../verification/block-observer.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import type { BlockNumber, Order, ProcessId } from '../../vocabulary/units.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { DAMON_EXITS, requireDamon, type ShareFlags, shareFlags, withSlot } from '../damon-flags.js';
import { parseOrder, parseWord } from '../parameters.js';
import { plural, showBytes } from '../print/units.js';
import { type DryRunFlags, dryRunFlags, targetParameter } from '../shared-flags.js';

const ACTIONS = ['stat', 'cold', 'pageout', 'hugepage', 'nohugepage', 'collapse', 'split'] as const;
type Action = (typeof ACTIONS)[number];

type Flags = ShareFlags &
  DryRunFlags & {
    readonly json: boolean;
    readonly action: Action;
    readonly range: readonly string[];
    readonly order?: Order;
    readonly allowSticky: boolean;
  };

/** `octavo damon act PID`: one DAMOS action on named blocks. */
export const damonActCommand = command<Flags, [string]>(
  {
    brief: 'let DAMOS act once on exactly these huge blocks of a process',
    effect: { kind: 'acts', what: 'lets DAMOS act on the blocks named' },
    description: [
      'Gives every block a region of its own, so that nothing else is acted on and no huge page is cut, makes one pass,',
      'and tells what DAMOS says it did beside what page sizes show. Without journal and undo: plan, apply and undo are',
      'for that. hugepage and nohugepage mark the mapping, and neither can be taken back to “neither”.',
    ].join('\n'),
    examples: [
      ['octavo damon act 4711 --action cold --range 0x7f2a40000000-0x7f2a48000000', 'age 64 blocks'],
      [
        'octavo damon act 4711 --action collapse --range 0x7f2a40000000',
        'one block, whatever THP=never says',
      ],
    ],
    exits: [
      ...DAMON_EXITS,
      [EXIT.badInput, 'the kernel refused a parameter'],
      [EXIT.notAllMet, 'not every block was acted on'],
    ],
  },
  {
    flags: {
      ...shareFlags,
      ...dryRunFlags,
      json: jsonFlag,
      action: { kind: 'enum', values: ACTIONS, brief: 'What to do' },
      range: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'The block at ADDRESS, or all blocks of START-END',
        variadic: true,
        placeholder: 'address',
      },
      order: {
        kind: 'parsed',
        parse: parseOrder,
        brief: 'Target order of split or collapse, where the kernel has one',
        optional: true,
        placeholder: 'order',
      },
      allowSticky: {
        kind: 'boolean',
        brief: 'Needed for hugepage and nohugepage, which cannot be taken back',
        default: false,
        withNegated: false,
      },
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    const processes = resolveTarget(this.host, target, {});
    if (processes.length !== 1) {
      throw new OctavoError('TARGET_AMBIGUOUS', { option: '--range', target, count: processes.length });
    }
    const { pid } = processes[0];
    const blocks = [...new Set(flags.range.flatMap((text) => blocksAt(this.host, text)))];
    requireConsent(flags);
    requireDamon(this);
    if (flags.dryRun) describe(this, pid, blocks, flags);
    else await act(this, pid, blocks, flags);
  },
);

function requireConsent({ action, allowSticky }: Flags): void {
  if (allowSticky || (action !== 'hugepage' && action !== 'nohugepage')) return;
  throw new OctavoError('USAGE', {
    problem: `${action} marks mappings for good and needs --allow-sticky`,
    command: 'damon act',
  });
}

/** BTF names actions; without it the kernel's own answer to the name decides. */
function requireAction({ action, order }: Flags, features: DamonFeatures): void {
  const knows = action === 'collapse' ? features.collapse : action !== 'split' || features.split;
  const orders = order === undefined || features.targetOrder;
  if (knows && orders) return;
  throw new OctavoError('ABILITY_MISSING', {
    ability: knows ? 'a target order' : `the action ${action}`,
    reason: `this kernel’s DAMOS does not know ${knows ? 'target_order' : 'it'}`,
    remedy: 'See `octavo doctor` for other ways to split and collapse.',
  });
}

function orderOf(pid: ProcessId, blocks: readonly BlockNumber[], { action, order }: Flags) {
  return { pid, action, targetOrder: order, blocks } satisfies Omit<BlockOrder, 'snapshotLimit'>;
}

function describe(
  context: OctavoContext,
  pid: ProcessId,
  blocks: readonly BlockNumber[],
  flags: Flags,
): void {
  const { host } = context;
  const { geometry } = host.identity;
  const features = readDamonFeatures(host);
  const maps = host.files.readText(`/proc/${pid}/maps`);
  const pads = unmappedRanges(maps.ok ? maps.value : '', padsNeeded(blocks.length), geometry);
  const order = { ...orderOf(pid, blocks, flags), snapshotLimit: features.snapshotLimit };
  const writes = contextWrites(blockContext(order, pads, NO_PACING, geometry), features);
  const calls = [...writes.map(({ file, text }) => `write ${file} = ${text}`), 'write state = on'];
  if (flags.json) context.printJson({ octavo: 'dry-run', version: 1, calls });
  else for (const call of calls) context.print(call);
}

async function act(
  context: OctavoContext,
  pid: ProcessId,
  blocks: readonly BlockNumber[],
  flags: Flags,
): Promise<void> {
  const observer = new BlockObserver(context.host, pid);
  const hugeNow = () => observer.look(blocks).filter(({ level }) => level === 'pmd').length;
  const before = hugeNow();
  const run = await withSlot(context, flags.shareDamon, (slot) => {
    requireAction(flags, slot.features());
    return runOnBlocks(slot, orderOf(pid, blocks, flags), NO_PACING, context.signal);
  });
  if (run.end === 'refused' && run.refusal) throw new OctavoError('DAMON_REFUSED', { ...run.refusal });
  const after = run.end === 'target-gone' ? 0 : hugeNow();
  const { tried, triedBytes, applied, appliedBytes } = run.statistics;
  if (flags.json) {
    context.printJson({
      ...{ octavo: 'damon-act', version: 1, pid, action: flags.action, blocks: blocks.length, end: run.end },
      ...{ cut: run.cut, tried: Number(tried), triedBytes: String(triedBytes), applied: Number(applied) },
      ...{ appliedBytes: String(appliedBytes), hugeBefore: before, hugeAfter: after },
    });
  } else tell(context, blocks.length, run, before, after);
  const all = run.end === 'done' && run.cut.length === 0;
  if (context.signal.aborted && !all) context.endsWith('interrupted');
  else if (!all) context.endsWith('notAllMet');
}

function tell(context: OctavoContext, blocks: number, run: BlocksRun, before: number, after: number): void {
  const { tried, triedBytes, applied, appliedBytes } = run.statistics;
  context.print(
    `DAMOS tried ${tried} of ${plural(blocks, 'block')} (${showBytes(Number(triedBytes))}) and says that it applied to ${applied} (${showBytes(Number(appliedBytes))})`,
  );
  context.print(`huge pages among them: ${before} before, ${after} after`);
  if (run.cut.length > 0) {
    context.remark(`${plural(run.cut.length, 'block')} left out: not whole in one mapping of the process`);
  }
  if (run.end === 'target-gone') context.remark('the process ended meanwhile');
  if (run.end === 'no-pass') context.remark('no pass was completed in time');
}
