import { resolveTarget } from '../../config/targets.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../sources/damon-regions.js';
import { observe } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { BlockNumber, Milliseconds } from '../../vocabulary/units.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { DAMON_EXITS, requireDamon, type ShareFlags, shareFlags } from '../damon-flags.js';
import { type BlockHeat, describeColumns, drawHeat, drawHeatRow, heatColumns } from '../print/heat.js';
import { parsePeriod, targetParameter } from '../shared-flags.js';

type Flags = ShareFlags & {
  readonly json: boolean;
  readonly for: Milliseconds;
  readonly every?: Milliseconds;
};

/** Room for the time before a row of digits. */
const TIME_WIDTH = 10;

/** `octavo damon heatmap PID`: acts, since DAMON clears accessed bits. */
export const damonHeatmapCommand = command<Flags, [string]>(
  {
    brief: 'draw which huge blocks of a process are in use, as DAMON sees them',
    effect: {
      kind: 'acts',
      what: 'starts a kdamond, which clears accessed bits while it watches, and puts DAMON back as found',
    },
    description: [
      'Watches a process for a while and draws one digit per 2 MiB block with memory in it: 0 no access seen, 9 seen in',
      'every sample. With --every one line for each such time, addresses to the right. A huge page is one unit to',
      'DAMON, however little of it is in use (T2); what stays in the TLB is not seen at all (T1). Both are told when',
      'they may matter.',
    ].join('\n'),
    examples: [
      ['octavo damon heatmap 4711 --for 10s', 'ten seconds of one process'],
      ['octavo damon heatmap 4711 --for 1m --every 2s', 'thirty lines, time downwards'],
    ],
    exits: DAMON_EXITS,
  },
  {
    flags: {
      ...shareFlags,
      json: jsonFlag,
      for: {
        kind: 'parsed',
        parse: parsePeriod,
        brief: 'How long to watch',
        default: '5s',
        placeholder: 'time',
      },
      every: {
        kind: 'parsed',
        parse: parsePeriod,
        brief: 'Draw a line for each such time instead of one map of all; with --json a line of JSON',
        optional: true,
        placeholder: 'time',
      },
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    const processes = resolveTarget(this.host, target, {});
    if (processes.length !== 1) {
      throw new OctavoError('TARGET_AMBIGUOUS', { option: 'heatmap', target, count: processes.length });
    }
    requireDamon(this);
    const { sizes } = observe(this.host, processes[0].pid);
    const blocks = residentBlocks(sizes);
    if (blocks.length === 0) {
      this.remark(`octavo: process ${processes[0].pid} has no memory in whole blocks of its mappings`);
      return;
    }
    if (flags.every === undefined) await drawOnce(this, sizes, blocks, flags);
    else await drawOverTime(this, sizes, blocks, { ...flags, every: flags.every });
  },
);

async function drawOnce(
  context: OctavoContext,
  sizes: PageSizes,
  blocks: readonly BlockNumber[],
  flags: Flags,
): Promise<void> {
  const { heat, notes } = await watch(context, sizes, flags.for, flags.shareDamon === true);
  if (flags.json) {
    context.printJson(heatDocument(sizes, heat, notes));
    return;
  }
  for (const line of drawHeat(blocks, heat, sizes.geometry)) context.print(line);
  for (const note of notes) context.remark(note);
}

function heatDocument(
  { process }: PageSizes,
  { counts, samples }: BlockHeat,
  notes: readonly string[],
): object {
  const blocks = Object.fromEntries(counts);
  return { octavo: 'damon-heatmap', version: 1, pid: process.pid, samples, blocks, notes };
}

/** Columns are the blocks that had memory at the start; each line is a watch of its own. */
async function drawOverTime(
  context: OctavoContext,
  sizes: PageSizes,
  blocks: readonly BlockNumber[],
  flags: Flags & { readonly every: Milliseconds },
): Promise<void> {
  const columns = heatColumns(blocks, Math.max(1, context.streams.columns - TIME_WIDTH));
  if (flags.json) context.useJsonLines();
  else context.print(describeColumns(columns, sizes.geometry));
  const { clock } = context.host;
  const began = clock.monotonicNs();
  let last: readonly string[] = [];
  for (let done = 0; done < flags.for; done += flags.every) {
    const { heat, notes } = await watch(context, sizes, flags.every, flags.shareDamon === true);
    const seconds = (clock.monotonicNs() - began) / 1e9;
    last = notes;
    if (flags.json) context.printJson({ ...heatDocument(sizes, heat, notes), seconds });
    else
      context.print(`${`${seconds.toFixed(1)} s`.padStart(TIME_WIDTH - 2)}  ${drawHeatRow(columns, heat)}`);
  }
  if (flags.json) return;
  for (const note of last) context.remark(`at the end: ${note}`);
}

async function watch(
  context: OctavoContext,
  sizes: PageSizes,
  windowMs: Milliseconds,
  share: boolean,
): Promise<{ readonly heat: BlockHeat; readonly notes: readonly string[] }> {
  const { host, signal, progress } = context;
  const source = new DamonRegionsSource(sizes.geometry, { ...DAMON_REGIONS_DEFAULTS, windowMs, share });
  const show = (done: number, total: number, unit: string) => progress.show('watching', done, total, unit);
  const counts = new Map<BlockNumber, number>();
  for await (const reading of source.read({ host, processes: [sizes], progress: show, signal })) {
    if (reading.kind !== 'samples') continue;
    for (let row = 0; row < reading.batch.count; row++) {
      const block = Math.floor(reading.batch.virtualPage[row] / sizes.geometry.pagesPerBlock);
      counts.set(block, Math.max(counts.get(block) ?? 0, reading.batch.weight[row]));
    }
  }
  throwIfStopped(signal);
  const { obstacle } = source;
  if (obstacle && 'owner' in obstacle) throw new OctavoError('DAMON_OCCUPIED', { ...obstacle });
  if (obstacle) throw new OctavoError('DAMON_REFUSED', { ...obstacle });
  return { heat: { counts, samples: source.samples }, notes: source.account().notes };
}

function residentBlocks({ blocks }: PageSizes): BlockNumber[] {
  const found = new Set<BlockNumber>();
  for (let row = 0; row < blocks.count; row++) if (blocks.present[row] > 0) found.add(blocks.block[row]);
  return [...found].sort((left, right) => left - right);
}
