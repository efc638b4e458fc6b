import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, FIRST_BLOCK, hotMap, PROCESS, pageSizes, SETTINGS } from '../../test/support/drawing.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { DEFAULT_COSTS, DEFAULT_PARAMETERS, type PolicyParameters, policyOf } from '../policies/policy.js';
import { blockState } from '../verification/block-rows.js';
import { rowOfBlock } from '../vocabulary/page-sizes.js';
import { PlanSchema } from '../vocabulary/plan.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import { GEOMETRY_4K, MIB } from '../vocabulary/units.js';
import { DEFAULT_BUDGETS, type MemoryState, pressureReason } from './budgets.js';
import { CostBook } from './cost-book.js';
import { type Feuds, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, pausedBecause, withRecollapse } from './guard.js';
import { type Means, makePlan, type PlanningInput } from './planner.js';
import { type Regrets, withCameBack } from './regret.js';

const MADVISE: readonly Means[] = [
  {
    actuator: 'madvise',
    action: 'split',
    orders: [0],
    missing: '',
    clearsReferences: true,
    defeatedBy: { mlocked: 'mlocked memory is refused', shared: 'shared folios are passed over' },
  },
  {
    actuator: 'madvise',
    action: 'collapse',
    orders: [9],
    missing: '',
    clearsReferences: true,
    defeatedBy: {},
  },
];
const DEBUGFS: Means = {
  actuator: 'debugfs-split',
  action: 'split',
  orders: [0, 2, 3, 4, 5, 6, 7, 8],
  missing: '',
  clearsReferences: false,
  defeatedBy: {},
};

const BLOCK = GEOMETRY_4K.blockBytes;
const MEMORY: MemoryState = { freeHugeBytes: 1000 * BLOCK, blockBytes: BLOCK, pressure: 0 };

interface Case {
  readonly blocks: readonly string[];
  readonly drawn?: Drawn;
  readonly split?: readonly number[];
  readonly collapse?: readonly number[];
  readonly parameters?: Partial<PolicyParameters>;
  readonly means?: readonly Means[];
  readonly memory?: MemoryState;
  readonly budgets?: Partial<PlanningInput['budgets']>;
  readonly feuds?: Feuds;
  readonly insist?: boolean;
  readonly settings?: ThpSettings;
  readonly filled?: Readonly<Record<number, number>>;
  readonly regrets?: Regrets;
  readonly costs?: CostBook;
}

function plan(given: Case) {
  const sizes = pageSizes(given.blocks, given.drawn);
  const named = [
    {
      pid: PROCESS.pid,
      split: (given.split ?? []).map((block) => FIRST_BLOCK + block),
      collapse: (given.collapse ?? []).map((block) => FIRST_BLOCK + block),
    },
  ];
  const heat = given.filled && hotMap({ filled: given.filled });
  const parameters = { ...DEFAULT_PARAMETERS, ...given.parameters, named };
  const output = policyOf(POLICIES['named-blocks']).propose({ sizes, heat, parameters });
  const made = makePlan({
    id: 'plan-1',
    nowMs: 1000,
    bootId: 'boot',
    target: '100',
    policy: 'named-blocks',
    parameters: {},
    sources: [],
    processes: [
      {
        sizes,
        ...output,
        state(block) {
          const row = rowOfBlock(sizes.blocks, block);
          return row < 0 ? undefined : { state: blockState(sizes.blocks, row), mapping: 0 };
        },
      },
    ],
    means: given.means ?? MADVISE,
    settings: given.settings ?? SETTINGS,
    budgets: { ...DEFAULT_BUDGETS, ...given.budgets },
    memory: given.memory ?? { ...MEMORY, freeHugeBytes: 1000 * BLOCK },
    feuds: given.feuds ?? new Map(),
    ...(given.regrets === undefined ? {} : { regrets: given.regrets }),
    ...(given.costs === undefined ? {} : { costs: given.costs }),
    notes: [],
    insist: given.insist ?? false,
  });
  assert.deepEqual(PlanSchema.parse(JSON.parse(JSON.stringify(made))), made);
  return made;
}

