import { DEFAULT_SPARSE_BELOW } from '../../policies/sparse-bound.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { ViewName } from '../../sources/view-values.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { showShare } from '../../vocabulary/quantities.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { formatFlag, rowPrinter } from '../format-flag.js';
import { tellBeside } from '../output.js';
import { countBetween, parseFraction, parseWord } from '../parameters.js';
import type { RowFormat } from '../print/rows.js';
import {
  checkOutputs,
  hasOutputs,
  outputFlags,
  pipedOutput,
  type ReportOutputs,
} from '../reports/outputs.js';
import { readSubject, type Subject } from '../reports/subject.js';
import { BLOCK_ROWS, blockRow } from '../samples/block-rows.js';
import {
  DISTRIBUTION_ROWS,
  DISTRIBUTIONS,
  type DistributionName,
  distributionLines,
  distributionOf,
  distributionRows,
} from '../samples/distribution.js';
import { heatBlocks, heatReport } from '../samples/heat-report.js';
import { reportLines } from '../samples/heat-text.js';
import { hugeBlocks } from '../samples/huge-blocks.js';
import { memoryUse } from '../samples/memory-use.js';
import { byFlag, pidFlag } from '../samples/options.js';
import { VIEW_ROWS, viewLines, viewOf, viewRow, viewRows } from '../samples/view.js';
import { type StateFlags, stateFlags } from '../shared-flags.js';

type ReportFlags = ReportOutputs &
  StateFlags & {
    readonly pid?: ReadonlySet<number>;
    readonly top: number;
    readonly bins: number;
    readonly sparse: number;
    readonly thp: boolean;
    readonly heat?: string;
    readonly format?: RowFormat;
    readonly by?: ViewName;
    readonly distribution?: DistributionName;
    readonly accesses: number;
    readonly json: boolean;
  };

/** `octavo report FILE|RUN`: text, JSON, HTML, Markdown, SVG or PNG. */
export const reportCommand = command<ReportFlags, [string]>(
  {
    brief: 'show what a heat file, a run, a simulation or a comparison says, also as a page',
    effect: LOOKS,
    description: [
      'Shows over which share of their sub-pages the accesses of blocks are spread. A block with few samples may be',
      'sparse or only little sampled, so each bin has a lower and an upper bound at 95 % confidence, and what cannot be',
      'decided is said. Below it: processes, mappings and the hottest blocks. With --thp only huge pages of live',
      'processes are counted, those without any sample as unknown.',
      'Of a run (by its name, `octavo runs` lists them) and of what `octavo runs RUN`, `octavo simulate`, `octavo compare`',
      'and `octavo history` print with --json it tells what was before, what was decided and why, what it came to and cost.',
      'With --html all of it is one page that opens offline, with maps of heat over time and addresses.',
    ].join('\n'),
    examples: [
      ['octavo report heat.parquet', 'the histogram as text'],
      ['octavo report heat.parquet --svg histogram.svg', 'the same as a picture'],
      ['octavo report heat.parquet --html heat.html', 'all of it as a page, with the map of heat over time'],
      ['octavo report heat.parquet --figure heat-map --png map.png', 'that map as a picture'],
      ['octavo report 20260101T120000000Z-1a2b --html run.html', 'what a run did, and what came back'],
      ['octavo report outcome.json --md -', 'a simulation, for an issue or a chat'],
      ['octavo report heat.parquet --thp', 'share of the huge pages of processes that still run'],
      ['octavo report heat.parquet --pid 4711 --top 50', 'one process, more blocks'],
      ['octavo report heat.parquet --by tlb', 'accesses by TLB outcome, and in which mappings'],
      ['octavo report damon.data --distribution wss', 'working-set size over time, as damo report wss'],
      ['octavo report heat.parquet --format csv', 'every block as a line, for other programs'],
    ],
    exits: [
      [EXIT.badInput, 'the file is no heat file and no document that a report is made of'],
      [EXIT.noTarget, 'with --thp: none of its processes runs any more'],
      [EXIT.notPermitted, 'with --thp: page tables are hidden from this user'],
    ],
  },
  {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          placeholder: 'heat|run|document',
          brief:
            'Heat file of `octavo import`, a run, or what runs RUN, simulate, compare or history print with --json; with --distribution also a record of DAMON',
          parse: parseWord,
        },
      ],
    },
    flags: {
      pid: pidFlag,
      top: {
        kind: 'parsed',
        parse: countBetween(1, 1000),
        default: '10',
        brief: 'Blocks and mappings to list',
      },
      bins: { kind: 'parsed', parse: countBetween(1, 1000), default: '10', brief: 'Bins of the histogram' },
      sparse: {
        kind: 'parsed',
        parse: parseFraction,
        default: showShare(DEFAULT_SPARSE_BELOW),
        brief: 'A block is sparse when at most this share of its sub-pages takes 90 % of its accesses',
      },
      thp: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Count blocks that are huge pages now, sampled or not; their processes must still run',
      },
      format: formatFlag,
      by: byFlag,
      distribution: {
        kind: 'enum',
        values: DISTRIBUTIONS,
        optional: true,
        brief:
          'Show working-set size, footprint or recency over time, of a heat file or a record of DAMON; rss or vsz of damo’s PATH.mem_footprint',
      },
      accesses: {
        kind: 'parsed',
        parse: countBetween(1, 1e6),
        default: '1',
        brief:
          'With --distribution: a region of DAMON counts when found accessed at least so often an aggregation',
      },
      heat: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        brief: 'Of a run: draw this heat file of its processes, with what the run did over it',
        placeholder: 'file',
      },
      ...outputFlags,
      ...stateFlags,
      json: jsonFlag,
    },
  },
  async function (flags, path) {
    checkFormat(flags);
    checkOutputs(flags, flags.json, 'report');
    if (flags.distribution !== undefined) return printDistribution(this, path, flags, flags.distribution);
    const subject = await readSubject(this, path, flags.state);
    if (subject.kind === 'heat') return reportHeat(this, subject.source, path, flags);
    const { tellDocument } = await import('../reports/tell.js');
    checkOfHeat(flags, subject);
    await tellDocument(this, subject, path, flags);
  },
);

