/**
 * What decisions are made of, number for number: costs, curves, cuts, opinions and what is held back, on drawn worlds. A
 * change shows here as what it changes; `OCTAVO_ACCEPT=1 npm test -- decision-numbers` accepts it where it is meant.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapping, SETTINGS } from '../../../test/support/drawing.js';
import { assertGolden } from '../../../test/support/golden.js';
import { type Block, CPU, inputOf, NEVER, type World } from '../../../test/support/octavo-world.js';
import { SeededRandom } from '../../base/seeded-random.js';
import { USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import type { PolicyInput } from '../policy.js';
import { bestKnown, exactTable } from './best-known.js';
import { beyondWalks, costsOf, irreversibleNs } from './block-costs.js';
import { Bound, type ExactRates, leastWalkNs, wasteOfAll } from './bound.js';
import { curveOf } from './curve.js';
import { decide } from './decide.js';
import type { DecisionFacts } from './decision.js';
import { parseGoal } from './goal.js';
import { ALL_PARTS } from './parts.js';
import { Surveyor } from './survey.js';

/** Six digits: what a last bit of a logarithm changes is no change. */
const rounded = (_key: string, value: unknown) => {
  if (ArrayBuffer.isView(value)) return [...(value as Float64Array)];
  if (value instanceof Map) return [...value];
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : `${value}`;
};
const told = (value: unknown) => JSON.stringify(value, rounded);

/** Huge and small, full and empty, hot, cold and unread blocks. */
function drawn(count: number, seed: number, hot = 300): Block[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, at) => {
    const used = at % 6 === 0 ? 512 : 1 + random.below(at % 4 === 0 ? 60 : 510);
    const samples = at % 5 === 0 ? random.below(3) : random.below(hot);
    return { used, samples, isSmall: at % 3 === 1, isUnread: at % 11 === 5 };
  });
}

const always = { ...SETTINGS, enabled: 'always' as const };
const eager = { ...always, khugepaged: { ...always.khugepaged, scanSleepMs: 100, maxPtesNone: 300 } };
const FIRST = { entries: 16, isShared: true, secondHitNs: 3 };
const WORLDS: Readonly<Record<string, World>> = {
  usual: { blocks: drawn(22, 11), each: 3000 },
  'many CPUs, little walks': { blocks: drawn(22, 12), each: 200, facts: { busyCpus: 40 } },
  'walks that cost much': {
    blocks: drawn(22, 13),
    each: 1e5,
    facts: { busyCpus: 1, freeHugeBytes: 2 ** 23 },
  },
  'eager khugepaged': {
    blocks: drawn(22, 14),
    each: 2000,
    facts: { settings: eager, freeHugeBytes: 2 ** 25 },
  },
  'a first level': { blocks: drawn(22, 15), each: 2e4, facts: { translation: { ...CPU, first: FIRST } } },
  'runs by frames': {
    blocks: drawn(16, 16),
    each: 9000,
    facts: { translation: { ...CPU, runPages: 4, runBy: 'physical' } },
  },
  'few samples': { blocks: drawn(22, 17, 3), each: 4e4 },
  'blind to cold': { blocks: drawn(16, 18), each: 5000, origin: { nature: 'loads' } },
  'hardly any accesses': { blocks: drawn(12, 20), each: 1.5, facts: { busyCpus: 2e-6 } },
  'all full': { blocks: drawn(12, 19).map((one) => ({ ...one, used: 512, isUnread: false })), each: 8000 },
};
const GOALS = ['0.2%', '2%', '30%', 'balanced', 'bloat=30%', 'bloat=90%', '2MiB'];

function factsOf(
  inputs: readonly PolicyInput[],
  goal: string,
  more: Partial<DecisionFacts> = {},
): DecisionFacts {
  const [{ facts, parameters }] = inputs;
  const cpu = facts?.translation ?? CPU;
  const processes = inputs.map((input) => {
    assert.ok(input.facts?.belief);
    return { ...input, belief: input.facts.belief };
  });
  return {
    processes,
    survey: new Surveyor(512, cpu).survey(processes),
    cpu,
    goal: parseGoal(goal),
    horizonSeconds: 600,
    parts: ALL_PARTS,
    settings: facts?.settings ?? NEVER,
    costs: parameters.costs,
    freeHugeBytes: facts?.freeHugeBytes,
    busyCpus: facts?.busyCpus ?? 1,
    ...more,
  };
}

const sections = (parts: readonly (readonly [string, readonly unknown[]])[]) =>
  parts.map(([title, values]) => [`# ${title}`, ...values.map(told), ''].join('\n')).join('\n');

test('cuts, opinions and what is held back, for every goal', () => {
  const parts = Object.entries(WORLDS).flatMap(([name, world]) =>
    GOALS.map((goal) => {
      const { acts, held, cut, walks, walkChangeNs } = decide(factsOf([inputOf(world)], goal));
      for (const { why, regretNs } of held)
        if (why === 'unread' || why === 'reached' || why === 'dear') assert.equal(regretNs, 0, why);
      return [`${name}, ${goal}`, [...acts, ...held, cut, walks, walkChangeNs]] as const;
    }),
  );
  assertGolden('octavo/decisions.txt', sections(parts));
});