const steps = (made: ReturnType<typeof plan>) =>
  made.steps.map(
    ({ proposal, actuator }) => `${proposal.action} ${proposal.block - FIRST_BLOCK} by ${actuator}`,
  );
const refused = (made: ReturnType<typeof plan>) => made.refused.map(({ code }) => code);

test('splits go before collapses, and every plan is what its schema says', () => {
  const made = plan({ blocks: ['4', 'H'], split: [1], collapse: [0] });
  assert.deepEqual(steps(made), ['split 1 by madvise', 'collapse 0 by madvise']);
});

test('an order that nothing reaches is refused; with debugfs it is planned; order 1 never is for anonymous memory', () => {
  const parameters = { order: 4 };
  assert.deepEqual(refused(plan({ blocks: ['H'], split: [0], parameters })), ['not-able']);
  const means = [...MADVISE, DEBUGFS];
  assert.deepEqual(steps(plan({ blocks: ['H'], split: [0], parameters, means })), [
    'split 0 by debugfs-split',
  ]);
  const one = plan({
    blocks: ['H'],
    split: [0],
    parameters: { order: 1 },
    means: [{ ...DEBUGFS, orders: [0, 1, 2] }],
  });
  assert.deepEqual(
    [refused(one), one.refused[0].why],
    [['not-able'], 'order 1 does not exist for anonymous memory'],
  );
});

test('what is missing is the reason of the refusal', () => {
  const means = [{ ...DEBUGFS, missing: 'the kernel is locked down' }];
  const made = plan({ blocks: ['H'], split: [0], means });
  assert.equal(made.refused[0].why, 'the kernel is locked down');
});

test('memory that defeats one actuator goes to the next, or is refused, or planned with a warning when insisted', () => {
  for (const drawn of [{ flags: ['hg', 'lo'] }, { shared: [0] }]) {
    assert.deepEqual(refused(plan({ blocks: ['H'], split: [0], drawn })), ['not-eligible']);
    const means = [...MADVISE, DEBUGFS];
    assert.deepEqual(steps(plan({ blocks: ['H'], split: [0], drawn, means })), ['split 0 by debugfs-split']);
    const insisted = plan({ blocks: ['H'], split: [0], drawn, insist: true });
    assert.match(insisted.steps[0].warnings[0], /likely to fail/);
  }
});

test('budgets of blocks and bytes refuse the rest, and say which option raises them', () => {
  const many = ['H', 'H', 'H'];
  const byBlocks = plan({ blocks: many, split: [0, 1, 2], budgets: { maxBlocks: 2 } });
  assert.deepEqual([byBlocks.steps.length, refused(byBlocks)], [2, ['budget-blocks']]);
  assert.match(byBlocks.refused[0].why, /--max-blocks/);
  const byBytes = plan({ blocks: many, split: [0, 1, 2], budgets: { maxBytes: 4 * 2 ** 20 } });
  assert.deepEqual([byBytes.steps.length, refused(byBytes)], [2, ['budget-bytes']]);
});

test('0 switches a bound off, whichever it is', () => {
  const blocks = ['4', '4', 'H'];
  const scarce = { ...MEMORY, freeHugeBytes: 0, pressure: 99 };
  const all = { maxBlocks: 0, maxBytes: 0, minFreeBytes: 0, maxPressure: 0, lockUsPerSecond: 0 };
  const off = plan({ blocks, collapse: [0, 1], split: [2], memory: scarce, budgets: all, insist: true });
  assert.equal(off.steps.length, 3);
  assert.deepEqual(
    off.steps.flatMap(({ warnings }) => warnings),
    [],
  );
  for (const [bound, value, code] of [
    ['maxBlocks', 2, 'budget-blocks'],
    ['maxBytes', 2 * BLOCK, 'budget-bytes'],
    ['maxPressure', 98, 'pressure'],
    ['minFreeBytes', 1, 'pressure'],
  ] as const) {
    const on = plan({
      blocks,
      collapse: [0, 1],
      split: [2],
      memory: scarce,
      budgets: { ...all, [bound]: value },
    });
    assert.ok(refused(on).includes(code), bound);
  }
});

