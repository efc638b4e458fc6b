import { resolveTarget } from '../../config/targets.js';
import type { Files } from '../../host/host.js';
import { Resolver } from '../../sources/resolver.js';
import { SAMPLE_CHOICES, type SampleChoices, wishOf } from '../../sources/sample-choices.js';
import type { ViewName } from '../../sources/view-values.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { type PageGeometry, pageGeometry } from '../../vocabulary/units.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { fieldFlags } from '../field-flags.js';
import { formatFlag } from '../format-flag.js';
import { heatBytesOf, maxMemoryFlag, textBytesOf } from '../memory-flag.js';
import { bytesBetween, durationBetween, parseWord } from '../parameters.js';
import type { RowFormat } from '../print/rows.js';
import { importAndTell } from '../samples/import-and-tell.js';
import { checkOutputs } from '../samples/import-output.js';
import { importTrace } from '../samples/import-trace.js';
import type { ImportOptions } from '../samples/importing.js';
import { importByFlag, pidFlag } from '../samples/options.js';
import { isPlaceName, type PlaceName } from '../samples/touched-view.js';

type ImportFlags = SampleChoices & {
  readonly out?: string;
  readonly pid?: ReadonlySet<number>;
  readonly pageSize?: number;
  readonly blockSize?: number;
  readonly damonPhysical: boolean;
  readonly resolve?: readonly string[];
  readonly event?: string;
  readonly slice?: number;
  readonly maxMemory?: number;
  readonly by?: ViewName | PlaceName;
  readonly symfs?: string;
  readonly format?: RowFormat;
  readonly trace: boolean;
  readonly json: boolean;
};

/** `octavo import RECORDINGS`: perf.data, perf script, damo, masim and other traces into a heat file. */
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
      'With --trace the order is kept: the text of valgrind lackey (--trace-mem=yes), of DynamoRIO (drmemtrace view,',
      'memtrace) or of perf script with memory events becomes a trace file of time, page, write and weight.',
    ].join('\n'),
    examples: [
      ['octavo import perf.data --out heat.parquet', 'keep which pages were accessed how often'],
      ['perf record -o - … | octavo import - --json', 'sums of a recording while it is made'],
      [
        'octavo import lackey.txt --trace --out trace.parquet',
        'accesses in their order, for the workload `trace` of `octavo simulate`',
      ],
      ['octavo import perf.data --pid 4711 --out heat.parquet', 'one process only'],
      ['octavo import perf.data --by source', 'where the data came from, and the mean latency'],
      [
        'octavo import perf.data --by block',
        'hot blocks, what lies there, and the instructions that access it',
      ],
      ['octavo import perf.data --format csv', 'every block as a line, for other programs'],
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
      pid: pidFlag,
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
      ...fieldFlags(SAMPLE_CHOICES),
      slice: {
        kind: 'parsed',
        parse: durationBetween(1, 366 * 86_400_000),
        optional: true,
        placeholder: 'duration',
        brief:
          'Length of the slices of time in the heat file; doubled beyond 64 of them (default from 1s on, at most 8)',
      },
      maxMemory: maxMemoryFlag,
      by: importByFlag,
      symfs: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        placeholder: 'directory',
        brief: 'With --by block or page: directory that holds the programs of the recorded machine',
      },
      format: formatFlag,
      trace: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Keep accesses in the order of time: --out is a trace file, from the text of a tracer',
      },
      json: jsonFlag,
    },
  },
  async function (flags, ...paths) {
    const geometry = geometryOf(flags, this.host.identity.geometry);
    checkOutputs(flags);
    if (flags.trace) return importTrace(this, paths, geometry, flags);
    const wish = wishOf(flags);
    const options: ImportOptions = {
      geometry,
      maps: flags.out !== undefined || (flags.format !== undefined && flags.by === undefined),
      ...(await touchOf(this, flags, geometry)),
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
    };
    await importAndTell(this, paths, options, flags);
  },
);

/** Slices of a length that was asked for. */
const MOST_SLICES = 64;

/** Whether instructions and data objects are told, by block or page. */
async function touchOf(
  { host }: OctavoContext,
  { by, symfs = '' }: ImportFlags,
  geometry: PageGeometry,
): Promise<Pick<ImportOptions, 'touch'>> {
  if (by === undefined || !isPlaceName(by)) {
    if (symfs !== '')
      throw new OctavoError('USAGE', { problem: '--symfs goes with --by block or page', command: 'import' });
    return {};
  }
  if (symfs !== '') requireDirectory(host.files, symfs);
  const { touching } = await import('../samples/touching.js');
  return { touch: touching(by, host.files, symfs.replace(/\/+$/, ''), geometry) };
}

/** FILE_UNREADABLE unless it is a directory: names that are not found look like programs without any. */
function requireDirectory(files: Files, path: string): void {
  const status = files.status(path);
  if (!status.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: status.error.errno });
  if (status.value.kind !== 'directory') throw new OctavoError('FILE_UNREADABLE', { path, errno: 'ENOTDIR' });
}

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
