/** What becomes of what sources tell: heat by nature, content, ranges, and every note and loss in the plan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { actuatorsOf } from '../config/assemble.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../policies/policy.js';
import type { Reading, Source } from '../sources/source.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { SampleNature } from '../vocabulary/nature.js';
import type { RecordingFacts } from '../vocabulary/recording.js';
import { sampleColumns } from '../vocabulary/sample.js';
import { type PlanTurnOptions, planTurn } from './plan-turn.js';

/** So many samples on each of these sub-pages of a block of the target. */
function samples(block: number, pages: readonly number[], nature?: SampleNature): Reading {
  const batch = sampleColumns(pages.length);
  batch.count = pages.length;
  pages.forEach((page, row) => {
    batch.pid[row] = PID;
    batch.virtualPage[row] = (FIRST_BLOCK + block) * 512 + page;
    batch.weight[row] = 1;
  });
  return { kind: 'samples', batch, ...(nature === undefined ? {} : { nature }) };
}

const filled = (block: number, pages: number): Reading => {
  const bitmap = new Uint8Array(64);
  for (let page = 0; page < pages; page++) bitmap[page >> 3] |= 1 << (page & 7);
  return { kind: 'content', content: { pid: PID, block: FIRST_BLOCK + block, filled: bitmap } };
};

function source(readings: readonly Reading[], more: Partial<Source> = {}): Source {
  return {
    name: 'drawn',
    origin: SUB_PAGE_ORIGIN,
    async *read({ progress }) {
      for (const [index, reading] of readings.entries()) {
        progress(index, readings.length, 'readings');
        yield reading;
      }
    },
    account: () => ({ losses: {}, bytesRead: 0, notes: [] }),
    ...more,
  };
}

async function turn(sources: readonly Source[], more: Partial<PlanTurnOptions> = {}) {
  const host = (more.host as ScriptedHost | undefined) ?? new ScriptedHost([9, 9, 9]);
  const told: string[] = [];
  const planned = await planTurn({
    ...{ host, id: 'plan-1', target: 'db', processes: [identityOf(host, PID)], sources },
    ...{ policy: policyOf(POLICIES.chain), parameters: DEFAULT_PARAMETERS, actuators: actuatorsOf(host) },
    ...{ budgets: DEFAULT_BUDGETS, feuds: new Map(), insist: false, signal: new AbortController().signal },
    progress: (what, done, total, unit) => void told.push(`${what} ${done}/${total} ${unit}`),
    ...more,
  });
  return { ...planned, told };
}

const many = (pages: readonly number[], each: number) => pages.flatMap((page) => Array(each).fill(page));

test('samples become heat of their block, content and ranges are known beside it, and the plan acts on both', async () => {
  const range: Reading = { kind: 'range', range: { pid: PID, firstBlock: FIRST_BLOCK + 2, blocks: 1 } };
  const readings = [samples(0, many([1, 2, 3], 200)), filled(1, 12), range];
  const { plan, heat, told } = await turn([source(readings)]);
  assert.deepEqual(
    [...heat[0].blocks()].map((block) => block - FIRST_BLOCK),
    [0, 1, 2],
  );
  assert.deepEqual([heat[0].block(FIRST_BLOCK)?.samples, heat[0].block(FIRST_BLOCK)?.touched], [600, 3]);
  assert.equal(heat[0].block(FIRST_BLOCK + 1)?.filled, 12);
  assert.deepEqual(
    plan.steps.map(({ proposal }) => [proposal.policy, proposal.block - FIRST_BLOCK]),
    [
      ['return-empty', 1],
      ['split-sparse', 0],
    ],
  );
  assert.deepEqual(plan.sources, ['drawn']);
  assert.deepEqual(plan.notes, []);
  assert.deepEqual(told.slice(0, 2), ['looking at page sizes 0/1 processes', 'reading drawn 0/3 readings']);
});

test('samples of a nature of their own are kept apart, and it is said which are used', async () => {
  const readings = [samples(0, [1, 2]), samples(0, [5], 'tlb-misses'), samples(1, [7], 'loads')];
  const { plan, heat } = await turn([source(readings)]);
  assert.equal(heat[0].nature, 'all-accesses');
  assert.deepEqual(
    heat[0].apart.map(({ nature }) => nature),
    ['loads', 'tlb-misses'],
  );
  assert.deepEqual(plan.notes, [
    'Samples of all loads and stores are used; those of all loads, accesses that missed the TLB are kept apart.',
  ]);
});

test('what turns out to be of another nature at the end is of that one', async () => {
  const renamed = source([samples(0, [1])], { settled: () => ({ from: 'all-accesses', to: 'loads' }) });
  const { heat } = await turn([renamed, source([samples(0, [2], 'loads')])]);
  assert.deepEqual([heat[0].nature, heat[0].block(FIRST_BLOCK)?.samples], ['loads', 2]);
});