test('the bound on free memory counts bytes: what stays free must be at least that, whatever a block has', () => {
  const blocks = ['4', '4', '4'];
  const free = (freeHugeBytes: number, minFreeBytes: number) =>
    plan({ blocks, collapse: [0, 1, 2], memory: { ...MEMORY, freeHugeBytes }, budgets: { minFreeBytes } })
      .steps.length;
  assert.equal(free(10 * BLOCK, 8 * BLOCK), 2);
  assert.equal(free(10 * BLOCK, 8 * BLOCK + 1), 1);
  assert.equal(free(10 * BLOCK, 10 * BLOCK), 0);
  const big = { freeHugeBytes: 2 * 512 * MIB, blockBytes: 512 * MIB, pressure: 0 };
  assert.equal(pressureReason(big, DEFAULT_BUDGETS, 0), undefined);
  assert.match(
    pressureReason(big, DEFAULT_BUDGETS, 1) ?? '',
    /only 0 MiB would stay free .* 128 MiB \(--min-free\)/,
  );
  assert.equal(pressureReason({ ...big, freeHugeBytes: undefined }, DEFAULT_BUDGETS, 1), undefined);
  assert.equal(pressureReason({ ...big, pressure: undefined }, DEFAULT_BUDGETS, 0), undefined);
  assert.equal(pressureReason({ ...big, pressure: 10 }, DEFAULT_BUDGETS, 0), undefined);
  assert.match(pressureReason({ ...big, pressure: 10.1 }, DEFAULT_BUDGETS, 0) ?? '', /--max-pressure/);
});

test('pressure and scarcity stop collapses and never splits', () => {
  const memory = { ...MEMORY, freeHugeBytes: 0, pressure: 99 };
  const made = plan({ blocks: ['H', 'H', '4'], split: [0, 1], collapse: [2], memory });
  assert.deepEqual([steps(made).length, refused(made)], [2, ['pressure']]);
});

test('a step that alone holds the lock longer than a second’s share is refused, or done with a warning when named', () => {
  const costs = { ...DEFAULT_COSTS, collapseMiBUs: 60_000, splitPageUs: 300 };
  const given = { blocks: ['H', '4'], split: [0], collapse: [1], parameters: { costs } };
  const made = plan(given);
  assert.deepEqual(refused(made), ['budget-time', 'budget-time']);
  assert.match(made.refused[1].why, /for 120 ms, .* more than 100 ms of that \(--lock-share\)/);
  assert.equal(plan({ ...given, insist: true }).steps[0].warnings.length, 1);
  assert.equal(plan({ ...given, budgets: { lockUsPerSecond: 200_000 } }).steps.length, 2);
});

test('collapses stop short of the free blocks that must stay, and under pressure; splits go on', () => {
  const blocks = ['4', '4', '4', 'H'];
  const few = plan({
    blocks,
    collapse: [0, 1, 2],
    split: [3],
    memory: { ...MEMORY, freeHugeBytes: 66 * BLOCK },
  });
  assert.deepEqual(refused(few), ['pressure']);
  assert.equal(few.steps.length, 3);
  const pressed = plan({
    blocks,
    collapse: [0, 1, 2],
    split: [3],
    memory: { ...MEMORY, pressure: 50 },
  });
  assert.deepEqual(steps(pressed), ['split 3 by madvise']);
});

test('a block in a feud with khugepaged is left alone, twice as long each time, a day at most', () => {
  let feuds: Feuds = new Map();
  const pauses: number[] = [];
  for (let fight = 0; fight < 14; fight++) {
    feuds = withRecollapse(feuds, PROCESS, FIRST_BLOCK, 0);
    pauses.push([...feuds.values()][0].until);
  }
  assert.deepEqual(pauses.slice(0, 3), [FIRST_PAUSE_MS, 2 * FIRST_PAUSE_MS, 4 * FIRST_PAUSE_MS]);
  assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
  const once = withRecollapse(new Map(), PROCESS, FIRST_BLOCK, 0);
  assert.deepEqual(refused(plan({ blocks: ['H'], split: [0], feuds: once })), ['ping-pong']);
  assert.equal(pausedBecause(once, PROCESS, FIRST_BLOCK, FIRST_PAUSE_MS), undefined);
  assert.match(
    pausedBecause(once, PROCESS, FIRST_BLOCK, 10_000) ?? '',
    /once after a split; .* another 50 s$/,
  );
  const twice = withRecollapse(once, PROCESS, FIRST_BLOCK, 0);
  assert.match(
    pausedBecause(twice, PROCESS, FIRST_BLOCK, 1) ?? '',
    /2 times after a split; .* another 120 s$/,
  );
  const other = { ...PROCESS, startTicks: 1 };
  assert.equal(pausedBecause(once, other, FIRST_BLOCK, 1), undefined);
});

