import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, PROCESS, pageSizes, SETTINGS, SUB_PAGE_ORIGIN } from '../../../test/support/drawing.js';
import { SeededRandom } from '../../base/seeded-random.js';
import { HotMapBuilder } from '../../hotness/hot-map-builder.js';
import { DEFAULT_BUDGETS } from '../../planning/budgets.js';
import { type Means, makePlan } from '../../planning/planner.js';
import { blockState } from '../../verification/block-rows.js';
import { PlanSchema } from '../../vocabulary/plan.js';
import { USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { DEFAULT_PARAMETERS, policyOf } from '../policy.js';
import { octavo } from './octavo.js';

const MEANS: readonly Means[] = (['split', 'collapse'] as const).map((action) => ({
  actuator: 'madvise',
  action,
  orders: [action === 'split' ? 0 : 9],
  missing: '',
  clearsReferences: true,
  defeatedBy: {},
}));

/** Huge blocks of which a part is in use, and full ones of small pages, some hot. */
function planned(maxBlocks: number) {
  const random = new SeededRandom(5);
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  const drawn = Array.from({ length: 60 }, (_, index) => {
    const isHuge = index % 2 === 0;
    const used = isHuge ? 30 + random.below(200) : 512;
    const filled = new Uint8Array(64);
    for (let page = 0; page < used; page++) filled[page >> 3] |= 1 << (page & 7);
    if (isHuge) builder.setContent(FIRST_BLOCK + index, filled);
    const samples = isHuge ? random.below(30) : 200;
    for (let sample = 0; sample < samples; sample++)
      builder.addSample((FIRST_BLOCK + index) * 512 + random.below(used), 500);
    return isHuge ? 'H' : '4';
  });
  const heat = builder.build([
    { ...SUB_PAGE_ORIGIN, windowNs: 1e9 },
    { ...SUB_PAGE_ORIGIN, tells: 'content' },
  ]);
  const sizes = pageSizes(drawn);
  const output = policyOf(octavo, {}).propose({
    sizes,
    heat,
    parameters: DEFAULT_PARAMETERS,
    facts: { translation: { ...USUAL_TRANSLATION, entries: 256, hugeEntries: 256 }, settings: SETTINGS },
  });
  return makePlan({
    id: 'plan-1',
    nowMs: 0,
    bootId: 'boot',
    target: '100',
    policy: 'octavo',
    parameters: {},
    sources: [],
    processes: [
      {
        sizes,
        proposals: output.proposals,
        passedOver: output.passedOver,
        ...(output.wishes === undefined ? {} : { wishes: output.wishes }),
        state: (block) => ({ state: blockState(sizes.blocks, block - FIRST_BLOCK), mapping: 0 }),
      },
    ],
    means: MEANS,
    settings: SETTINGS,
    budgets: { ...DEFAULT_BUDGETS, maxBlocks },
    memory: { freeHugeBytes: 2 ** 40, blockBytes: GEOMETRY_4K.blockBytes, pressure: 0 },
    feuds: new Map(),
    notes: [],
    insist: false,
  });
}

const UNITS: Readonly<Record<string, number>> = { ms: 1e6, µs: 1e3, ns: 1 };
const inNs = (value: string, unit: string) => Number(value) * UNITS[unit];

/** What a reason says: nanoseconds gained and lost, and KiB. */
function said(reason: string) {
  const split = /: (\d+) KiB go back, walks and faults cost ([\d.]+) (ms|µs|ns)\/s more/u.exec(reason);
  if (split) return { gainedNs: 0, lostNs: inNs(split[2], split[3]), bytes: 1024 * Number(split[1]) };
  const collapse =
    /walks cost ([\d.]+) (ms|µs|ns)\/s less .*the copy ([\d.]+) (ms|µs|ns)\/s, and it (.*);/u.exec(reason);
  assert.ok(collapse, reason);
  const [, gained, unit, lost, lostUnit, grows] = collapse;
  const bytes = -1024 * Number(/takes (\d+) KiB/.exec(grows)?.[1] ?? 0);
  return { gainedNs: inNs(gained, unit), lostNs: inNs(lost, lostUnit), bytes };
}

for (const maxBlocks of [0, 7]) {
  test(`What the reasons say adds up to the plan's prediction (${maxBlocks || 'no'} bound)`, () => {
    const plan = planned(maxBlocks);
    assert.equal(PlanSchema.safeParse(plan).error, undefined);
    const actions = new Set(plan.steps.map(({ proposal }) => proposal.action));
    assert.ok(plan.steps.length > 5 && (maxBlocks > 0 || actions.size === 2));
    const sum = { gainedNs: 0, lostNs: 0, bytes: 0 };
    for (const { proposal } of plan.steps) {
      const one = said(proposal.reason);
      sum.gainedNs += one.gainedNs;
      sum.lostNs += one.lostNs;
      sum.bytes += one.bytes;
      assert.match(proposal.reason, /worth it with 9\d(\.\d+)? %|worth it with 100(\.0)? %/);
    }
    const { prediction } = plan;
    assert.ok(prediction);
    assert.equal(prediction.steps, plan.steps.length);
    for (const name of ['gainedNs', 'lostNs', 'bytes'] as const) {
      const off = Math.abs(sum[name] - prediction[name]);
      assert.ok(off <= 0.01 * Math.abs(prediction[name]) + 1, `${name}: ${sum[name]} ${prediction[name]}`);
    }
  });
}