test('losses and notes of sources are told with the caller’s, which come first', async () => {
  const account = () => ({ losses: { damaged: 3, throttled: 1 }, bytesRead: 0, notes: ['It is blind.'] });
  const { plan, accounts } = await turn([source([], { account })], { notes: ['asked for'] });
  assert.deepEqual(plan.notes, [
    'asked for',
    'It is blind.',
    'drawn: 3 not used (damaged)',
    'drawn: 1 not used (throttled)',
  ]);
  assert.deepEqual(accounts, [{ source: 'drawn', account: account() }]);
});

test('heat that does not fit into the memory allowed is thinned out, and told', async () => {
  const host = new ScriptedHost(Array(2000).fill(9));
  const everywhere = Array.from({ length: 256 }, (_, page) => 2 * page);
  const readings = Array.from({ length: 2000 }, (_, block) => samples(block, everywhere));
  const { plan } = await turn([source(readings)], { host, heatBytes: 2 ** 20 });
  assert.match(plan.notes[0], /^Heat of 1 in (4|8|16) blocks was kept, .* --max-memory/);
  assert.deepEqual((await turn([source(readings)], { host })).plan.notes, []);
});

test('recorded heat of an hour ago weighs half, or as much as its half-life says', async () => {
  const host = new ScriptedHost([9]);
  const toMs = host.clock.wallMs() - 3_600_000;
  const recording = {
    ...{ name: 'perf.data', fingerprint: 'f', sketch: [], samples: 1, event: 'e', period: 1 },
    ...{ nature: 'all-accesses', unseenShare: 0, span: { fromMs: toMs, toMs, isExact: true } },
    ...{ bootId: undefined, host: '', kernel: '', cpu: '' },
  } as RecordingFacts;
  const provenance = () => ({ recordings: [recording], processes: [], unknown: '' });
  const recorded = source([samples(0, [1])], { provenance });
  const plain = await turn([recorded], { host });
  assert.match(plain.plan.notes[0], /at a half-life of 1 h it still weighs 50\.0 %/);
  const [note] = (await turn([recorded], { host, halfLifeMs: 7_200_000 })).plan.notes;
  assert.match(note, /at a half-life of 2 h it still weighs 70\.7 %/);
});

test('heat that is known beforehand is used as it is, and named among the sources', async () => {
  const { heat } = await turn([source([samples(0, many([1], 600))])]);
  const given = await turn([], { heat });
  assert.deepEqual(given.heat, heat);
  assert.deepEqual(given.plan.sources, ['heat']);
  assert.deepEqual(
    given.plan.steps.map(({ proposal }) => proposal.policy),
    ['split-sparse'],
  );
});

test('a source that was interrupted has told a part only, and the look ends there', async () => {
  const stop = new AbortController();
  const interrupted = source([], {
    async *read() {
      yield filled(0, 1);
      stop.abort('SIGTERM');
    },
  });
  let next = false;
  const after = source([], {
    async *read() {
      next = true;
      yield filled(0, 1);
    },
  });
  await assert.rejects(
    turn([interrupted, after], { signal: stop.signal }),
    (problem) => problem instanceof OctavoError && problem.code === 'STOPPED',
  );
  assert.equal(next, false);
});

test('parameters, costs, regrets and what is taken back reach the plan', async () => {
  const { plan } = await turn([], {
    settings: { sparseBelow: 0.05, collapseByResidency: false },
    undoes: 'run-1',
  });
  assert.deepEqual(plan.parameters, {
    ...{ sparseBelow: 0.05, collapseByResidency: false, order: 'chosen' },
  });
  assert.deepEqual([plan.undoes, plan.policy, plan.bootId, plan.target], ['run-1', 'chain', 'boot-1', 'db']);
  const forced = await turn([], { parameters: { ...DEFAULT_PARAMETERS, order: 0 } });
  assert.equal(forced.plan.parameters.order, 0);
});

test('shared memory with nothing mapped can be collapsed by name; private memory and what no mapping holds cannot', async () => {
  const collapse = (host: ScriptedHost, block: number) => {
    const named = [{ pid: PID, split: [], collapse: [FIRST_BLOCK + block] }];
    const parameters = { ...DEFAULT_PARAMETERS, named };
    return turn([], { host, policy: policyOf(POLICIES['named-blocks']), parameters, insist: true });
  };
  const shared = new ScriptedHost([{ order: 0, present: 0 }, 9]);
  shared.backing = '00000000 00:05 77 /dev/shm/pool';
  const [step] = (await collapse(shared, 0)).plan.steps;
  assert.deepEqual(
    [step.before.present, step.before.level, step.before.flags],
    [0, 'none', ['wholeInMapping']],
  );
  assert.equal((await collapse(shared, 2)).plan.steps.length, 0);
  const own = new ScriptedHost([{ order: 0, present: 0 }, 9]);
  assert.equal((await collapse(own, 0)).plan.steps.length, 0);
});