test('a split says beforehand whether khugepaged can undo it', () => {
  const lasting = plan({ blocks: ['H'], split: [0], drawn: { flags: ['wr'] } }).steps[0].forecast;
  assert.deepEqual([lasting.undoneByKernel, /not marked MADV_HUGEPAGE/.test(lasting.why)], ['no', true]);
  assert.equal(plan({ blocks: ['H'], split: [0] }).steps[0].forecast.undoneByKernel, 'if-touched');
  const byDebugfs = plan({ blocks: ['H'], split: [0], means: [DEBUGFS] });
  assert.equal(byDebugfs.steps[0].forecast.undoneByKernel, 'likely');
  const khugepaged = { ...SETTINGS.khugepaged, maxPtesNone: 0 };
  const emptied = plan({
    blocks: ['H'],
    split: [0],
    filled: { 0: 12 },
    settings: { ...SETTINGS, khugepaged },
  });
  assert.match(emptied.steps[0].forecast.why, /500 sub-pages are holes or zero pages, max_ptes_none is 0/);
});

test('what keeps a split is said only where it would: prctl exempts advised memory, max_ptes_none counts holes', () => {
  const kept = (given: Partial<Case>) =>
    plan({ blocks: ['H'], split: [0], means: [DEBUGFS], ...given }).steps[0].forecast.keptBy;
  const always = { ...SETTINGS, enabled: 'always' as const };
  assert.match(
    kept({ drawn: { flags: ['wr', 'hg'] } }),
    /PR_SET_THP_DISABLE for all of it, .*octavo launch --thp never/,
  );
  assert.match(kept({ drawn: { flags: ['wr'] }, settings: always }), /except-advised \(octavo launch\)/);
  assert.doesNotMatch(kept({}), /max_ptes_none/);
  assert.match(kept({ filled: { 0: 12 } }), /max_ptes_none below 500 system-wide/);
  assert.match(kept({}), /^hugepages-2048kB\/enabled=never system-wide/);
  assert.match(kept({ settings: { ...always, sizes: [] } }), /nothing more is needed|transparent_hugepage/);
});

test('memory out of step with its file is refused, with both numbers and the cure', () => {
  const drawn = { kind: 'shmem' as const, offset: 1 };
  const made = plan({ blocks: ['4'], collapse: [0], drawn });
  assert.deepEqual(refused(made), ['not-eligible']);
  assert.match(
    made.refused[0].why,
    /^address 0x7d000000 and file offset 0x1000 differ modulo 2M, so no page of this mapping can ever be huge; .* \(qemu: align=2M on its memory backend\)$/,
  );
  assert.deepEqual(refused(plan({ blocks: ['4'], collapse: [0], drawn, insist: true })), ['not-eligible']);
  assert.equal(plan({ blocks: ['4'], collapse: [0], drawn: { ...drawn, offset: 1024 } }).steps.length, 1);
});

test('what stands against a collapse does not stand against a split', () => {
  for (const drawn of [{ flags: ['wr', 'nh'] }, { kind: 'shmem' as const, offset: 1 }])
    assert.equal(plan({ blocks: ['H'], split: [0], drawn }).steps.length, 1);
});

test('where every way of acting is defeated, the first one’s reason counts, and the first is taken when insisted', () => {
  const second = { ...MADVISE[0], actuator: 'other', defeatedBy: { mlocked: 'refused as well' } };
  const given = { blocks: ['H'], split: [0], drawn: { flags: ['hg', 'lo'] }, means: [MADVISE[0], second] };
  assert.equal(plan(given).refused[0].why, 'mlocked memory is refused');
  const insisted = plan({ ...given, insist: true });
  assert.deepEqual(
    [insisted.steps[0].actuator, insisted.steps[0].warnings],
    ['madvise', ['likely to fail: mlocked memory is refused']],
  );
});

