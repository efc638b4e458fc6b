import { resolveTarget } from '../../config/targets.js';
import { HEAT_VERSION, type HeatFacts } from '../../formats/heat-file/schema.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import type { Tally } from '../../formats/perf-data/tally.js';
import { resolvedLines } from '../../sources/resolved.js';
import { Resolver } from '../../sources/resolver.js';
import type { ViewName } from '../../sources/view-values.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { NATURES } from '../../vocabulary/nature.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import { KIB, MIB, type PageGeometry, pageGeometry } from '../../vocabulary/units.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { heatBytesOf, maxMemoryFlag, textBytesOf } from '../memory-flag.js';
import { bytesBetween, durationBetween, parseWord } from '../parameters.js';
import { showBytes } from '../print/units.js';
import { importRecordings } from '../samples/import-recordings.js';
import type { Imported } from '../samples/imported.js';
import { nothingImported, nothingLines } from '../samples/nothing-sampled.js';
import { byFlag, parsePids, type WishFlags, wishFlags, wishOf } from '../samples/options.js';
import { touchedMappings } from '../samples/touched-mappings.js';
import { viewLines, viewOf } from '../samples/view.js';

type ImportFlags = WishFlags & {
  readonly out?: string;
  readonly pid?: ReadonlySet<number>;
  readonly pageSize?: number;
  readonly blockSize?: number;
  readonly damonPhysical: boolean;
  readonly resolve?: readonly string[];
  readonly event?: string;
  readonly slice?: number;
  readonly maxMemory?: number;
  readonly by?: ViewName;
  readonly json: boolean;
};

export const importCommand = command<ImportFlags, string[]>(
  {
    brief: 'read memory samples from recordings into a heat file',
    effect: LOOKS,
    description: [
      'Reads perf.data by itself, without perf: files, directories of `perf record --threads`, and pipes; compressed',
      'or not (also as a whole: gzip, xz, zstd, told by content), of either byte order; Arm SPE, AMD IBS, Intel PEBS and page faults. `-` is standard input. Several',
      'recordings are put together. What is lost or damaged is counted and told, and the rest is used. Records of damo',
      '(json, json_compressed, perf script, perf.data of damon_aggregated) are read, too; they hold no pids, so --pid',
      'names the process of each target in order. Samples with a physical address only are put into no map, unless',
      '--resolve names live processes of this machine to look for them in: right after recording, since memory moves.',
    ].join('\n'),
    examples: [
      ['octavo import perf.data --out heat.parquet', 'keep which pages were accessed how often'],
      ['perf record -o - … | octavo import - --json', 'sums of a recording while it is made'],
      ['octavo import perf.data --pid 4711 --out heat.parquet', 'one process only'],
      ['octavo import perf.data --by source', 'where the data came from, and the mean latency'],
      ['octavo import perf.data --time 10%-20% --cpu 0-3', 'a part of its time, some of its CPUs'],
      [
        'octavo import spe.data --resolve qemu-system-aar --out heat.parquet',
        'find the pages of physical addresses',
      ],
    ],
    exits: [
      [EXIT.badInput, 'a recording cannot be read at all'],
      [EXIT.noTarget, 'no such process to resolve for'],
      [EXIT.notPermitted, 'frame numbers are hidden from this user'],
    ],
  },
  {
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: {
        placeholder: 'recording',
        brief: 'perf.data file or directory, - for standard input',
        parse: parseWord,
      },
    },
    flags: {
      out: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        brief: 'Write a heat file (Parquet) here; - is standard output',
      },
      pid: {
        kind: 'parsed',
        parse: parsePids,
        optional: true,
        brief: 'Only these processes (comma-separated pids)',
      },
      pageSize: {
        kind: 'parsed',
        parse: bytesBetween(4096, 65536),
        optional: true,
        brief: 'Base page size of the recorded machine when it is not this one’s (4K, 64K)',
      },
      blockSize: {
        kind: 'parsed',
        parse: bytesBetween(2 ** 13, 2 ** 29),
        optional: true,
        brief: 'Size of its PMD-sized huge page (2M, 512M)',
      },
      damonPhysical: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'DAMON records are of physical memory (damo record paddr)',
      },
      resolve: {
        kind: 'parsed',
        parse: parseWord,
        variadic: true,
        optional: true,
        placeholder: 'target',
        brief: 'Look up physical addresses in the page tables of this live pid, name or cgroup:/path',
      },
      event: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        placeholder: 'name',
        brief: 'Heat of this event; otherwise of the one whose samples say most',
      },
      ...wishFlags,
      slice: {
        kind: 'parsed',
        parse: durationBetween(1, 366 * 86_400_000),
        optional: true,
        placeholder: 'duration',
        brief:
          'Length of the slices of time in the heat file; doubled beyond 64 of them (default from 1s on, at most 8)',
      },
      maxMemory: maxMemoryFlag,
      by: byFlag,
      json: jsonFlag,
    },
  },
  async function (flags, ...paths) {
    const geometry = geometryOf(flags, this.host.identity.geometry);
    if (flags.out === STANDARD_OUTPUT && flags.json)
      throw new OctavoError('USAGE', {
        problem: '--out - and --json both want standard output',
        command: 'import',
      });
    const wish = wishOf(flags);
    const imported = await importRecordings(this, paths, {
      geometry,
      maps: flags.out !== undefined,
      physical: flags.damonPhysical,
      ...(flags.resolve === undefined ? {} : { resolver: resolverOf(this, flags.resolve) }),
      ...(flags.pid === undefined ? {} : { pids: flags.pid }),
      ...(flags.event === undefined ? {} : { event: flags.event }),
      ...(wish === undefined ? {} : { wish }),
      ...(flags.slice === undefined ? {} : { slices: { widthMs: flags.slice, most: MOST_SLICES } }),
      ...(flags.maxMemory === undefined
        ? {}
        : {
            heatBytes: heatBytesOf(flags.maxMemory),
            textBytes: textBytesOf(flags.maxMemory),
          }),
    });
    if (flags.out !== undefined) saveHeat(this, imported, geometry, flags.out);
    const view = flags.by === undefined ? undefined : viewOf(imported.views, flags.by, paths.join(', '));
    const shown = view === undefined ? {} : { view };
    const lines = () => [
      ...importText(imported, flags.out),
      ...(view === undefined ? [] : viewLines(view, VIEW_GROUPS)),
    ];
    if (flags.out === STANDARD_OUTPUT) for (const line of lines()) this.remark(line);
    else if (flags.json) this.printJson({ ...importDocument(imported, paths, flags.out), ...shown });
    else for (const line of lines()) this.print(line);
  },
);