async function reportHeat(
  context: OctavoContext,
  source: HeatFileSource,
  path: string,
  flags: ReportFlags,
): Promise<void> {
  if (flags.heat !== undefined) throw misplaced('--heat goes with a run; heat is what this report is of');
  if (flags.by !== undefined) return printView(context, source, path, flags, flags.by);
  if (flags.format !== undefined) return printBlocks(context, source, flags, flags.format);
  const huge = flags.thp ? await hugeBlocks(context.host, source, path, flags.pid) : undefined;
  const report = await heatReport(source, {
    ...(huge === undefined ? {} : { huge }),
    bins: flags.bins,
    top: flags.top,
    sparseBelow: flags.sparse,
    ...(flags.pid === undefined ? {} : { pids: flags.pid }),
  });
  if (hasOutputs(flags)) {
    const { writeHeatReport } = await import('../reports/tell.js');
    await writeHeatReport(context, source, { path, report, huge, pids: flags.pid }, flags);
  }
  if (flags.json) context.printJson({ octavo: 'heat-report', version: 2, heat: path, ...report });
  else for (const line of reportLines(report)) tellBeside(context, line, pipedOutput(flags));
}

/** One way of printing at a time. */
function checkFormat({ format, json, thp, by, distribution, ...outputs }: ReportFlags): void {
  const written = (['html', 'md', 'svg', 'png'] as const).find((name) => outputs[name] !== undefined);
  const other = json ? '--json' : thp ? '--thp' : written === undefined ? '' : `--${written}`;
  if (format !== undefined && other !== '') throw misplaced(`--format does not go with ${other}`);
  const rows = by !== undefined ? '--by' : distribution !== undefined ? '--distribution' : '';
  if (rows !== '' && written !== undefined) throw misplaced(`${rows} does not go with --${written}`);
}

/** Options that ask something of heat say nothing of other reports. */
function checkOfHeat({ format, by, thp, pid, heat }: ReportFlags, { kind }: Subject): void {
  const given = [format && '--format', by && '--by', thp && '--thp', pid && '--pid'].find(Boolean);
  if (given) throw misplaced(`${given} goes with a heat file, and this is a ${kind}`);
  if (heat !== undefined && kind !== 'run') throw misplaced(`--heat goes with a run, and this is a ${kind}`);
}

function misplaced(problem: string): OctavoError {
  return new OctavoError('USAGE', { problem, command: 'report' });
}

/** Every block of the file, one a line. */
async function printBlocks(
  context: OctavoContext,
  source: HeatFileSource,
  { pid, sparse }: ReportFlags,
  format: RowFormat,
): Promise<void> {
  const print = rowPrinter(context, BLOCK_ROWS, format);
  const { blockBytes } = source.geometry;
  for await (const line of heatBlocks(source, pid)) {
    throwIfStopped(context.signal);
    print(blockRow(line, blockBytes, sparse));
  }
}

/** Accesses by what the samples say beside their place. */
function printView(
  context: OctavoContext,
  source: HeatFileSource,
  path: string,
  { pid, top, format, json }: ReportFlags,
  by: ViewName,
): void {
  const view = viewOf(viewRows(source.facts), by, path, pid);
  if (json) context.printJson({ octavo: 'heat-view', version: 1, heat: path, ...view });
  else if (format === undefined) for (const line of viewLines(view, top)) context.print(line);
  else {
    const print = rowPrinter(context, VIEW_ROWS, format);
    for (const group of view.groups) print(viewRow(view, group));
  }
}

/** How much memory was in use, of a heat file or a record of DAMON. */
async function printDistribution(
  context: OctavoContext,
  path: string,
  { pid, accesses, format, json }: ReportFlags,
  name: DistributionName,
): Promise<void> {
  const { use, notes } = await memoryUse(
    context,
    path,
    pid,
    accesses,
    name === 'rss' || name === 'vsz' ? 'sizes' : 'accesses',
  );
  const told = distributionOf(name, use, notes);
  if (json) context.printJson({ octavo: 'distribution', version: 1, from: path, ...told });
  else if (format === undefined) for (const line of distributionLines(told)) context.print(line);
  else {
    const print = rowPrinter(context, DISTRIBUTION_ROWS, format);
    for (const row of distributionRows(told)) print(row);
  }
}