test('a collapse of shared pages ends their sharing, and says so; one of own pages does not', () => {
  const lost = (drawn: Drawn) => plan({ blocks: ['4'], collapse: [0], drawn }).steps[0].forecast.irreversible;
  assert.match(lost({ shared: [0] }), /sharing with other processes/);
  assert.doesNotMatch(lost({}), /sharing/);
});

test('a collapse that is likely to fail is not said to last', () => {
  const made = plan({ blocks: ['4'], collapse: [0], drawn: { flags: ['nh'] }, insist: true });
  const { undoneByKernel, why } = made.steps[0].forecast;
  assert.deepEqual(
    [undoneByKernel, why],
    ['unknown', 'it is likely to fail: the mapping is marked MADV_NOHUGEPAGE'],
  );
});

test('a collapse says what cannot be put back', () => {
  const made = plan({ blocks: ['2'], collapse: [0] });
  assert.equal(made.steps[0].forecast.reversible, 'partly');
  assert.match(made.steps[0].forecast.irreversible, /folio orders it had/);
});

test('a collapse into a NOHUGEPAGE mapping is refused with that cause', () => {
  const made = plan({ blocks: ['4'], collapse: [0], drawn: { flags: ['nh'] } });
  assert.deepEqual(
    [refused(made), made.refused[0].why],
    [['not-eligible'], 'the mapping is marked MADV_NOHUGEPAGE'],
  );
});

test('a process that took back what was returned is left alone, unless it was named, and the forecast says how much', () => {
  const found = { returnedBytes: 1000, cameBackBytes: 930, run: 'run-1', afterMs: 5 };
  const regrets = withCameBack(new Map(), PROCESS, found, 1000);
  const given = { blocks: ['H', 'H'], split: [0, 1], filled: { 0: 12, 1: 512 }, regrets };
  const left = plan(given);
  assert.deepEqual([refused(left), steps(left)], [['regret'], ['split 1 by madvise']]);
  assert.match(left.refused[0].why, /^93 % of the zero-filled memory/);
  const named = plan({ ...given, insist: true });
  assert.equal(named.steps.length, 2);
  assert.match(named.steps[0].forecast.returned ?? '', /\(93 % of what earlier splits returned came back\)/);
  const unknown = plan({ ...given, regrets: new Map(), insist: true }).steps[0].forecast.returned;
  assert.match(unknown ?? '', /how many is not known/);
});

test('what is in a feud is done by name, with a warning of one sentence', () => {
  const feuds = withRecollapse(new Map(), PROCESS, FIRST_BLOCK, 0);
  assert.deepEqual(plan({ blocks: ['H'], split: [0], feuds, insist: true }).steps[0].warnings, [
    'may not last: the kernel collapsed it again once after a split',
  ]);
  const unknown = withRecollapse(new Map(), PROCESS, FIRST_BLOCK, 0, 'unknown');
  assert.match(
    plan({ blocks: ['H'], split: [0], feuds: unknown, insist: true }).steps[0].warnings[0],
    /it was huge again, by whom cannot be told, once after a split$/,
  );
  assert.equal(plan({ blocks: ['4'], collapse: [0], feuds }).steps.length, 1, 'a collapse is in no feud');
});

test('what acts cost on this host decides in place of what is assumed', () => {
  const first = plan({ blocks: ['H'], split: [0] }).steps;
  const slow = { step: 0, actuator: 'madvise', tried: true, answer: 'ok', calls: [], atMs: 0 };
  let costs = new CostBook();
  for (let run = 0; run < 3; run++) costs = costs.with(first, [{ ...slow, durationUs: 150_000 }], BLOCK, run);
  const made = plan({ blocks: ['H'], split: [0], costs });
  assert.deepEqual(refused(made), ['budget-time']);
  assert.equal(made.refused[0].proposal.cost.lockUs, 150_000);
});

