/**
 * The one table of DAMON's sysfs tree (mm/damon/sysfs.c, sysfs-schemes.c): every file with its mode, default and
 * parse rule, every directory, and which generation has it. The tree, the errno rules, the build of a context and
 * the fuzz all read this table.
 */
import { COMMANDS, type Generation, type TreeFeature } from '../core/generations.js';

/** How a file is parsed and printed. */
export type FileKind =
  | 'ulong'
  | 'uint'
  | 'int'
  | 'bool'
  | 'keyword'
  /** Free text stored as written; takes the tree's lock. */
  | 'path'
  /** Number of numbered children; a write destroys and recreates them all. */
  | 'count'
  /** The state file: a command to write, on or off to read. */
  | 'command'
  /** The pid of the thread, asked when read. */
  | 'pid'
  /** avail_operations: several lines. */
  | 'list';

/** A file of the tree. */
export interface FileRow {
  readonly name: string;
  readonly kind: FileKind;
  readonly mode: 0o600 | 0o400;
  readonly initial: bigint | boolean | string;
  readonly only: TreeFeature | undefined;
  /** Every parse error is EINVAL, overflow too. */
  readonly onlyInvalid: boolean;
  /** Words the file takes. */
  readonly keywords: (generation: Generation) => readonly string[];
  /** Bounds checked when written. */
  readonly least: bigint | undefined;
  readonly most: bigint | undefined;
}

/** A directory of the tree. */
export interface DirectoryRow {
  readonly name: string;
  readonly only: TreeFeature | undefined;
  readonly files: readonly FileRow[];
  readonly directories: readonly DirectoryRow[];
  /** What a numbered child of this directory looks like; the directory then has a `count` file. */
  readonly numbered: DirectoryRow | undefined;
}

type FileOptions = Partial<Pick<FileRow, 'mode' | 'only' | 'onlyInvalid' | 'keywords' | 'least' | 'most'>>;

function file(name: string, kind: FileKind, initial: FileRow['initial'], options: FileOptions = {}): FileRow {
  return {
    name,
    kind,
    initial,
    mode: options.mode ?? 0o600,
    only: options.only,
    onlyInvalid: options.onlyInvalid === true,
    keywords: options.keywords ?? (() => []),
    least: options.least,
    most: options.most,
  };
}

const ulong = (name: string, initial = 0n, options?: FileOptions) => file(name, 'ulong', initial, options);
const uint = (name: string, options?: FileOptions) => file(name, 'uint', 0n, options);
const int = (name: string, initial = 0n, options?: FileOptions) => file(name, 'int', initial, options);
const bool = (name: string, options?: FileOptions) => file(name, 'bool', false, options);
const path = (name: string, options?: FileOptions) => file(name, 'path', '', options);
const result = (name: string, options?: FileOptions) => file(name, 'ulong', 0n, { ...options, mode: 0o400 });
const word = (
  name: string,
  initial: string,
  keywords: FileRow['keywords'] | readonly string[],
  options?: FileOptions,
) =>
  file(name, 'keyword', initial, {
    ...options,
    keywords: typeof keywords === 'function' ? keywords : () => keywords,
  });

function directory(
  name: string,
  files: readonly FileRow[],
  directories: readonly DirectoryRow[] = [],
  only?: TreeFeature,
): DirectoryRow {
  return { name, files, directories, only, numbered: undefined };
}

/** A directory of numbered children with its count file. */
function series(
  name: string,
  count: string,
  child: DirectoryRow,
  options: { only?: TreeFeature; most?: bigint } = {},
): DirectoryRow {
  const files = [file(count, 'count', 0n, { least: 0n, most: options.most })];
  return { name, files, directories: [], only: options.only, numbered: child };
}

const item = (files: readonly FileRow[], directories: readonly DirectoryRow[] = []) =>
  directory('N', files, directories);

const range = (name: string) => directory(name, [ulong('min'), ulong('max')]);

/** Types a filter directory takes: core_filters only core-handled ones, ops_filters only the others. */
const CORE_TYPES = ['addr', 'target'];
const layerTypes = {
  both: (generation: Generation) => generation.filterTypes,
  core: (generation: Generation) => generation.filterTypes.filter((type) => CORE_TYPES.includes(type)),
  ops: (generation: Generation) => generation.filterTypes.filter((type) => !CORE_TYPES.includes(type)),
};

function filters(name: string, layer: keyof typeof layerTypes, only?: TreeFeature): DirectoryRow {
  const child = item([
    word('type', 'anon', layerTypes[layer]),
    bool('matching'),
    bool('allow', { only: 'allow-filters' }),
    path('memcg_path'),
    ulong('addr_start'),
    ulong('addr_end'),
    ulong('min', 0n, { only: 'sized-filters' }),
    ulong('max', 0n, { only: 'sized-filters' }),
    int('damon_target_idx'),
  ]);
  return series(name, 'nr_filters', child, only === undefined ? {} : { only });
}

const PROBE = item(
  [uint('weight', { only: 'probe-weights' })],
  [
    series(
      'filters',
      'nr_filters',
      item([word('type', 'anon', ['anon', 'memcg']), bool('matching'), bool('allow'), path('path')]),
    ),
  ],
);

