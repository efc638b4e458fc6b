import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import {
  type DamonContext,
  type DamosFilter,
  filterOf,
  isCoreFilter,
  NO_INTERVALS_GOAL,
  schemeOf,
} from '../vocabulary/damon.js';
import { KDAMONDS } from './kernel-files.js';
import { readKdamonds } from './read-tree.js';
import { DamonSlot } from './slot.js';
import { contextWrites } from './writes.js';

const FOLDER = `${KDAMONDS}/0`;
const big = (max = 2 ** 40) => fc.integer({ min: 0, max }).map(BigInt);
const small = fc.integer({ min: 0, max: 1000 });
const span = (max?: number) => fc.tuple(big(max), big(max));
const range = fc.record({ start: big(), end: big() });

const FILTERS: fc.Arbitrary<DamosFilter> = fc
  .record({ matching: fc.boolean(), allow: fc.boolean(), address: range, size: span(), targetIndex: small })
  .chain(({ matching, allow, address, size, targetIndex }) =>
    fc.constantFrom(
      filterOf('anon', { matching, allow }),
      filterOf('memcg', { matching, allow, memcgPath: '/a b' }),
      filterOf('addr', { matching, allow, address }),
      filterOf('hugepage_size', { matching, allow, size }),
      filterOf('target', { matching, allow, targetIndex }),
    ),
  );

const SCHEMES = fc.record({
  action: fc.constantFrom('stat', 'pageout', 'collapse', 'split'),
  targetOrder: fc.integer({ min: 1, max: 9 }),
  targetNid: fc.integer({ min: -1, max: 3 }),
  pattern: fc.record({ size: span(), accesses: span(1000), age: span(1000) }),
  applyIntervalUs: big(),
  quotas: fc.record({
    ...{ ms: big(), bytes: big(), resetMs: big() },
    weights: fc.record({ size: small, accesses: small, age: small }),
    goals: fc.array(
      fc.record({
        metric: fc.constantFrom('user_input', 'some_mem_psi_us'),
        ...{ target: big(), current: big(), nid: small, path: fc.constantFrom('', '/db') },
      }),
      { maxLength: 2 },
    ),
    goalTuner: fc.constantFrom('consist', 'temporal'),
  }),
  watermarks: fc.record({
    metric: fc.constantFrom('none', 'free_mem_rate'),
    ...{ intervalUs: big(), high: big(), mid: big(), low: big() },
  }),
  filters: fc.array(FILTERS, { maxLength: 3 }),
  destinations: fc.array(fc.record({ id: small, weight: small }), { maxLength: 2 }),
  maxSnapshots: big(),
});

const CONTEXTS: fc.Arbitrary<DamonContext> = fc.record({
  operations: fc.constantFrom('vaddr', 'fvaddr', 'paddr'),
  addressUnit: big(),
  pause: fc.boolean(),
  intervals: fc.record({
    ...{ sampleUs: big(), aggregationUs: big(), updateUs: big() },
    goal: fc.record({
      ...{ accessBasisPoints: big(), aggregations: big(), minSampleUs: big(), maxSampleUs: big() },
    }),
  }),
  regions: fc.record({ min: big(), max: big() }),
  targets: fc.array(
    fc.record({ pid: small, regions: fc.array(range, { maxLength: 2 }), obsolete: fc.boolean() }),
    { maxLength: 2 },
  ),
  schemes: fc.array(SCHEMES, { maxLength: 2 }),
});

/** The kernel keeps core filters apart from those per folio, and each kind in its order. */
const layered = (context: DamonContext, coreFilters: boolean): DamonContext => ({
  ...context,
  schemes: context.schemes.map((scheme) => ({
    ...scheme,
    filters: coreFilters
      ? [
          ...scheme.filters.filter((filter) => isCoreFilter(filter)),
          ...scheme.filters.filter((filter) => !isCoreFilter(filter)),
        ]
      : scheme.filters,
  })),
});

test('what is written into the tree is what is read from it', async () => {
  await fc.assert(
    fc.asyncProperty(CONTEXTS, fc.boolean(), async (context, coreFilters) => {
      const { host, files } = writtenHost({ [`${FOLDER}/state`]: 'off\n', [`${FOLDER}/pid`]: '-1\n' });
      for (const { file, text } of contextWrites(context, { coreFilters }))
        host.files.writeKernelFile(`${FOLDER}/${file}`, text);
      files.set(`${FOLDER}/contexts/nr_contexts`, '1\n');
      const [{ context: found, running, thread, pid }] = await readKdamonds(host);
      assert.deepEqual(found, layered(structuredClone(context), coreFilters));
      assert.deepEqual([running, thread, pid], [false, '', -1]);
    }),
    { numRuns: 60 },
  );
});

