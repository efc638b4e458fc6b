/**
 * Conformance vectors as scripts over the files of DAMON: what is written, waited for and read, and nothing of chance
 * in what comes out, because the monitored memory is idle. The recorder runs them in real kernels, the test on the
 * model. `{PID}`, `{PID2}`: two idle processes; `{+PAGES}`: an address in the first one's area of 16 Ki pages.
 */
export type VectorStep =
  | { readonly write: readonly [path: string, text: string] }
  | { readonly read: string }
  | { readonly waitMs: number }
  /** First records of the trace, all events of system damon being on since the start. */
  | { readonly trace: number; readonly only?: string };

export interface KernelVector {
  readonly name: string;
  readonly steps: readonly VectorStep[];
}

/** How a kernel, or the model, carries a step out. */
export interface VectorKernel {
  /** errno name, or `ok`. Paths without a leading slash are below kdamonds/. */
  write(path: string, text: string): string;
  read(path: string): string;
  wait(ms: number): Promise<void>;
  /** Texts of the trace's records, `event: text`. */
  trace(): string[];
  readonly pids: readonly [number, number];
  /** Address of the area's first page. */
  readonly start: bigint;
}

const PAGE = 4096n;

/** One line a step; addresses inside the area come out as `+PAGES`. */
export async function runVector(vector: KernelVector, kernel: VectorKernel): Promise<string[]> {
  const lines: string[] = [];
  for (const step of vector.steps) {
    if ('write' in step) {
      const [path, text] = step.write;
      lines.push(`${path} = ${JSON.stringify(text)}: ${kernel.write(path, filled(text, kernel))}`);
    } else if ('read' in step) lines.push(`${step.read}: ${shown(kernel.read(step.read), kernel)}`);
    else if ('waitMs' in step) await kernel.wait(step.waitMs);
    else lines.push(...traced(step, kernel));
  }
  return lines;
}

function traced({ trace, only }: { trace: number; only?: string }, kernel: VectorKernel): string[] {
  const records = kernel.trace().filter((text) => only === undefined || text.startsWith(`${only}:`));
  return records.slice(0, trace).map((text) => shown(text, kernel));
}

function filled(text: string, { pids, start }: VectorKernel): string {
  return text
    .replace('{PID}', String(pids[0]))
    .replace('{PID2}', String(pids[1]))
    .replace(/\{\+(\d+)\}/, (_, pages) => String(start + BigInt(pages) * PAGE));
}

function shown(text: string, { start }: VectorKernel): string {
  return text.replaceAll('\n', '\\n').replace(/\d{9,}/g, (digits) => {
    const offset = BigInt(digits) - start;
    const inside = offset >= 0n && offset <= 16_384n * PAGE;
    return inside ? `+${offset / PAGE}${offset % PAGE === 0n ? '' : `.${offset % PAGE}`}` : digits;
  });
}

const write = (path: string, text: string | number): VectorStep => ({ write: [path, String(text)] });
const read = (path: string): VectorStep => ({ read: path });
const wait = (waitMs: number): VectorStep => ({ waitMs });

const CONTEXT = '0/contexts/0';
const SCHEME = `${CONTEXT}/schemes/0`;
const MOST = '18446744073709551615';

function set(below: string, values: Record<string, string | number>): VectorStep[] {
  return Object.entries(values).map(([name, value]) => write(`${below}/${name}`, value));
}

/** fvaddr on pages of the area, one scheme that matches everything. */
function staged(pages: number, action: string, schemes = 1): VectorStep[] {
  return [
    write('nr_kdamonds', 1),
    write('0/contexts/nr_contexts', 1),
    write(`${CONTEXT}/operations`, 'fvaddr'),
    write(`${CONTEXT}/targets/nr_targets`, 1),
    write(`${CONTEXT}/targets/0/pid_target`, '{PID}'),
    write(`${CONTEXT}/targets/0/regions/nr_regions`, 1),
    write(`${CONTEXT}/targets/0/regions/0/start`, '{+0}'),
    write(`${CONTEXT}/targets/0/regions/0/end`, `{+${pages}}`),
    write(`${CONTEXT}/schemes/nr_schemes`, schemes),
    ...Array.from({ length: schemes }, (_, index) =>
      everything(`${CONTEXT}/schemes/${index}`, action),
    ).flat(),
  ];
}

