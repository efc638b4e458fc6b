import { resolveTarget } from '../../config/targets.js';
import { explainBlock } from '../../kernel-rules/eligibility.js';
import { OccupancySource } from '../../sources/occupancy.js';
import { blockState, emptyBlock } from '../../verification/block-rows.js';
import { type CensusTotals, censusByMapping, censusTotals } from '../../verification/census.js';
import { type Observation, observe } from '../../verification/observe.js';
import { readThpSettings } from '../../verification/thp-settings.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import type { BLOCK_FLAG, BlockState, PageSizes } from '../../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { addressToPage, blockToPage, pageToAddress, pageToBlock } from '../../vocabulary/units.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { parseCount, type ScopeFlags, scopeFlags, targetParameter } from '../flags.js';
import { showMappings, showTotals } from '../print/census.js';
import { plural, showBytes } from '../print/units.js';

/** Huge blocks whose content is read unless told otherwise: enough for a share within ±12 % at 95 % confidence. */
const SAMPLED_BLOCKS = 64;

type Flags = ScopeFlags & {
  readonly json: boolean;
  readonly content: 'none' | 'sample' | 'all';
  readonly explain?: string;
  readonly mappings: number;
  readonly blocks: boolean;
};

export const inspectCommand = command<Flags, [string]>(
  {
    brief: 'count a process’s memory by folio order and mapping level, and say why it is not huge',
    description: [
      'A census of a process, a command name, a cgroup or everything: bytes by folio order and by mapping level, holes',
      'that a collapse would fill, huge pages that hold mostly zeroes, and with --explain why one address is or is not',
      'huge. Changes nothing; reading content (--content sample or all) marks the pages read as referenced.',
    ].join('\n'),
    examples: [
      ['octavo inspect 4711', 'one process'],
      ['octavo inspect redis-server --content all', 'read every huge page for zero-filled sub-pages'],
      ['octavo inspect 4711 --explain 0x7f2a40000000', 'why is this block not huge?'],
      ['octavo inspect all --json --content none', 'everything, for a script'],
    ],
    exits: [
      [EXIT.badInput, 'the address is in no mapping'],
      [EXIT.noTarget, 'no such target'],
      [EXIT.notPermitted, 'this user may not look into it'],
    ],
  },
  {
    flags: {
      ...scopeFlags,
      json: jsonFlag,
      content: {
        kind: 'enum',
        values: ['none', 'sample', 'all'],
        brief: 'Read the content of no, some or all huge blocks',
        default: 'sample',
      },
      explain: {
        kind: 'parsed',
        parse: String,
        brief: 'Say why the block at ADDRESS is or is not huge',
        optional: true,
        placeholder: 'address',
      },
      mappings: {
        kind: 'parsed',
        parse: parseCount,
        brief: 'How many mappings to show',
        default: '10',
        placeholder: 'count',
      },
      blocks: {
        kind: 'boolean',
        brief: 'With --json: every block as well',
        default: false,
        withNegated: false,
      },
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    const processes = resolveTarget(this.host, target, flags);
    if (flags.explain !== undefined) return explain(this, processes, target, flags.explain, flags.json);
    const inspected: Inspected[] = [];
    for (const [index, process] of processes.entries()) {
      if (this.signal.aborted) break;
      this.progress.show('looking', index, processes.length, 'processes');
      const found = lookAt(this, process, processes.length === 1);
      if (found) inspected.push({ ...found, content: await readContent(this, found.sizes, flags.content) });
    }
    if (inspected.length === 0) throw new OctavoError('TARGET_NOT_FOUND', { target });
    if (flags.json) this.printJson(document(target, inspected, flags.blocks));
    else for (const one of inspected) show(this, one, flags.mappings);
  },
);

interface Content {
  /** Huge blocks read and huge blocks there are. */
  readonly read: number;
  readonly of: number;
  /** Zero-filled sub-pages in the blocks that were read. */
  readonly zeroPages: number;
  /** Blocks of those read that return-empty would split: more than 409 of 512 sub-pages zero. */
  readonly mostlyEmpty: number;
}

interface Inspected extends Observation {
  readonly totals: CensusTotals;
  readonly content?: Content;
}

function lookAt(context: OctavoContext, process: ProcessIdentity, alone: boolean): Inspected | undefined {
  try {
    const observation = observe(context.host, process.pid);
    return { ...observation, totals: censusTotals(observation.sizes) };
  } catch (problem) {
    if (alone || !(problem instanceof OctavoError)) throw problem;
    if (problem.code === 'PERMISSION')
      context.remark(`octavo: ${process.pid} (${process.command}): ${problem.message}`);
    return undefined;
  }
}

async function readContent(
  context: OctavoContext,
  sizes: PageSizes,
  how: Flags['content'],
): Promise<Content | undefined> {
  const of = censusTotals(sizes).hugeBlocks;
  if (how === 'none' || of === 0) return undefined;
  const limit = how === 'sample' ? { sampleBlocks: SAMPLED_BLOCKS } : {};
  const source = new OccupancySource({ bytesPerSecond: 1024 ** 3, ...limit });
  const { host, signal, progress } = context;
  const { pagesPerBlock } = sizes.geometry;
  const seen = { read: 0, zeroPages: 0, mostlyEmpty: 0 };
  const show = (done: number, total: number, unit: string) =>
    progress.show('reading content', done, total, unit);
  for await (const reading of source.read({ host, processes: [sizes], progress: show, signal })) {
    if (reading.kind !== 'content') continue;
    const zero = pagesPerBlock - reading.content.filled.reduce((sum, byte) => sum + bits(byte), 0);
    seen.read++;
    seen.zeroPages += zero;
    if (zero > (409 / 512) * pagesPerBlock) seen.mostlyEmpty++;
  }
  return { ...seen, of };
}

function bits(byte: number): number {
  let left = byte;
  let count = 0;
  for (; left; left &= left - 1) count++;
  return count;
}

function show(
  context: OctavoContext,
  { sizes, totals, content, account }: Inspected,
  mappings: number,
): void {
  const { pid, command: name, cgroup } = sizes.process;
  context.print(`Process ${pid} (${name}) in ${cgroup}`);
  context.print(showTotals(sizes, totals));
  if (content) context.print(showContent(sizes, content));
  if (!sizes.ordersKnown)
    context.print('folio orders are unknown: frames can be seen only with CAP_SYS_ADMIN (run as root)');
  if (sizes.thpDisabledByPrctl)
    context.print('THP is disabled for this process by prctl(PR_SET_THP_DISABLE)');
  context.print('');
  context.print(showMappings(sizes, censusByMapping(sizes), mappings));
  const ms = (ns: number) => (ns / 1e6).toFixed(1);
  context.print(
    `\nlooked at ${account.pages} pages in ${ms(account.totalNs)} ms, ${ms(account.kernelNs)} ms of it in the kernel’s reads\n`,
  );
}

function showContent({ geometry }: PageSizes, { read, of, zeroPages, mostlyEmpty }: Content): string {
  const share = ((100 * zeroPages) / Math.max(1, read * geometry.pagesPerBlock)).toFixed(1);
  const all =
    read === of
      ? `all ${plural(of, 'huge block')}`
      : `${read} of ${plural(of, 'huge block')}, drawn at random`;
  const estimate =
    read === of
      ? ''
      : `; about ${showBytes((zeroPages / Math.max(1, read)) * of * geometry.pageBytes)} in all`;
  return `zero-filled in THPs  ${share} % (${showBytes(zeroPages * geometry.pageBytes)} in ${all}${estimate}); ${mostlyEmpty} mostly empty`;
}

function document(target: string, inspected: readonly Inspected[], withBlocks: boolean) {
  return {
    octavo: 'census',
    version: 1,
    target,
    processes: inspected.map(({ sizes, totals, content, account }) => {
      const byMapping = censusByMapping(sizes);
      const mappings = [...byMapping].map(([index, sums]) => ({
        ...sizes.mappings[index],
        start: pageToAddress(sizes.mappings[index].start, sizes.geometry),
        end: pageToAddress(sizes.mappings[index].end, sizes.geometry),
        totals: sums,
      }));
      const { process, geometry, takenAtMs, ordersKnown, thpDisabledByPrctl } = sizes;
      const blocks = withBlocks ? { blocks: everyBlock(sizes) } : {};
      return {
        process,
        geometry,
        takenAtMs,
        ordersKnown,
        thpDisabledByPrctl,
        totals,
        content: content ?? null,
        mappings,
        account,
        ...blocks,
      };
    }),
  };
}

function everyBlock(sizes: PageSizes) {
  return Array.from({ length: sizes.blocks.count }, (_, row) => ({
    address: pageToAddress(blockToPage(sizes.blocks.block[row], sizes.geometry), sizes.geometry),
    ...blockState(sizes.blocks, row),
  }));
}

function explain(
  context: OctavoContext,
  processes: readonly ProcessIdentity[],
  target: string,
  address: string,
  json: boolean,
): void {
  const { host } = context;
  const { geometry } = host.identity;
  if (processes.length !== 1)
    throw new OctavoError('TARGET_AMBIGUOUS', { option: '--explain', target, count: processes.length });
  const page = addressToPage(address, geometry);
  if (page === undefined) throw new OctavoError('ADDRESS_SYNTAX', { address });
  const block = pageToBlock(page, geometry);
  const range = { start: blockToPage(block, geometry), end: blockToPage(block + 1, geometry) };
  const { sizes } = observe(host, processes[0].pid, { ranges: [range] });
  const index = sizes.mappings.findIndex(({ start, end }) => start <= page && page < end);
  if (index < 0) throw new OctavoError('ADDRESS_UNMAPPED', { address, pid: processes[0].pid });
  const state = stateIn(sizes, block, index);
  const { thpDisabledByPrctl } = sizes;
  const mapping = sizes.mappings[index];
  const reasons = explainBlock({
    mapping,
    state,
    settings: readThpSettings(host),
    geometry,
    thpDisabledByPrctl,
  });
  if (json) {
    context.printJson({
      octavo: 'explanation',
      version: 1,
      process: sizes.process,
      address,
      block,
      mapping,
      state,
      reasons,
    });
    return;
  }
  context.print(
    `Block ${pageToAddress(range.start, geometry)} in ${mapping.name || 'an anonymous mapping'} (${mapping.kind}, flags ${mapping.flags.join(' ') || 'unknown'})`,
  );
  context.print(
    `${state.level === 'none' ? 'nothing' : `${state.present} sub-pages`} present, mapped by ${state.level.toUpperCase()}`,
  );
  for (const reason of reasons) context.print(reason);
}

/** The block's row in that mapping; a block with nothing mapped still lies whole or not in its mapping. */
function stateIn(sizes: PageSizes, block: number, mapping: number): BlockState {
  const { blocks, geometry } = sizes;
  for (let row = 0; row < blocks.count; row++) {
    if (blocks.block[row] === block && blocks.mapping[row] === mapping) return blockState(blocks, row);
  }
  const { start, end } = sizes.mappings[mapping];
  const first = blockToPage(block, geometry);
  const whole = start <= first && first + geometry.pagesPerBlock <= end;
  const flags = whole ? (['wholeInMapping'] satisfies (keyof typeof BLOCK_FLAG)[]) : [];
  return { ...emptyBlock(block), flags };
}