test('a tree without files of later kernels is read as what those kernels do by default', async () => {
  const { host } = writtenHost({
    [`${FOLDER}/state`]: 'on\n',
    [`${FOLDER}/pid`]: '31\n',
    '/proc/31/comm': 'kdamond.0\n',
    [`${FOLDER}/contexts/nr_contexts`]: '1\n',
    [`${FOLDER}/contexts/0/targets/0/x`]: '',
    [`${FOLDER}/contexts/0/targets/0/regions/0/x`]: '',
    [`${FOLDER}/contexts/0/schemes/0/x`]: '',
    [`${FOLDER}/contexts/0/schemes/0/filters/0/x`]: '',
    [`${FOLDER}/contexts/0/schemes/0/dests/0/x`]: '',
    [`${FOLDER}/contexts/0/schemes/0/quotas/goals/0/x`]: '',
    [`${FOLDER}/contexts/0/schemes/0/stats/nr_tried`]: '12\n',
  });
  const [view] = await readKdamonds(host);
  assert.deepEqual(
    [view.running, view.thread, view.pid, view.statistics[0].tried],
    [true, 'kdamond.0', 31, 12n],
  );
  const plain = schemeOf('');
  const zero: readonly [bigint, bigint] = [0n, 0n];
  assert.deepEqual(view.context, {
    operations: '',
    addressUnit: 1n,
    pause: false,
    intervals: { sampleUs: 0n, aggregationUs: 0n, updateUs: 0n, goal: NO_INTERVALS_GOAL },
    regions: { min: 0n, max: 0n },
    targets: [{ pid: 0, obsolete: false, regions: [{ start: 0n, end: 0n }] }],
    schemes: [
      {
        ...plain,
        pattern: { size: zero, accesses: zero, age: zero },
        quotas: {
          ...plain.quotas,
          goals: [{ metric: 'user_input', target: 0n, current: 0n, nid: 0, path: '' }],
        },
        filters: [filterOf('', {})],
        destinations: [{ id: 0, weight: 0 }],
      },
    ],
  });
});

test('counts are 32 bits wide, and an order of 0 means something for collapse and split only', async () => {
  const scheme = `${FOLDER}/contexts/0/schemes`;
  const files: Record<string, string> = {
    [`${FOLDER}/contexts/nr_contexts`]: '1\n',
    [`${scheme}/0/access_pattern/nr_accesses/max`]: `${2n ** 32n + 5n}\n`,
    [`${scheme}/0/access_pattern/age/min`]: `${2n ** 32n}\n`,
    [`${scheme}/0/access_pattern/sz/max`]: `${2n ** 40n}\n`,
    [`${scheme}/0/action`]: 'pageout\n',
    [`${scheme}/0/target_order`]: '0\n',
    [`${scheme}/1/action`]: 'collapse\n',
    [`${scheme}/1/target_order`]: '0\n',
    [`${scheme}/2/action`]: 'pageout\n',
    [`${scheme}/2/target_order`]: '4\n',
  };
  const [{ context }] = await readKdamonds(writtenHost(files).host);
  const [first, ...more] = context?.schemes ?? [];
  assert.deepEqual(first.pattern, { size: [0n, 2n ** 40n], accesses: [0n, 5n], age: [0n, 0n] });
  assert.deepEqual(
    [first, ...more].map(({ targetOrder }) => targetOrder),
    [undefined, 0, 4],
  );
});

test('a slot without contexts has none, and a thread that is gone has no name', async () => {
  const { host } = writtenHost({ [`${FOLDER}/pid`]: '31\n', [`${FOLDER}/contexts/nr_contexts`]: '0\n' });
  const [view] = await readKdamonds(host);
  assert.deepEqual([view.context, view.thread, view.statistics], [undefined, '', []]);
});