/**
 * The same on twenty regions of two pages, four apart: nothing is left to chance, because such regions are neither
 * split nor merged, whatever the release.
 */
function apart(action: string, schemes = 1): VectorStep[] {
  const regions = `${CONTEXT}/targets/0/regions`;
  return [
    ...staged(80, action, schemes),
    write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 3),
    write(`${regions}/nr_regions`, PAIRS),
    ...Array.from({ length: PAIRS }, (_, index) => [
      write(`${regions}/${index}/start`, `{+${index * 4}}`),
      write(`${regions}/${index}/end`, `{+${index * 4 + 2}}`),
    ]).flat(),
  ];
}

const PAIRS = 20;

function everything(scheme: string, action: string): VectorStep[] {
  return [
    write(`${scheme}/action`, action),
    ...set(`${scheme}/access_pattern`, {
      'sz/max': MOST,
      'nr_accesses/max': 4294967295,
      'age/max': 4294967295,
    }),
  ];
}

const stats = (scheme = SCHEME): VectorStep[] => [
  write('0/state', 'update_schemes_stats'),
  ...['nr_tried', 'sz_tried', 'nr_applied', 'sz_applied', 'qt_exceeds'].map((name) =>
    read(`${scheme}/stats/${name}`),
  ),
];

const run = (...inBetween: VectorStep[]): VectorStep[] => [
  write('0/state', 'on'),
  ...inBetween,
  write('0/state', 'off'),
];

/** An addr filter of the layer that every release has; without allow, what matches is rejected. */
function addressFilters(
  directory: string,
  ranges: readonly (readonly [string, number, number, string])[],
): VectorStep[] {
  return [
    write(`${SCHEME}/${directory}/nr_filters`, ranges.length),
    ...ranges.flatMap(([matching, from, to, allow], index) => [
      write(`${SCHEME}/${directory}/${index}/type`, 'addr'),
      write(`${SCHEME}/${directory}/${index}/matching`, matching),
      ...(allow === '' ? [] : [write(`${SCHEME}/${directory}/${index}/allow`, allow)]),
      write(`${SCHEME}/${directory}/${index}/addr_start`, `{+${from}}`),
      write(`${SCHEME}/${directory}/${index}/addr_end`, `{+${to}}`),
    ]),
  ];
}

const traceOf = (count: number, only?: string): VectorStep =>
  only === undefined ? { trace: count } : { trace: count, only };
const BEFORE = 'damos_before_apply';

