/** Plans at their bounds: the last step that fits, one hole, one page, and what a book of costs may hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, mapping, PROCESS, pageSizes, SETTINGS, state } from '../../test/support/drawing.js';
import { blockState } from '../verification/block-rows.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Plan, Proposal, Step } from '../vocabulary/plan.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import { GEOMETRY_4K, MIB } from '../vocabulary/units.js';
import { DEFAULT_BUDGETS, lockReason, type MemoryState, pressureReason } from './budgets.js';
import { CostBook, CostsSchema } from './cost-book.js';
import { forecast } from './forecast.js';
import { LONGEST_PAUSE_MS, pausedBecause, withRecollapse } from './guard.js';
import { type Means, makePlan } from './planner.js';
import { regretBecause, withCameBack } from './regret.js';

const PAGE = GEOMETRY_4K.pageBytes;
const BLOCK = GEOMETRY_4K.blockBytes;
const MEMORY: MemoryState = { freeHugeBytes: 1000 * BLOCK, blockBytes: BLOCK, pressure: 0 };

function proposal(changes: Partial<Proposal> = {}): Proposal {
  return {
    ...{ process: PROCESS, block: FIRST_BLOCK, action: 'split', targetOrder: 0, policy: 'test' },
    ...{ reason: '', priority: 0 },
    gain: { returnedBytes: 0, reclaimableBytes: 0, tlbReachBytes: 0 },
    cost: { durationUs: 0, lockUs: 0, copiedBytes: 0, grownBytes: 0 },
    ...changes,
  };
}

test('a bound on pressure below one percent is a bound', () => {
  const budgets = { ...DEFAULT_BUDGETS, maxPressure: 0.5 };
  assert.match(pressureReason({ ...MEMORY, pressure: 0.6 }, budgets, 0) ?? '', /is 0.6 %, bound is 0.5 %/);
  assert.equal(pressureReason({ ...MEMORY, pressure: 0.5 }, budgets, 0), undefined);
});

test('the last free huge block is kept where any must stay free', () => {
  const budgets = { ...DEFAULT_BUDGETS, minFreeBytes: 1 };
  const reason = (blocks: number) => pressureReason({ ...MEMORY, freeHugeBytes: blocks * BLOCK }, budgets, 0);
  assert.match(reason(1) ?? '', /^only 0 MiB/);
  assert.match(reason(0) ?? '', /^only 0 MiB/);
  assert.equal(reason(2), undefined);
});

test('a step may take exactly a second’s share of the lock, and times are told with three digits', () => {
  assert.equal(lockReason(100_000, DEFAULT_BUDGETS), undefined);
  assert.match(
    lockReason(123_456, { ...DEFAULT_BUDGETS, lockUsPerSecond: 98_765 }) ?? '',
    /for 123 ms, .* more than 98.8 ms of that/,
  );
});

test('the longest pause is a day, and what is left of one is told in whole seconds, rounded up', () => {
  assert.equal(LONGEST_PAUSE_MS, 24 * 3600 * 1000);
  const feuds = withRecollapse(new Map(), PROCESS, FIRST_BLOCK, 0);
  for (const [left, said] of [
    [59_000, '59 s'],
    [59_001, '60 s'],
    [1, '1 s'],
  ] as const)
    assert.ok(pausedBecause(feuds, PROCESS, FIRST_BLOCK, 60_000 - left)?.endsWith(` ${said}`), said);
  const found = { returnedBytes: 1000, cameBackBytes: 930, run: 'a', afterMs: 5 };
  const regrets = withCameBack(new Map(), PROCESS, found, 0);
  const wanted = proposal({ gain: { returnedBytes: PAGE, reclaimableBytes: 0, tlbReachBytes: 0 } });
  for (const [left, said] of [
    [59_000, '59 s'],
    [59_001, '60 s'],
  ] as const)
    assert.ok(regretBecause(regrets, wanted, state('H'), PAGE, 60_000 - left)?.endsWith(` ${said}`), said);
});

test('a pause that lies further ahead than any can is of a clock that was set back, and over', () => {
  const feuds = withRecollapse(new Map(), PROCESS, FIRST_BLOCK, 0);
  const found = { returnedBytes: 1000, cameBackBytes: 930, run: 'a', afterMs: 5 };
  const regrets = withCameBack(new Map(), PROCESS, found, 0);
  const wanted = proposal({ gain: { returnedBytes: PAGE, reclaimableBytes: 0, tlbReachBytes: 0 } });
  const longest = 60_000 - LONGEST_PAUSE_MS;
  assert.ok(pausedBecause(feuds, PROCESS, FIRST_BLOCK, longest));
  assert.equal(pausedBecause(feuds, PROCESS, FIRST_BLOCK, longest - 1), undefined);
  assert.ok(regretBecause(regrets, wanted, state('H'), PAGE, longest));
  assert.equal(regretBecause(regrets, wanted, state('H'), PAGE, longest - 1), undefined);
});

const SPLIT: Means = {
  ...{ actuator: 'madvise', action: 'split', orders: [0], missing: '', clearsReferences: true },
  defeatedBy: {},
};
const COLLAPSE: Means = { ...SPLIT, action: 'collapse', orders: [9] };

function plan(given: {
  readonly blocks: readonly string[];
  readonly proposals: readonly Proposal[];
  readonly budgets?: Partial<typeof DEFAULT_BUDGETS>;
  readonly means?: readonly Means[];
  readonly insist?: boolean;
  readonly flags?: readonly string[];
  readonly wishes?: Plan['wishes'];
}) {
  const sizes = pageSizes(given.blocks, given.flags && { flags: given.flags });
  const stateOf = (block: number) => ({ state: blockState(sizes.blocks, block - FIRST_BLOCK), mapping: 0 });
  return makePlan({
    ...{ id: 'plan', nowMs: 0, bootId: 'boot', target: '100', policy: 'test', parameters: {}, sources: [] },
    processes: [
      {
        ...{ sizes, proposals: given.proposals, passedOver: [], state: stateOf },
        ...(given.wishes && { wishes: given.wishes }),
      },
    ],
    means: given.means ?? [SPLIT, COLLAPSE],
    ...{ settings: SETTINGS, memory: MEMORY, feuds: new Map(), notes: [], insist: given.insist ?? false },
    budgets: { ...DEFAULT_BUDGETS, ...given.budgets },
  });
}

test('a bound of one block lets one through, a bound of one byte none', () => {
  const proposals = [proposal(), proposal({ block: FIRST_BLOCK + 1 })];
  const codes = (budgets: Partial<typeof DEFAULT_BUDGETS>) => {
    const made = plan({ blocks: ['H', 'H'], proposals, budgets });
    return [made.steps.length, ...made.refused.map(({ code }) => code)];
  };
  assert.deepEqual(codes({ maxBlocks: 1 }), [1, 'budget-blocks']);
  assert.deepEqual(codes({ maxBytes: 1 }), [0, 'budget-bytes', 'budget-bytes']);
  assert.deepEqual(codes({ maxBytes: BLOCK }), [1, 'budget-bytes']);
});

test('a plan predicts the sum of what its steps are expected to do, where their policy says', () => {
  const expecting = (block: number, gainedNs: number, lostNs: number, bytes: number) =>
    proposal({
      block: FIRST_BLOCK + block,
      gain: {
        ...{ returnedBytes: 0, reclaimableBytes: 0, tlbReachBytes: 0 },
        expected: { gainedNs, lostNs, bytes, chance: 0.9 },
      },
    });
  const silent = proposal({ block: FIRST_BLOCK + 2 });
  const proposals = [expecting(0, 10, 1, 4096), expecting(1, 5, 3, -8192), silent];
  const made = plan({ blocks: ['H', 'H', 'H'], proposals });
  assert.deepEqual(made.prediction, { gainedNs: 15, lostNs: 4, bytes: -4096, steps: 2 });
  assert.equal('prediction' in plan({ blocks: ['H', 'H', 'H'], proposals: [silent] }), false);
});

test('a plan tells the sixteen blocks of which more samples are worth most, the best first', () => {
  const wishes = Array.from({ length: 20 }, (_, at) => ({
    process: PROCESS,
    block: at,
    regretNs: (7 * at) % 20,
  }));
  const told = plan({ blocks: ['H'], proposals: [], wishes }).wishes ?? [];
  assert.deepEqual(
    told.map(({ regretNs }) => regretNs),
    Array.from({ length: 16 }, (_, at) => 19 - at),
  );
  assert.equal('wishes' in plan({ blocks: ['H'], proposals: [], wishes: [] }), false);
  assert.equal('wishes' in plan({ blocks: ['H'], proposals: [] }), false);
});

test('splits come first however the proposals are ordered, then the lower address', () => {
  const at = (block: number, action: Proposal['action']) =>
    proposal({ block: FIRST_BLOCK + block, action, targetOrder: action === 'split' ? 0 : 9 });
  const orders = [
    [at(0, 'collapse'), at(1, 'split'), at(2, 'collapse'), at(3, 'split')],
    [at(3, 'split'), at(2, 'collapse'), at(1, 'split'), at(0, 'collapse')],
  ];
  for (const proposals of orders) {
    const made = plan({ blocks: ['4', 'H', '4', 'H'], proposals });
    assert.deepEqual(
      made.steps.map((step) => step.proposal.block - FIRST_BLOCK),
      [1, 3, 0, 2],
    );
  }
});

test('a split with a warning that it may fail keeps the forecast of a split', () => {
  const mlocked = { ...SPLIT, defeatedBy: { mlocked: 'mlocked memory is refused' } };
  const given = { blocks: ['H'], proposals: [proposal()], means: [mlocked] };
  const [insisted] = plan({ ...given, insist: true, flags: ['rd', 'wr', 'hg', 'lo'] }).steps;
  assert.deepEqual(insisted.warnings, ['likely to fail: mlocked memory is refused']);
  assert.equal(insisted.forecast.undoneByKernel, 'if-touched');
});

function forecastOf(before: BlockState, of: Proposal, settings: ThpSettings = SETTINGS) {
  const facts = { mapping: mapping(1), settings, geometry: GEOMETRY_4K, thpDisabledByPrctl: false };
  return forecast({ ...facts, before, proposal: of, clearsReferences: true });
}

const gaining = (returnedBytes: number | null) =>
  proposal({ gain: { returnedBytes, reclaimableBytes: 0, tlbReachBytes: 0 } });

test('what keeps a split is the setting of the PMD size where the kernel has one, else the setting of all', () => {
  const kept = (...orders: number[]) =>
    forecastOf(state('H'), gaining(0), {
      ...{ ...SETTINGS, enabled: 'madvise' },
      sizes: orders.map((order) => ({ order, enabled: 'inherit' })),
    }).keptBy;
  assert.match(kept(9), /^hugepages-2048kB\/enabled=never/);
  assert.match(kept(4, 9), /^hugepages-2048kB\/enabled=never/);
  const small = forecastOf(state('H'), gaining(0), { ...SETTINGS, sizes: [] });
  assert.match(small.keptBy, /transparent_hugepage\/enabled=never|nothing more/);
});

test('one hole is bounded by max_ptes_none, and a swapped page is no hole', () => {
  const kept = (before: BlockState) => forecastOf(before, gaining(0)).keptBy;
  assert.match(kept({ ...state('h*511'), level: 'pte' }), /max_ptes_none below 1 system-wide/);
  assert.doesNotMatch(kept({ ...state('h*511'), swapped: 1 }), /max_ptes_none/);
  assert.match(kept({ ...state('h*500'), swapped: 8 }), /max_ptes_none below 4 system-wide/);
});

const strict: ThpSettings = { ...SETTINGS, khugepaged: { ...SETTINGS.khugepaged, maxPtesNone: 0 } };

test('a split that returns nothing leaves no hole, one that returns a page leaves one, beside those there are', () => {
  const why = (before: BlockState, returned: number) =>
    forecastOf(before, gaining(returned * PAGE), strict).why;
  assert.doesNotMatch(why(state('H'), 0), /holes/);
  assert.match(why(state('H'), 1), /while 1 sub-pages are holes or zero pages/);
  assert.match(why({ ...state('H'), zeroMapped: 3, present: 509 }, 5), /while 8 sub-pages/);
});

test('a split of which it is not known what it returns is not said to leave holes', () => {
  assert.doesNotMatch(forecastOf(state('H'), gaining(null), strict).why, /holes/);
});

test('a collapse of a full block fills no hole, and one page of a large folio is a large folio', () => {
  const collapse = proposal({ action: 'collapse', targetOrder: 9 });
  assert.doesNotMatch(forecastOf(state('4'), collapse).irreversible, /filled holes/);
  assert.match(forecastOf(state('4*511'), collapse).irreversible, /filled holes/);
  const one = { ...state('4'), pagesByOrder: [511, 0, 1, 0, 0, 0, 0, 0, 0, 0] };
  assert.match(forecastOf(one, collapse).irreversible, /folio orders/);
  const second = { ...state('4'), pagesByOrder: [510, 2, 0, 0, 0, 0, 0, 0, 0, 0] };
  assert.match(forecastOf(second, collapse).irreversible, /folio orders/);
});

const step = (id: number, of: Proposal) => ({ id, actuator: 'madvise', proposal: of }) as Step;
const took = (id: number, durationUs: number) => ({
  ...{ step: id, actuator: 'madvise', tried: true, answer: 'ok', calls: [], atMs: 0 },
  durationUs,
});

test('the spread of what was measured does not hang on the order of the steps', () => {
  const durations = [9000, 5000, 6500, 5100, 5700];
  const steps = durations.map((_, id) => step(id, proposal()));
  const book = new CostBook().with(
    steps,
    durations.map((us, id) => took(id, us)),
    BLOCK,
    0,
  );
  const { durationUs, measured } = book.measured(proposal(), 'madvise', BLOCK);
  assert.deepEqual([durationUs, measured], [5700, { lowUs: 5000, highUs: 6500, steps: 5 }]);
});

test('a split of which nothing is known costs like one that returns nothing', () => {
  const steps = [0, 1, 2].map((id) => step(id, gaining(0)));
  const book = new CostBook().with(
    steps,
    steps.map(({ id }) => took(id, 500)),
    BLOCK,
    0,
  );
  assert.equal(book.measured(gaining(null), 'madvise', BLOCK).durationUs, 500);
  assert.equal(book.measured(gaining(1), 'madvise', BLOCK).measured, undefined);
  assert.equal(book.measured(gaining(BLOCK), 'madvise', BLOCK).measured, undefined);
});

test('a book is read that keeps its bounds, and no other', () => {
  const plain = new CostBook().document();
  assert.deepEqual(plain, { octavo: 'costs', version: 1, kinds: [], runs: [] });
  const kind = (length: number, steps = 1) => ({
    kind: 'k'.repeat(length),
    durationsUs: Array(steps).fill(1),
  });
  const run = { atMs: 0, steps: 1, expectedUs: 0, measuredUs: 0, known: 0 };
  const isRead = (changes: object) => CostsSchema.safeParse({ ...plain, ...changes }).success;
  for (const [most, beyond] of [
    [{ kinds: [kind(200)] }, { kinds: [kind(201)] }],
    [{ kinds: [kind(1, 64)] }, { kinds: [kind(1, 65)] }],
    [{ kinds: Array(64).fill(kind(1)) }, { kinds: Array(65).fill(kind(1)) }],
    [{ runs: Array(16).fill(run) }, { runs: Array(17).fill(run) }],
    [{ runs: [run] }, { runs: [{ ...run, steps: 0 }] }],
    [{ version: 1 }, { version: 2 }],
  ])
    assert.deepEqual([isRead(most), isRead(beyond)], [true, false], JSON.stringify(beyond).slice(0, 60));
});

test('sizes are told in MiB', () => {
  const budgets = { ...DEFAULT_BUDGETS, minFreeBytes: 3 * MIB };
  const reason = pressureReason({ ...MEMORY, freeHugeBytes: 2 * BLOCK }, budgets, 0);
  assert.match(reason ?? '', /^only 2 MiB would stay free in huge blocks, bound is 3 MiB/);
});

test('a block of which nothing but zero pages is left is still mapped', () => {
  const before = { ...state('4*256'), zeroMapped: 256, level: 'pte' as const };
  assert.match(forecastOf(before, gaining(256 * PAGE), strict).why, /while 512 sub-pages are holes or zero/);
});

test('a collapse that copies any of a shared page ends its sharing', () => {
  const lost = (copiedBytes: number) =>
    forecastOf(
      state('4', { shared: [0] }),
      proposal({
        ...{ action: 'collapse', targetOrder: 9 },
        cost: { durationUs: 0, lockUs: 0, copiedBytes, grownBytes: 0 },
      }),
    ).irreversible;
  assert.match(lost(1), /sharing with other processes/);
  assert.doesNotMatch(lost(0), /sharing/);
});