/** Files that a kernel may lack are not needed where they would hold what it does anyway. */
test('of files that a kernel lacks only those are missed that ask for something', async () => {
  const missed = (context: DamonContext) =>
    contextWrites(context, { coreFilters: false })
      .filter(({ optional }) => optional)
      .map(({ file }) => file.replace('contexts/0/', '').replace('schemes/0/', ''));
  const plain: DamonContext = {
    ...{ operations: 'vaddr', addressUnit: 1n, pause: false },
    intervals: { sampleUs: 1n, aggregationUs: 1n, updateUs: 1n, goal: NO_INTERVALS_GOAL },
    regions: { min: 3n, max: 3n },
    targets: [{ pid: 1, regions: [], obsolete: false }],
    schemes: [
      schemeOf('stat', {
        filters: [filterOf('anon', {})],
        quotas: {
          ...schemeOf('').quotas,
          goals: [{ metric: 'x', target: 1n, current: 0n, nid: 0, path: '' }],
        },
      }),
    ],
  };
  assert.deepEqual(missed(plain), [
    'addr_unit',
    'pause',
    ...['access_bp', 'aggrs', 'min_sample_us', 'max_sample_us'].map(
      (name) => `monitoring_attrs/intervals/intervals_goal/${name}`,
    ),
    'targets/0/obsolete_target',
    'target_nid',
    'apply_interval_us',
    'quotas/goals/0/nid',
    'quotas/goals/0/path',
    'quotas/goal_tuner',
    'filters/0/allow',
    'stats/max_nr_snapshots',
  ]);
  const [scheme] = plain.schemes;
  const goal = { accessBasisPoints: 1n, aggregations: 1n, minSampleUs: 1n, maxSampleUs: 1n };
  const asking: DamonContext = {
    ...plain,
    ...{ addressUnit: 2n, pause: true, intervals: { ...plain.intervals, goal } },
    targets: [{ pid: 1, regions: [], obsolete: true }],
    schemes: [
      {
        ...scheme,
        ...{ targetNid: 0, applyIntervalUs: 1n, maxSnapshots: 1n },
        filters: [filterOf('anon', { allow: true })],
        quotas: {
          ...scheme.quotas,
          goals: [{ metric: 'x', target: 1n, current: 0n, nid: 1, path: '/' }],
          goalTuner: 'temporal',
        },
      },
    ],
  };
  assert.deepEqual(missed(asking), []);
});

test('nothing is written that is not asked for: no goals, filters or destinations', () => {
  const files = contextWrites(
    {
      ...{ operations: 'vaddr', addressUnit: 1n, pause: false },
      intervals: { sampleUs: 1n, aggregationUs: 1n, updateUs: 1n, goal: NO_INTERVALS_GOAL },
      ...{ regions: { min: 3n, max: 3n }, targets: [], schemes: [schemeOf('stat')] },
    },
    { coreFilters: true },
  ).map(({ file }) => file);
  assert.ok(!files.some((file) => /goals|filters|dests|target_order/.test(file)), files.join(' '));
});

test('each kernel file is named by itself where features come from type information', async () => {
  const { host } = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_SPLIT', 'target_order', 'intervals_goal'),
  });
  const slot = await DamonSlot.open(host, { share: false });
  assert.ok(slot.ok);
  assert.deepEqual(slot.value.features(), {
    missing: '',
    ...{ collapse: false, split: true, targetOrder: true, coreFilters: false, snapshotLimit: false },
    ...{ intervalsGoal: true, basis: 'btf' },
  });
  await slot.value.close();
});

test('one child is counted before it is written, of goals, filters and destinations', () => {
  const [goal] = [{ metric: 'x', target: 1n, current: 0n, nid: 0, path: '' }];
  const scheme = schemeOf('stat', {
    quotas: { ...schemeOf('').quotas, goals: [goal] },
    filters: [filterOf('addr', {}), filterOf('anon', {})],
    destinations: [{ id: 1, weight: 1 }],
  });
  const writes = contextWrites(
    {
      ...{ operations: 'vaddr', addressUnit: 1n, pause: false },
      intervals: { sampleUs: 1n, aggregationUs: 1n, updateUs: 1n, goal: NO_INTERVALS_GOAL },
      ...{ regions: { min: 3n, max: 3n }, targets: [], schemes: [scheme] },
    },
    { coreFilters: true },
  ).map(({ file, text }) => `${file.replace('contexts/0/schemes/0/', '')} = ${text}`);
  for (const folder of [
    'quotas/goals/nr_goals',
    'core_filters/nr_filters',
    'ops_filters/nr_filters',
    'dests/nr_dests',
  ]) {
    const counted = writes.indexOf(`${folder} = 1`);
    const child = writes.findIndex((line) => line.startsWith(folder.replace(/nr_.*/, '0/')));
    assert.ok(counted >= 0 && counted < child, folder);
  }
});

test('how long a kdamond ran is told by its thread, and by nothing where there is none', async () => {
  const world = writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n', '/proc/31/schedstat': '12345 6 7\n' });
  const slot = await DamonSlot.open(world.host, { share: false });
  assert.ok(slot.ok);
  assert.equal(slot.value.busyNs(), undefined);
  for (const [pid, ns] of [
    ['31', 12_345],
    ['0', undefined],
    ['-1', undefined],
    ['32', undefined],
  ] as const) {
    world.files.set(`${FOLDER}/pid`, `${pid}\n`);
    assert.equal(slot.value.busyNs(), ns, pid);
  }
  await slot.value.close();
});