/** Mappings shown of a view; `octavo report --by` shows more. */
const VIEW_GROUPS = 10;

/** Where to write when there is no file. */
export const STANDARD_OUTPUT = '-';

/** Slices of a length that was asked for. */
const MOST_SLICES = 64;

/** Page tables of all processes that the words name. */
function resolverOf(context: OctavoContext, targets: readonly string[]): Resolver {
  const { host } = context;
  const pids = targets.flatMap((target) => resolveTarget(host, target).map((process) => process.pid));
  return Resolver.of(host, [...new Set(pids)]);
}

function geometryOf(flags: ImportFlags, here: PageGeometry): PageGeometry {
  if (flags.pageSize === undefined && flags.blockSize === undefined) return here;
  const pageBytes = flags.pageSize ?? here.pageBytes;
  // A page of entries of 8 bytes spans one block (arch/arm64, arch/x86 page tables).
  const blockBytes = flags.blockSize ?? pageBytes * (pageBytes / 8);
  try {
    return pageGeometry(pageBytes, blockBytes);
  } catch (problem) {
    const reason = problem instanceof Error ? problem.message : String(problem);
    throw new OctavoError('USAGE', { problem: reason, command: 'import' });
  }
}

/** Rows of views kept in a heat file. */
const MOST_VIEW_ROWS = 100_000;

export function saveHeat(
  context: OctavoContext,
  imported: Imported,
  geometry: PageGeometry,
  path: string,
): void {
  const facts: HeatFacts = {
    octavo: 'heat',
    version: HEAT_VERSION,
    page_bytes: geometry.pageBytes,
    block_bytes: geometry.blockBytes,
    nature: imported.nature ?? 'unknown',
    origins: imported.origins
      .filter(({ nature }) => nature === imported.nature)
      .map(({ fade: _, ...origin }) => ({ ...origin, windowNs: origin.windowNs ?? null })),
    recordings: imported.recordings.map(recordedFacts),
    processes: imported.maps.map(({ process }) => ({
      pid: process.pid,
      command: process.command,
      startTicks: process.startTicks === 0 ? null : process.startTicks,
    })),
    thinned_to: imported.thinnedTo,
    written_as: HEAT_VERSION,
    slices: imported.slices,
    samples: imported.tally.samples + imported.tally.guests.samples + imported.regionRows,
    unplaced: imported.unplaced,
    losses: imported.losses,
    mappings: touchedMappings(imported, geometry),
    views: imported.views.slice(0, MOST_VIEW_ROWS),
  };
  const file = writeHeatFile(imported.maps, facts, imported.nameMapping, imported.timed);
  if (path === STANDARD_OUTPUT) {
    context.printBytes(file);
    return;
  }
  const written = context.host.files.writeFile(path, file);
  if (!written.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: written.error.errno });
}