const MONITORING = directory(
  'monitoring_attrs',
  [],
  [
    directory(
      'intervals',
      [ulong('sample_us', 5000n), ulong('aggr_us', 100000n), ulong('update_us', 60000000n)],
      [
        directory(
          'intervals_goal',
          [ulong('access_bp'), ulong('aggrs'), ulong('min_sample_us'), ulong('max_sample_us')],
          [],
          'intervals-goal',
        ),
      ],
    ),
    directory('nr_regions', [ulong('min', 10n), ulong('max', 1000n)]),
    series('probes', 'nr_probes', PROBE, { only: 'probes', most: 4n }),
  ],
);

const TARGETS = series(
  'targets',
  'nr_targets',
  item(
    [int('pid_target', 0n, { onlyInvalid: true }), bool('obsolete_target', { only: 'obsolete-targets' })],
    [series('regions', 'nr_regions', item([ulong('start'), ulong('end')]))],
  ),
);

const QUOTAS = directory(
  'quotas',
  [
    ulong('ms', 0n, { onlyInvalid: true }),
    ulong('bytes', 0n, { onlyInvalid: true }),
    ulong('reset_interval_ms', 0n, { onlyInvalid: true }),
    result('effective_bytes'),
    word('goal_tuner', 'consist', ['consist', 'temporal'], { only: 'goal-tuner' }),
    uint('fail_charge_num', { only: 'fail-charge', onlyInvalid: true }),
    uint('fail_charge_denom', { only: 'fail-charge', onlyInvalid: true }),
  ],
  [
    directory('weights', [uint('sz_permil'), uint('nr_accesses_permil'), uint('age_permil')]),
    series(
      'goals',
      'nr_goals',
      item([
        word('target_metric', 'user_input', (generation) => generation.goalMetrics),
        ulong('target_value'),
        ulong('current_value'),
        int('nid', 0n, { only: 'node-goals' }),
        path('path', { only: 'memcg-goals' }),
      ]),
    ),
  ],
);

/** Highest target_order that the file takes: an order of a PMD-sized folio with 4 KiB pages. */
export const MOST_TARGET_ORDER = 9n;

const SCHEMES = series(
  'schemes',
  'nr_schemes',
  item(
    [
      word('action', 'stat', (generation) => generation.actions),
      ulong('apply_interval_us'),
      int('target_nid', -1n),
      uint('target_order', { only: 'target-order', most: MOST_TARGET_ORDER }),
    ],
    [
      directory('access_pattern', [], [range('sz'), range('nr_accesses'), range('age')]),
      series('dests', 'nr_dests', item([uint('id'), uint('weight')]), { only: 'migration-dests' }),
      QUOTAS,
      directory('watermarks', [
        word('metric', 'none', ['none', 'free_mem_rate']),
        ulong('interval_us'),
        ulong('high'),
        ulong('mid'),
        ulong('low'),
      ]),
      filters('filters', 'both'),
      filters('core_filters', 'core', 'filter-layers'),
      filters('ops_filters', 'ops', 'filter-layers'),
      directory('stats', [
        result('nr_tried'),
        result('sz_tried'),
        result('nr_applied'),
        result('sz_applied'),
        result('sz_ops_filter_passed', { only: 'passed-size' }),
        result('qt_exceeds'),
        result('nr_snapshots', { only: 'snapshot-limit' }),
        ulong('max_nr_snapshots', 0n, { only: 'snapshot-limit' }),
      ]),
      directory('tried_regions', [result('total_bytes')]),
    ],
  ),
);

const CONTEXTS = series(
  'contexts',
  'nr_contexts',
  item(
    [
      file('avail_operations', 'list', 'vaddr\nfvaddr\npaddr', { mode: 0o400 }),
      word('operations', 'vaddr', ['vaddr', 'fvaddr', 'paddr']),
      ulong('addr_unit', 1n, { only: 'address-unit', least: 1n }),
      bool('pause', { only: 'pause' }),
    ],
    [MONITORING, TARGETS, SCHEMES],
  ),
  { most: 1n },
);

/** /sys/kernel/mm/damon/admin/kdamonds. */
export const KDAMONDS: DirectoryRow = series(
  'kdamonds',
  'nr_kdamonds',
  item(
    [
      file('state', 'command', 'off', { keywords: () => COMMANDS }),
      file('pid', 'pid', -1n, { mode: 0o400 }),
      uint('refresh_ms', { only: 'refresh' }),
    ],
    [CONTEXTS],
  ),
);

/** One directory of tried_regions; the kernel creates them, they are read-only. */
export const TRIED_REGION: DirectoryRow = directory(
  'N',
  [
    result('start'),
    result('end'),
    result('nr_accesses'),
    result('age'),
    result('sz_filter_passed', { only: 'passed-size' }),
  ],
  [directory('probes', [], [], 'probes')],
);

/** One directory below tried_regions/N/probes. */
export const PROBE_HITS: DirectoryRow = directory('N', [result('hits')]);