/** Vectors that every release takes. */
const EVERYWHERE: readonly KernelVector[] = [
  {
    name: 'first aggregations',
    steps: [...apart('stat'), ...run(wait(350), traceOf(45, 'damon_aggregated'))],
  },
  {
    name: 'a scheme of age 3 to 5 resets ages',
    steps: [
      ...apart('cold'),
      ...set(`${SCHEME}/access_pattern/age`, { min: 3, max: 5 }),
      ...run(wait(1150), traceOf(45, BEFORE)),
    ],
  },
  {
    name: 'two schemes, the first resets what the second wants',
    steps: [
      ...apart('cold', 2),
      write(`${CONTEXT}/schemes/1/access_pattern/age/min`, 2),
      ...run(wait(650), traceOf(60, BEFORE), ...stats(`${CONTEXT}/schemes/1`).slice(0, 2)),
    ],
  },
  {
    name: 'reject a range by the filters of all releases',
    steps: [
      ...apart('stat'),
      ...addressFilters('filters', [['Y', 9, 29, '']]),
      ...run(wait(350), traceOf(40, BEFORE)),
    ],
  },
  {
    name: 'keep a range by rejecting what does not match',
    steps: [
      ...apart('stat'),
      ...addressFilters('filters', [['N', 9, 29, '']]),
      ...run(wait(450), traceOf(12, BEFORE)),
    ],
  },
  {
    name: 'two rejected ranges',
    steps: [
      ...apart('stat'),
      ...addressFilters('filters', [
        ['Y', 0, 5, ''],
        ['Y', 70, 77, ''],
      ]),
      ...run(wait(350), traceOf(40, BEFORE)),
    ],
  },
  {
    name: 'a quota of 7 pages a second',
    steps: [
      ...apart('stat'),
      ...set(`${SCHEME}/quotas`, { bytes: 28_672, reset_interval_ms: 1000 }),
      ...run(wait(3450), traceOf(230, BEFORE)),
    ],
  },
  {
    name: 'a quota that is renewed at each pass',
    steps: [
      ...apart('stat'),
      ...set(`${SCHEME}/quotas`, { bytes: 28_672, reset_interval_ms: 0 }),
      ...run(wait(950), traceOf(30, BEFORE)),
    ],
  },
  {
    name: 'passes more often than aggregations',
    steps: [...apart('stat'), write(`${SCHEME}/apply_interval_us`, 25000), ...run(wait(300), traceOf(150))],
  },
  {
    name: 'size limits',
    steps: [
      ...apart('stat'),
      ...set(`${SCHEME}/access_pattern/sz`, { min: 8192, max: 8192 }),
      ...addressFilters('filters', [['Y', 1, 2, '']]),
      ...run(wait(350), traceOf(45, BEFORE)),
    ],
  },
  {
    name: 'a smaller number of regions than there are',
    steps: [
      ...apart('stat'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/max`, 5),
      ...run(wait(450), traceOf(65, 'damon_aggregated')),
    ],
  },
  {
    name: 'what on and commit refuse',
    steps: [
      write('nr_kdamonds', 1),
      write('0/state', 'commit'),
      write('0/state', 'on'),
      write('0/state', 'off'),
      write('0/contexts/nr_contexts', 2),
      write('0/contexts/nr_contexts', 1),
      write('0/state', 'commit'),
      write('0/state', 'update_schemes_stats'),
      ...staged(64, 'stat').slice(2),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 2),
      write('0/state', 'on'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 1001),
      write('0/state', 'on'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 10),
      write(`${CONTEXT}/monitoring_attrs/intervals/sample_us`, 100001),
      write('0/state', 'on'),
      write(`${CONTEXT}/monitoring_attrs/intervals/sample_us`, 5000),
      write(`${CONTEXT}/targets/0/pid_target`, 4194303),
      write('0/state', 'on'),
      write(`${CONTEXT}/targets/0/pid_target`, '{PID}'),
      write(`${CONTEXT}/targets/0/regions/0/end`, '{+0}'),
      write('0/state', 'on'),
      write(`${CONTEXT}/targets/0/regions/0/end`, '{+64}'),
      ...addressFilters('filters', [['Y', 20, 10, '']]),
      write('0/state', 'on'),
      write(`${SCHEME}/filters/nr_filters`, 0),
      write('0/state', 'on'),
      write('0/state', 'on'),
      write('nr_kdamonds', 1),
      read('0/state'),
      write('0/state', 'off'),
      read('0/state'),
      read('0/pid'),
      write('0/state', 'off'),
      write('0/state', 'commit'),
      write('0/state', 'update_schemes_effective_quotas'),
      write('0/state', 'clear_schemes_tried_regions'),
    ],
  },
  {
    name: 'numbers',
    steps: [
      ...staged(64, 'stat'),
      write(`${SCHEME}/quotas/goals/nr_goals`, 1),
      write(`${SCHEME}/filters/nr_filters`, 1),
      ...numbers(`${SCHEME}/access_pattern/sz/min`),
      ...numbers(`${SCHEME}/quotas/bytes`),
      ...numbers(`${SCHEME}/quotas/weights/sz_permil`),
      ...numbers(`${SCHEME}/target_nid`),
      ...numbers(`${CONTEXT}/targets/0/pid_target`),
      ...numbers(`${SCHEME}/quotas/goals/0/target_value`),
      ...numbers(`${SCHEME}/filters/0/addr_start`),
      ...numbers(`${SCHEME}/filters/0/damon_target_idx`),
      ...numbers(`${SCHEME}/watermarks/high`),
      ...[
        'Y',
        'y',
        '1',
        'on',
        'oN',
        'of',
        'off',
        'o',
        't',
        'T',
        'f',
        'n',
        '0',
        '2',
        '',
        ' Y',
        'yes please',
        'e',
        'd',
        'Enable',
      ].map((text) => write(`${SCHEME}/filters/0/matching`, text)),
      read(`${SCHEME}/filters/0/matching`),
    ],
  },
  {
    name: 'words',
    steps: [
      ...staged(64, 'stat'),
      write(`${SCHEME}/filters/nr_filters`, 1),
      write(`${SCHEME}/quotas/goals/nr_goals`, 1),
      ...[
        'stat\n',
        'STAT',
        'stat ',
        ' stat',
        'stat\n\n',
        'sta',
        'lru_prio',
        'migrate_hot',
        'migrate_cold',
        'willneed',
        'nohugepage',
        'split',
        '',
      ].map((text) => write(`${SCHEME}/action`, text)),
      read(`${SCHEME}/action`),
      ...['free_mem_rate', 'none', 'free'].map((text) => write(`${SCHEME}/watermarks/metric`, text)),
      ...['anon', 'memcg', 'young', 'addr', 'target', 'active', 'unmapped', 'x'].map((text) =>
        write(`${SCHEME}/filters/0/type`, text),
      ),
      ...['user_input', 'some_mem_psi_us', 'node_mem_used_bp', 'active_mem_bp', 'x'].map((text) =>
        write(`${SCHEME}/quotas/goals/0/target_metric`, text),
      ),
      ...['vaddr', 'fvaddr', 'paddr', 'vaddr,fvaddr'].map((text) => write(`${CONTEXT}/operations`, text)),
      ...['0', '-1', '3', '1'].map((text) => write(`${SCHEME}/filters/nr_filters`, text)),
      read(`${SCHEME}/filters/nr_filters`),
      read(`${SCHEME}/filters/0/type`),
      write(`${SCHEME}/filters/0/memcg_path`, '/a/b\n'),
      read(`${SCHEME}/filters/0/memcg_path`),
    ],
  },
];

function numbers(path: string): VectorStep[] {
  const texts = [
    '12',
    '0x1f',
    '017',
    '018',
    '+5',
    '-5',
    '5 ',
    ' 5',
    '5\n',
    '5\n\n',
    '',
    '0x',
    '4294967295',
    '4294967296',
    '2147483648',
    MOST,
    '18446744073709551616',
    '99999999999999999999999',
    'abc',
    '1e3',
    '+',
    '-0',
  ];
  return [...texts.map((text) => write(path, text)), read(path)];
}

/** What releases since 7 have. */
const SINCE_7: readonly KernelVector[] = [
  {
    name: 'first aggregations of 1050 pages',
    steps: [...staged(1050, 'stat'), ...run(wait(450), traceOf(24, 'damon_aggregated'))],
  },
  {
    name: 'a quota of 100 pages a second',
    steps: [
      ...staged(1000, 'stat'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 3),
      ...set(`${SCHEME}/quotas`, { bytes: 409_600, reset_interval_ms: 1000 }),
      ...run(wait(3450), traceOf(18, BEFORE)),
    ],
  },
  {
    name: 'a quota of 400 pages that is renewed at each pass',
    steps: [
      ...staged(1000, 'stat'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 3),
      ...set(`${SCHEME}/quotas`, { bytes: 1_638_400, reset_interval_ms: 0 }),
      ...run(wait(1150), traceOf(18, BEFORE)),
    ],
  },
  {
    name: 'size limits of 1000 pages',
    steps: [
      ...staged(1000, 'stat'),
      ...set(`${SCHEME}/access_pattern/sz`, { min: 409_600, max: 409_600 }),
      ...run(wait(350), traceOf(24, BEFORE)),
    ],
  },
  {
    name: 'two allowed ranges and a rejected one between, first match decides',
    steps: [
      ...staged(1000, 'stat'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 3),
      write(`${SCHEME}/stats/max_nr_snapshots`, 1),
      ...addressFilters('core_filters', [
        ['Y', 120, 130, 'N'],
        ['Y', 100, 200, 'Y'],
        ['Y', 700, 750, 'Y'],
      ]),
      ...run(wait(350), traceOf(20, BEFORE), ...stats(), traceOf(30, 'damon_aggregated')),
    ],
  },
  {
    name: 'an ops filter beside an address filter',
    steps: [
      ...staged(1000, 'stat'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 3),
      write(`${SCHEME}/stats/max_nr_snapshots`, 1),
      ...addressFilters('core_filters', [['Y', 100, 200, 'Y']]),
      write(`${SCHEME}/ops_filters/nr_filters`, 1),
      write(`${SCHEME}/ops_filters/0/matching`, 'Y'),
      ...run(wait(350), traceOf(20, BEFORE), ...stats(), read(`${SCHEME}/stats/sz_ops_filter_passed`)),
    ],
  },
  {
    name: 'what ops filters let through: base pages',
    steps: [
      ...staged(1000, 'stat'),
      write(`${SCHEME}/stats/max_nr_snapshots`, 1),
      write(`${SCHEME}/ops_filters/nr_filters`, 1),
      ...set(`${SCHEME}/ops_filters/0`, {
        type: 'hugepage_size',
        matching: 'Y',
        allow: 'Y',
        min: 4096,
        max: 4096,
      }),
      ...run(wait(350), ...stats(), read(`${SCHEME}/stats/sz_ops_filter_passed`)),
    ],
  },
  {
    name: 'filters default to anon also in core_filters',
    steps: [
      ...staged(100, 'cold'),
      write(`${SCHEME}/stats/max_nr_snapshots`, 1),
      write(`${SCHEME}/core_filters/nr_filters`, 1),
      read(`${SCHEME}/core_filters/0/type`),
      ...run(wait(350), ...stats()),
    ],
  },
  {
    name: 'snapshots of two targets',
    steps: [
      ...staged(100, 'stat'),
      write(`${CONTEXT}/targets/nr_targets`, 2),
      ...[0, 1].flatMap((index) => [
        write(`${CONTEXT}/targets/${index}/pid_target`, index === 0 ? '{PID}' : '{PID2}'),
        write(`${CONTEXT}/targets/${index}/regions/nr_regions`, 1),
        write(`${CONTEXT}/targets/${index}/regions/0/start`, `{+${index * 200}}`),
        write(`${CONTEXT}/targets/${index}/regions/0/end`, `{+${index * 200 + 100}}`),
      ]),
      write(`${SCHEME}/stats/max_nr_snapshots`, 3),
      ...run(wait(550), traceOf(60, BEFORE), ...stats(), read(`${SCHEME}/stats/nr_snapshots`)),
    ],
  },
  {
    name: 'a target filter',
    steps: [
      ...staged(100, 'stat'),
      write(`${SCHEME}/core_filters/nr_filters`, 1),
      ...set(`${SCHEME}/core_filters/0`, { type: 'target', matching: 'Y', allow: 'N', damon_target_idx: 0 }),
      write(`${SCHEME}/stats/max_nr_snapshots`, 2),
      ...run(wait(450), ...stats(), read(`${SCHEME}/stats/nr_snapshots`)),
    ],
  },
  {
    name: 'consist from one byte',
    steps: [
      ...staged(1000, 'stat'),
      ...set(`${SCHEME}/quotas/goals`, { nr_goals: 1, '0/target_value': 10000, '0/current_value': 4000 }),
      ...run(wait(1600), traceOf(12, 'damos_esz'), traceOf(6, BEFORE)),
    ],
  },
  {
    name: 'temporal, below and at the goal',
    steps: [
      ...staged(1000, 'stat'),
      ...set(`${SCHEME}/quotas`, { goal_tuner: 'temporal', bytes: 40960 }),
      ...set(`${SCHEME}/quotas/goals`, { nr_goals: 1, '0/target_value': 100, '0/current_value': 99 }),
      ...run(
        wait(250),
        write(`${SCHEME}/quotas/goals/0/current_value`, 100),
        write('0/state', 'commit_schemes_quota_goals'),
        wait(250),
        traceOf(4, 'damos_esz'),
        traceOf(4, BEFORE),
        write('0/state', 'update_schemes_effective_quotas'),
        read(`${SCHEME}/quotas/effective_bytes`),
      ),
    ],
  },
  {
    name: 'temporal without bytes',
    steps: [
      ...staged(10, 'stat'),
      write(`${SCHEME}/quotas/goal_tuner`, 'temporal'),
      ...set(`${SCHEME}/quotas/goals`, { nr_goals: 1, '0/target_value': 100 }),
      ...run(
        wait(250),
        write('0/state', 'update_schemes_effective_quotas'),
        read(`${SCHEME}/quotas/effective_bytes`),
      ),
    ],
  },
  {
    name: 'failed charges',
    steps: [
      ...staged(1000, 'lru_prio'),
      write(`${CONTEXT}/monitoring_attrs/nr_regions/min`, 3),
      ...set(`${SCHEME}/quotas`, {
        bytes: 409_600,
        reset_interval_ms: 1000,
        fail_charge_num: 1,
        fail_charge_denom: 10,
      }),
      ...run(wait(1500), traceOf(16, BEFORE)),
    ],
  },
  {
    name: 'tuned intervals of idle memory',
    steps: [
      ...staged(1000, 'stat'),
      ...set(`${CONTEXT}/monitoring_attrs/intervals/intervals_goal`, {
        access_bp: 400,
        aggrs: 3,
        min_sample_us: 5000,
        max_sample_us: 30000,
      }),
      ...run(
        wait(3000),
        traceOf(3, 'damon_monitor_intervals_tune'),
        write('0/state', 'update_tuned_intervals'),
        read(`${CONTEXT}/monitoring_attrs/intervals/sample_us`),
        read(`${CONTEXT}/monitoring_attrs/intervals/aggr_us`),
        read(`${CONTEXT}/monitoring_attrs/intervals/update_us`),
      ),
    ],
  },
  {
    name: 'ages and counts of changed intervals',
    steps: [
      ...staged(1000, 'stat'),
      ...run(
        wait(490),
        ...set(`${CONTEXT}/monitoring_attrs/intervals`, { aggr_us: 400000 }),
        write('0/state', 'commit'),
        wait(1000),
        write('0/state', 'off'),
        traceOf(130, 'damon_aggregated'),
      ).slice(0, -1),
    ],
  },
  {
    name: 'statistics survive a commit, not a restart',
    steps: [
      ...staged(100, 'stat'),
      write(`${SCHEME}/stats/max_nr_snapshots`, 3),
      ...run(
        wait(550),
        ...stats(),
        write(`${SCHEME}/stats/max_nr_snapshots`, 5),
        write('0/state', 'commit'),
        wait(450),
        ...stats(),
        read(`${SCHEME}/stats/nr_snapshots`),
      ),
      ...run(wait(750), ...stats()),
    ],
  },
  {
    name: 'paused',
    steps: [
      ...staged(100, 'stat'),
      write(`${CONTEXT}/pause`, 'Y'),
      ...run(
        wait(300),
        ...stats(),
        write('0/state', 'update_schemes_tried_bytes'),
        write(`${CONTEXT}/pause`, 'N'),
        write(`${SCHEME}/stats/max_nr_snapshots`, 2),
        write('0/state', 'commit'),
        wait(450),
        ...stats(),
      ),
    ],
  },
  {
    name: 'tried bytes and regions',
    steps: [
      ...staged(100, 'stat'),
      ...run(
        wait(350),
        write('0/state', 'update_schemes_tried_bytes'),
        read(`${SCHEME}/tried_regions/total_bytes`),
        write('0/state', 'clear_schemes_tried_regions'),
        read(`${SCHEME}/tried_regions/total_bytes`),
        write(`${SCHEME}/stats/max_nr_snapshots`, 1),
        write('0/state', 'commit'),
        write('0/state', 'update_schemes_tried_bytes'),
        read(`${SCHEME}/tried_regions/total_bytes`),
      ),
      write('0/state', 'update_schemes_tried_bytes'),
    ],
  },
  {
    name: 'watermarks above which nothing runs',
    steps: [
      ...staged(100, 'stat'),
      ...set(`${SCHEME}/watermarks`, {
        metric: 'free_mem_rate',
        interval_us: 200000,
        high: 1,
        mid: 1,
        low: 0,
      }),
      ...run(
        wait(500),
        write('0/state', 'update_schemes_tried_bytes'),
        ...stats(),
        ...set(`${SCHEME}/watermarks`, { high: 1000, mid: 1000 }),
        write(`${SCHEME}/stats/max_nr_snapshots`, 2),
        write('0/state', 'commit'),
        wait(500),
        ...stats(),
      ),
    ],
  },
  {
    name: 'obsolete targets',
    steps: [
      ...staged(100, 'stat'),
      write(`${CONTEXT}/targets/0/obsolete_target`, 'Y'),
      write('0/state', 'on'),
      write(`${CONTEXT}/targets/0/obsolete_target`, 'N'),
      write('0/state', 'on'),
      wait(200),
      write(`${CONTEXT}/targets/0/obsolete_target`, 'Y'),
      write('0/state', 'commit'),
      wait(300),
      read('0/state'),
      read('0/pid'),
      write('0/state', 'update_schemes_stats'),
      write('0/state', 'off'),
      write('0/state', 'off'),
    ],
  },
  {
    name: 'what on refuses since 7',
    steps: [
      ...staged(64, 'stat'),
      ...set(`${CONTEXT}/monitoring_attrs/intervals/intervals_goal`, {
        aggrs: 1,
        min_sample_us: 6000,
        max_sample_us: 7000,
      }),
      write('0/state', 'on'),
      ...set(`${CONTEXT}/monitoring_attrs/intervals/intervals_goal`, { min_sample_us: 8000 }),
      write('0/state', 'on'),
      ...set(`${CONTEXT}/monitoring_attrs/intervals/intervals_goal`, { aggrs: 0 }),
      write(`${CONTEXT}/addr_unit`, 0),
      write(`${CONTEXT}/addr_unit`, 3),
      write(`${CONTEXT}/operations`, 'paddr'),
      write('0/state', 'on'),
      write(`${CONTEXT}/addr_unit`, 1),
      write(`${CONTEXT}/operations`, 'fvaddr'),
      write(`${CONTEXT}/monitoring_attrs/probes/nr_probes`, 5),
      write(`${CONTEXT}/monitoring_attrs/probes/nr_probes`, 2),
      write(`${CONTEXT}/monitoring_attrs/probes/0/weight`, 4294967295),
      write('0/state', 'on'),
      write(`${CONTEXT}/monitoring_attrs/probes/0/weight`, 1),
      write(`${CONTEXT}/monitoring_attrs/intervals/sample_us`, 300),
      write('0/state', 'on'),
      write(`${CONTEXT}/monitoring_attrs/intervals/sample_us`, 5000),
      write(`${CONTEXT}/monitoring_attrs/probes/nr_probes`, 0),
      write(`${SCHEME}/ops_filters/nr_filters`, 1),
      ...set(`${SCHEME}/ops_filters/0`, { type: 'hugepage_size', min: 2, max: 1 }),
      write('0/state', 'on'),
      write(`${SCHEME}/ops_filters/0/type`, 'memcg'),
      write('0/state', 'on'),
      write(`${SCHEME}/ops_filters/nr_filters`, 0),
      ...set(`${SCHEME}/quotas/goals`, { nr_goals: 1, '0/target_metric': 'node_eligible_mem_bp' }),
      write('0/state', 'on'),
      write('0/state', 'off'),
      write(`${SCHEME}/quotas/goals/0/target_value`, 1),
      write('0/state', 'on'),
      write(`${SCHEME}/quotas/goals/0/target_metric`, 'node_memcg_used_bp'),
      write('0/state', 'on'),
      write(`${SCHEME}/quotas/goals/nr_goals`, 0),
      write(`${CONTEXT}/operations`, 'paddr'),
      write(`${CONTEXT}/targets/nr_targets`, 2),
      write('0/state', 'on'),
    ],
  },
  {
    name: 'the modules and the tree',
    steps: [
      ...staged(64, 'stat'),
      write('/sys/module/damon_stat/parameters/enabled', 'Y'),
      write('0/state', 'on'),
      write('/sys/module/damon_reclaim/parameters/enabled', 'Y'),
      write('/sys/module/damon_stat/parameters/enabled', 'N'),
      read('/sys/module/damon_stat/parameters/kdamond_pid'),
      write('0/state', 'on'),
      write('/sys/module/damon_stat/parameters/enabled', 'Y'),
      read('/sys/module/damon_stat/parameters/enabled'),
      write('/sys/module/damon_lru_sort/parameters/enabled', 'Y'),
      write('0/state', 'off'),
      write('/sys/module/damon_reclaim/parameters/commit_inputs', 'Y'),
      write('/sys/module/damon_reclaim/parameters/min_age', 'x'),
      write('/sys/module/damon_reclaim/parameters/addr_unit', '0'),
      write('/sys/module/damon_reclaim/parameters/min_nr_regions', '2'),
      write('/sys/module/damon_reclaim/parameters/enabled', 'Y'),
      write('/sys/module/damon_reclaim/parameters/min_nr_regions', '10'),
      write('/sys/module/damon_lru_sort/parameters/active_mem_bp', '10001'),
      write('/sys/module/damon_lru_sort/parameters/enabled', 'Y'),
      write('/sys/module/damon_lru_sort/parameters/active_mem_bp', '0'),
    ],
  },
  {
    name: 'tracefs',
    steps: [
      ...['0', '1', '2', 'x', '', '1\n'].map((text) =>
        write('/sys/kernel/tracing/events/damon/damos_esz/enable', text),
      ),
      read('/sys/kernel/tracing/events/damon/damos_esz/enable'),
      ...['damon:nothing', 'damon:damos_esz', '!damon:damos_esz'].map((text) =>
        write('/sys/kernel/tracing/set_event', text),
      ),
      write('/sys/kernel/tracing/current_tracer', 'nothing'),
      write('/sys/kernel/tracing/current_tracer', 'nop'),
      write('/sys/kernel/tracing/tracing_on', 'x'),
      read('/sys/kernel/tracing/events/damon/damos_esz/filter'),
    ],
  },
];

/** Vectors by series of the kernel; in fixtures under the same name. */
export const VECTORS: Readonly<Record<'7.3' | '6.12', readonly KernelVector[]>> = {
  '7.3': [...EVERYWHERE, ...SINCE_7],
  '6.12': EVERYWHERE,
};