/** JSON has no undefined: what is not known is null. */
function recordedFacts(facts: RecordingFacts): HeatFacts['recordings'][number] {
  const { span, period, bootId } = facts;
  return {
    ...facts,
    sketch: [...facts.sketch],
    period: period ?? null,
    bootId: bootId ?? null,
    span: span === undefined ? null : { ...span, fromMs: span.fromMs ?? null },
  };
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

export function importDocument(
  imported: Imported,
  paths: readonly string[],
  out: string | undefined,
): object {
  const { tally, damage } = imported;
  return {
    octavo: 'import',
    version: 1,
    recordings: paths,
    samples: tally.samples,
    withAddress: tally.withAddress,
    withPhysical: tally.withPhysical,
    sumAddress: hex(tally.sumAddress),
    xorAddress: hex(tally.xorAddress),
    pageBytes: tally.geometry.pageBytes,
    blockBytes: tally.geometry.blockBytes,
    pages: tally.pages,
    blocks: tally.blocks,
    physicalBlocks: tally.physicalBlocks,
    ...namedBySize(tally),
    pagesAreLowerBounds: tally.pagesAreLowerBounds,
    byThread: tally.byThread,
    samplesOfFurtherThreads: tally.ofOtherThreads,
    guests: tally.guests,
    lost: imported.lost,
    damaged: imported.damagedBytes,
    damage: { places: damage.count, first: damage.places },
    losses: imported.losses,
    events: imported.events,
    nature: imported.nature ?? null,
    provenance: imported.recordings.map(({ sketch: _, ...facts }) => facts),
    thinnedTo: imported.thinnedTo,
    dataSources: imported.dataSources,
    regions: imported.regions,
    bytesRead: imported.bytesRead,
    notes: imported.notes,
    nothing: nothingImported(imported) ?? null,
    ...(imported.resolved === undefined ? {} : { resolved: imported.resolved }),
    ...(out === undefined ? {} : { heat: out, unplaced: imported.unplaced }),
  };
}

/** The same under the names that say the sizes, which other readers of perf.data count in: where these are the sizes. */
function namedBySize({ geometry, pages, blocks, physicalBlocks }: Tally): object {
  const isThat = geometry.pageBytes === 4 * KIB && geometry.blockBytes === 2 * MIB;
  return isThat ? { pages4k: pages, pages2m: blocks, pages2mPhysical: physicalBlocks } : {};
}

export function importText(imported: Imported, out: string | undefined): string[] {
  const { tally } = imported;
  const { pageBytes, blockBytes } = tally.geometry;
  const lines = [
    `${tally.samples} samples, ${tally.withAddress} with an address, ${tally.withPhysical} with a physical one`,
    `${tally.pages} pages of ${showBytes(pageBytes)} in ${tally.blocks} of ${showBytes(blockBytes)}; ${tally.physicalBlocks} physical blocks of ${showBytes(blockBytes)}`,
  ];
  if (tally.guests.samples > 0) lines.push(`${tally.guests.samples} samples of guests, counted apart`);
  if (imported.regions > 0) lines.push(`${imported.regions} regions of DAMON`);
  for (const { name, nature, why } of imported.events)
    lines.push(`event ${name}: samples of ${NATURES[nature].says} (${why})`);
  for (const [thread, count] of Object.entries(tally.byThread).slice(0, 5)) {
    lines.push(`${count} samples of pid/tid ${thread}`);
  }
  for (const [reason, count] of Object.entries(imported.losses)) lines.push(`${count} ${reason}`);
  for (const [reason, count] of Object.entries(imported.unplaced))
    lines.push(`${count} samples not placed: ${reason}`);
  if (imported.resolved !== undefined) lines.push(...resolvedLines(imported.resolved));
  lines.push(...imported.notes);
  const nothing = nothingImported(imported);
  if (nothing !== undefined) lines.push(...nothingLines(nothing));
  if (imported.thinnedTo > 1)
    lines.push(
      `heat of 1 in ${imported.thinnedTo} blocks was kept, chosen at random, to stay within --max-memory; of the others nothing is known`,
    );
  if (out !== undefined)
    lines.push(
      `heat of ${imported.maps.length} processes written to ${out === STANDARD_OUTPUT ? 'standard output' : out}`,
    );
  return lines;
}