test('a block has one step, a best one goes first, and the plan says what it was made of', () => {
  const sizes = pageSizes(['H', 'H', 'H']);
  const proposed = policyOf(POLICIES['named-blocks']).propose({
    sizes,
    heat: undefined,
    parameters: {
      ...DEFAULT_PARAMETERS,
      named: [{ pid: PROCESS.pid, split: [0, 1, 2].map((block) => FIRST_BLOCK + block), collapse: [] }],
    },
  });
  const [first, second, third] = proposed.proposals;
  const proposals = [first, { ...second, priority: 1 }, third, { ...third, block: FIRST_BLOCK + 9 }, first];
  const mapping = 0;
  const made = makePlan({
    ...{ id: 'plan-7', nowMs: 5, bootId: 'boot', target: 'db', policy: 'p', parameters: { order: 'chosen' } },
    ...{ sources: ['perf-file'], notes: ['a note'], undoes: 'run-1', insist: false, feuds: new Map() },
    processes: [
      {
        sizes,
        proposals,
        passedOver: proposed.passedOver,
        state: (block) =>
          block < FIRST_BLOCK + 9
            ? { state: blockState(sizes.blocks, rowOfBlock(sizes.blocks, block)), mapping }
            : undefined,
      },
    ],
    ...{ means: MADVISE, settings: SETTINGS, budgets: DEFAULT_BUDGETS, memory: MEMORY },
  });
  assert.deepEqual(
    made.steps.map(({ id, proposal }) => [id, proposal.block - FIRST_BLOCK]),
    [
      [0, 1],
      [1, 0],
      [2, 2],
    ],
  );
  assert.deepEqual(
    made.refused.map(({ code, why }) => [code, why]),
    [
      ['conflict', 'another step of this plan has the block'],
      ['not-eligible', 'nothing is mapped there any more'],
    ],
  );
  assert.deepEqual(
    [made.id, made.madeAtMs, made.target, made.sources, made.notes, made.undoes, made.processes],
    ['plan-7', 5, 'db', ['perf-file'], ['a note'], 'run-1', [PROCESS]],
  );
  assert.deepEqual(made.geometry, { pageBytes: 4096, blockBytes: BLOCK });
  assert.equal('undoes' in plan({ blocks: ['H'], split: [0] }), false);
});

test('a split of shared memory warns of what it takes from every process; of private memory it does not', () => {
  const warned = (drawn: Drawn) => plan({ blocks: ['H'], split: [0], drawn }).steps[0].warnings.length;
  assert.deepEqual([warned({ kind: 'shmem' }), warned({}), warned({ kind: 'file' })], [1, 0, 0]);
  assert.equal(plan({ blocks: ['4'], collapse: [0], drawn: { kind: 'shmem' } }).steps[0].warnings.length, 0);
  const order1 = { order: 1 };
  const means = [{ ...DEBUGFS, orders: [0, 1] }];
  const shared = plan({ blocks: ['H'], split: [0], parameters: order1, means, drawn: { kind: 'shmem' } });
  assert.equal(shared.steps.length, 1, 'order 1 exists for shared memory');
});

test('the default bounds: 4 GiB a run, a tenth of any second, 128 MiB kept free, pressure of 10 %', () => {
  assert.deepEqual(DEFAULT_BUDGETS, {
    ...{ maxBlocks: 0, maxBytes: 4 * 1024 * MIB, lockUsPerSecond: 100_000, minFreeBytes: 128 * MIB },
    maxPressure: 10,
  });
  const exact = { ...MEMORY, freeHugeBytes: 3 * BLOCK };
  assert.equal(pressureReason(exact, { ...DEFAULT_BUDGETS, minFreeBytes: 2 * BLOCK }, 0), undefined);
  const none = { ...MEMORY, freeHugeBytes: BLOCK };
  assert.match(pressureReason(none, { ...DEFAULT_BUDGETS, minFreeBytes: 1 }, 1) ?? '', /only 0 MiB/);
  const tiny = { ...DEFAULT_BUDGETS, minFreeBytes: 1 };
  assert.equal(pressureReason({ ...MEMORY, freeHugeBytes: 3 * BLOCK }, tiny, 1), undefined);
});