test('surveys, costs and curves', () => {
  const parts = Object.entries(WORLDS).map(([name, world]) => {
    const facts = factsOf([inputOf(world)], '1%');
    const costs = costsOf(facts);
    const unknownFree = costsOf({ ...facts, freeHugeBytes: undefined }).noBlock;
    const extra = beyondWalks(facts, costs);
    const { table } = facts.survey;
    const again = Array.from({ length: table.count }, (_, at) => irreversibleNs(facts, costs, at, 1e-3));
    const curves = [curveOf(table, facts.cpu, extra), curveOf(table, facts.cpu)];
    return [name, [facts.survey, costs, unknownFree, extra, again, ...curves]] as const;
  });
  assertGolden('octavo/costs.txt', sections(parts));
});

test('khugepaged takes what its settings, the mapping and the process let it take, up to max_ptes_none', () => {
  const lasting = (
    settings: DecisionFacts['settings'],
    {
      flags = ['hg'],
      prctl = false,
      used = 100,
    }: { flags?: readonly string[]; prctl?: boolean; used?: number } = {},
  ) => {
    const input = inputOf({ blocks: [{ used, samples: 40 }] });
    const sizes = { ...input.sizes, mappings: [mapping(1, { flags })], thpDisabledByPrctl: prctl };
    return costsOf(factsOf([{ ...input, sizes }], '1%', { settings })).lasting[0] === 1;
  };
  const holes = (maxPtesNone: number) => ({ ...eager, khugepaged: { ...eager.khugepaged, maxPtesNone } });
  const madvise = { ...holes(511), enabled: 'madvise' as const };
  assert.deepEqual([lasting(undefined), lasting(holes(511)), lasting(madvise)], [true, false, false]);
  assert.deepEqual([lasting(madvise, { flags: [] }), lasting(holes(511), { flags: [] })], [true, false]);
  assert.deepEqual(
    [lasting(madvise, { flags: ['hg', 'nh'] }), lasting(holes(511), { flags: ['nh'] })],
    [true, true],
  );
  assert.deepEqual([lasting(holes(511), { prctl: true }), lasting(madvise, { prctl: true })], [true, true]);
  assert.deepEqual([lasting(holes(412)), lasting(holes(411))], [false, true]);
});

const PAGES = 32;

/** Each page with a rate of its own; a third of the blocks nearly full, the others with holes. */
function exactly(seed: number, blocks: number): ExactRates {
  const random = new SeededRandom(seed);
  const rates = Float64Array.from({ length: blocks * PAGES }, (_, page) =>
    random.fraction() < (Math.floor(page / PAGES) % 3) / 4 ? 0 : Math.exp(6 * random.fraction()),
  );
  return {
    pagesPerBlock: PAGES,
    pageBytes: 4096,
    rates,
    isEmpty: Uint8Array.from(rates, (rate) => Number(rate === 0)),
  };
}

const { tables: _, ...CONSTANT } = USUAL_TRANSLATION;
const CPUS = {
  'no runs': { ...CONSTANT, entries: 40, hugeEntries: 40 },
  'merged by frames': { ...CONSTANT, entries: 40, hugeEntries: 40, runPages: 4, runBy: 'physical' as const },
  contpte: { ...CONSTANT, entries: 40, hugeEntries: 40, runPages: 8, runBy: 'contiguous-bit' as const },
};

test('bounds and the best layouts that are known', () => {
  const parts = Object.entries(CPUS).flatMap(([name, cpu]) =>
    [1, 2].map((seed) => {
      const exact = exactly(seed, 20);
      const bound = new Bound(exact, cpu);
      const all = wasteOfAll(exact);
      const values = [0, 0.2, 0.6].map((share) => ({
        saved: bound.mostSavedNs(share * all),
        least: bound.leastWalkNs(share * all),
        best: bestKnown(exact, cpu, share * all),
      }));
      const phases = [
        { exact, share: 0.3 },
        { exact: exactly(seed + 10, 20), share: 0.7 },
      ];
      return [
        `${name}, ${seed}`,
        [...values, leastWalkNs(phases, cpu, all / 3), exactTable(exactly(seed, 3), cpu.runPages)],
      ] as const;
    }),
  );
  assertGolden('octavo/bounds.txt', sections(parts));
});

test('layouts that are exchanged for better ones until none is left, block by block', () => {
  const parts = [1, 2, 3, 4, 5, 6].map((seed) => {
    const exact = exactly(seed, 48);
    const found = [0.15, 0.4].map((share) => bestKnown(exact, CPUS['no runs'], share * wasteOfAll(exact)));
    return [`${seed}`, found.map(({ isHuge, walkNs, waste }) => [isHuge.join(''), walkNs, waste])] as const;
  });
  assertGolden('octavo/exchanged.txt', sections(parts));
});
