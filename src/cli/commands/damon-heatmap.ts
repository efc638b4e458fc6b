import { resolveTarget } from '../../config/targets.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../sources/damon-regions.js';
import { observe } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import { blockToPage, pageToAddress } from '../../vocabulary/units.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { DAMON_EXITS, requireDamon, type ShareFlags, shareFlags } from '../damon-flags.js';
import { parseDuration, targetParameter } from '../flags.js';

type Flags = ShareFlags & {
  readonly json: boolean;
  readonly for: number;
};

const BLOCKS_PER_LINE = 64;
const DIGITS = 9;

export const damonHeatmapCommand = command<Flags, [string]>(
  {
    brief: 'draw which huge blocks of a process are in use, as DAMON sees them',
    description: [
      'Watches a process for a while and draws one digit per 2 MiB block with memory in it: 0 no access seen, 9 seen in',
      'every sample. A huge page is one unit to DAMON, however little of it is in use (T2); what stays in the TLB is',
      'not seen at all (T1). Both are told when they may matter.',
    ].join('\n'),
    examples: [['octavo damon heatmap 4711 --for 10s', 'ten seconds of one process']],
    exits: DAMON_EXITS,
  },
  {
    flags: {
      ...shareFlags,
      json: jsonFlag,
      for: {
        kind: 'parsed',
        parse: parseDuration,
        brief: 'How long to watch',
        default: '5s',
        placeholder: 'time',
      },
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    requireDamon(this);
    const processes = resolveTarget(this.host, target, {});
    if (processes.length !== 1) {
      throw new OctavoError('TARGET_AMBIGUOUS', { option: 'heatmap', target, count: processes.length });
    }
    const { sizes } = observe(this.host, processes[0].pid);
    const source = new DamonRegionsSource(sizes.geometry, {
      ...DAMON_REGIONS_DEFAULTS,
      windowMs: flags.for,
      share: flags.shareDamon,
    });
    const heat = await watch(this, source, sizes);
    const { notes } = source.account();
    if (flags.json) {
      const blocks = Object.fromEntries(heat);
      this.printJson({ octavo: 'damon-heatmap', version: 1, pid: processes[0].pid, blocks, notes });
      return;
    }
    for (const line of drawHeat(sizes, heat)) this.print(line);
    for (const note of notes) this.remark(note);
  },
);

async function watch(
  context: OctavoContext,
  source: DamonRegionsSource,
  sizes: PageSizes,
): Promise<Map<number, number>> {
  const { host, signal, progress } = context;
  const show = (done: number, total: number, unit: string) => progress.show('watching', done, total, unit);
  const heat = new Map<number, number>();
  for await (const reading of source.read({ host, processes: [sizes], progress: show, signal })) {
    if (reading.kind !== 'samples') continue;
    for (let row = 0; row < reading.batch.count; row++) {
      const block = Math.floor(reading.batch.virtualPage[row] / sizes.geometry.pagesPerBlock);
      heat.set(block, Math.max(heat.get(block) ?? 0, reading.batch.weight[row]));
    }
  }
  const refused = Object.keys(source.account().losses);
  if (refused.length > 0) {
    throw new OctavoError('DAMON_OCCUPIED', {
      owner: source.account().notes.join(' ') || refused[0],
      remedy: '',
    });
  }
  return heat;
}

/** Lines of up to 64 blocks that lie side by side, each with its first address. */
export function drawHeat(sizes: PageSizes, heat: ReadonlyMap<number, number>): string[] {
  const most = Math.max(1, ...heat.values());
  const lines: string[] = [];
  let digits = '';
  let first = -1;
  let next = -1;
  const flush = () => {
    if (digits) lines.push(`${pageToAddress(blockToPage(first, sizes.geometry), sizes.geometry)}  ${digits}`);
    digits = '';
  };
  for (let row = 0; row < sizes.blocks.count; row++) {
    const block = sizes.blocks.block[row];
    if (sizes.blocks.present[row] === 0 || block < next) continue;
    if (block !== next || digits.length === BLOCKS_PER_LINE) {
      flush();
      first = block;
    }
    digits += Math.ceil((DIGITS * (heat.get(block) ?? 0)) / most);
    next = block + 1;
  }
  flush();
  return lines;
}
