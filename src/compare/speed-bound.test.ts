import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { AliasTable } from '../simulator/workloads/alias-table.js';
import { type BlockRates, leastTimes, STEPS, type TranslationCosts } from './speed-bound.js';

interface Costs extends TranslationCosts {
  readonly smallNs: number;
}

const COSTS: Costs = { firstEntries: 4, secondEntries: 28, hitNs: 8, smallNs: 40, hugeNs: 10 };
/** Huge pages with places of their own in the first level. */
const SPLIT: Costs = { ...COSTS, hugeFirstEntries: 2 };

/** What is saved against walking each time, walks taking the same in all layouts. */
const mostSaved = (blocks: readonly BlockRates[], costs: Costs = COSTS) =>
  leastTimes(blocks, costs, [{ removed: 0, walkNs: costs.smallNs }]).map((ns) => costs.smallNs - ns);

const block = (entries: readonly number[], emptyBytes: number): BlockRates => ({
  pieces: [{ entries: Float64Array.from(entries), emptyBytes: undefined }],
  emptyBytes,
});

const accessesOf = ({ pieces }: BlockRates) => sum(pieces.flatMap(({ entries }) => [...entries]));
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const bloatOf = (blocks: readonly BlockRates[]) => sum(blocks.map(({ emptyBytes }) => emptyBytes));

/** How a block is mapped: page by page, as one huge page, or each piece that may be as one entry. */
type Form = 'pages' | 'huge' | 'pieces';

interface Entry {
  readonly share: number;
  readonly isHuge: boolean;
}

function entriesOf({ pieces, ...rest }: BlockRates, form: Form): readonly Entry[] {
  if (form === 'huge') return [{ share: accessesOf({ pieces, ...rest }), isHuge: true }];
  return pieces.flatMap(({ entries, emptyBytes }) => {
    const shares = form === 'pieces' && emptyBytes !== undefined ? [sum([...entries])] : [...entries];
    return shares.map((share) => ({ share, isHuge: false }));
  });
}

function wasteOf({ pieces, emptyBytes }: BlockRates, form: Form): number {
  if (form === 'huge') return emptyBytes;
  return form === 'pages' ? 0 : sum(pieces.map((piece) => piece.emptyBytes ?? 0));
}

/** What a TLB of two levels, each LRU, saves in a layout: accesses drawn one by one. */
function played(blocks: readonly BlockRates[], forms: readonly Form[], costs: Costs): number {
  const entries = blocks.flatMap((one, index) => entriesOf(one, forms[index]));
  const table = new AliasTable(Float64Array.from(entries, ({ share }) => share));
  const random = new SeededRandom(9);
  const ofHuge = costs.hugeFirstEntries;
  const [first, hugeFirst, second]: number[][] = [[], [], []];
  const [warmUp, counted] = [3000, 12_000];
  let saved = 0;
  for (let access = 0; access < warmUp + counted; access++) {
    const entry = table.draw(random);
    const { isHuge } = entries[entry];
    const isOwn = ofHuge !== undefined && isHuge;
    const isNear = used(isOwn ? hugeFirst : first, entry, isOwn ? ofHuge : costs.firstEntries);
    const isFar = !isNear && !used(second, entry, costs.secondEntries);
    const ns = isFar ? (isHuge ? costs.hugeNs : costs.smallNs) : isNear ? 0 : costs.hitNs;
    if (access >= warmUp) saved += costs.smallNs - ns;
  }
  return saved / counted;
}

/** Whether an array of an LRU level holds the entry; it is the last used afterwards. */
function used(array: number[], entry: number, room: number): boolean {
  const at = array.indexOf(entry);
  if (at >= 0) array.splice(at, 1);
  else if (array.length === room) array.shift();
  array.push(entry);
  return at >= 0;
}

/** Blocks of 16 pages, some of them in use, some blocks much hotter than others. */
function worldOf(seed: number, count: number): readonly BlockRates[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => {
    const heat = 1 + random.below(60) ** 2;
    const used = 2 + random.below(14);
    return block(
      Array.from({ length: used }, () => heat * (1 + random.below(9))),
      (16 - used) * 4096,
    );
  });
}

/** A layout with its blocks made huge by accesses for each byte that they waste, as far as bytes are allowed. */
function greedy(blocks: readonly BlockRates[], allowed: number): readonly Form[] {
  const forms = new Array<Form>(blocks.length).fill('pages');
  const worth = (one: BlockRates) => accessesOf(one) / Math.max(1, one.emptyBytes);
  let left = allowed;
  for (const index of [...blocks.keys()].sort((a, b) => worth(blocks[b]) - worth(blocks[a]))) {
    if (blocks[index].emptyBytes > left) continue;
    left -= blocks[index].emptyBytes;
    forms[index] = 'huge';
  }
  return forms;
}

function stepOf(blocks: readonly BlockRates[], forms: readonly Form[]): number {
  const waste = sum(blocks.map((one, index) => wasteOf(one, forms[index])));
  return Math.floor(STEPS * (1 - waste / bloatOf(blocks)));
}

test('no layout that is played on an LRU TLB beats the bound, with one first level or two', () => {
  for (const costs of [COSTS, SPLIT]) {
    for (let seed = 1; seed <= 4; seed++) {
      const blocks = worldOf(seed, 48);
      const saved = mostSaved(blocks, costs);
      const random = new SeededRandom(seed);
      const drawn = Array.from({ length: 4 }, () =>
        blocks.map((): Form => (random.fraction() < 0.5 ? 'huge' : 'pages')),
      );
      const layouts = [0, 0.2, 0.4, 0.7, 1].map((share) => greedy(blocks, share * bloatOf(blocks)));
      for (const forms of [...layouts, ...drawn]) {
        const [step, reached] = [stepOf(blocks, forms), played(blocks, forms, costs)];
        // What is played is a draw of accesses.
        assert.ok(
          reached <= saved[step] * 1.01 + 0.1,
          `world ${seed}, ${step} %: ${reached} > ${saved[step]}`,
        );
      }
    }
  }
});

test('the bound is near what good layouts save on an LRU TLB, where one of any replacement is not', () => {
  const blocks = worldOf(7, 48);
  const saved = mostSaved(blocks);
  for (const share of [0.3, 0.6, 1]) {
    const forms = greedy(blocks, share * bloatOf(blocks));
    const [step, reached] = [stepOf(blocks, forms), played(blocks, forms, COSTS)];
    assert.ok(saved[step] <= reached * 1.2, `${saved[step]} at ${step} %, where ${reached} is reached`);
  }
  // The 32 most popular of its pages kept for ever would save more than LRU can in small pages alone.
  const pages = blocks.flatMap((one) => entriesOf(one, 'pages')).map(({ share }) => share);
  const kept = sum([...pages].sort((a, b) => b - a).slice(0, 32)) / sum(pages);
  assert.ok(saved[STEPS] < kept * COSTS.smallNs, `${saved[STEPS]} of ${kept * COSTS.smallNs}`);
});

test('the bound falls as more bloat is removed', () => {
  for (const costs of [COSTS, SPLIT, { ...COSTS, smallEntries: 4 }]) {
    const saved = mostSaved(worldOf(3, 48), costs);
    for (let step = 1; step <= STEPS; step++)
      assert.ok(saved[step] <= saved[step - 1] * 1.01, `${step} %: ${saved[step]} after ${saved[step - 1]}`);
    assert.ok(saved[STEPS] < 0.8 * saved[0]);
  }
});

test('few hot small pages among many huge ones stay in a first level of their own', () => {
  const hot = block([9e5, 9e5], 8192);
  const blocks = [hot, ...Array.from({ length: 200 }, () => block([9e3], 4096))];
  const forms = blocks.map((one): Form => (one === hot ? 'pages' : 'huge'));
  const [step, reached] = [stepOf(blocks, forms), played(blocks, forms, SPLIT)];
  assert.ok(mostSaved(blocks, SPLIT)[step] >= reached * 0.99, `${reached} at ${step} %`);
});

test('small pages of few sets have the entries of these, and huge pages lose nothing to them', () => {
  const blocks = worldOf(5, 48);
  const [all, crowded] = [mostSaved(blocks), mostSaved(blocks, { ...COSTS, smallEntries: 2 })];
  assert.ok(crowded[STEPS] < 0.8 * all[STEPS], `${crowded[STEPS]} of ${all[STEPS]}`);
  assert.ok(crowded[0] >= all[0] * 0.95, `${crowded[0]} of ${all[0]}`);
  assert.deepEqual([...mostSaved(blocks, { ...COSTS, smallEntries: 27 })], [...all], 'one set lacks a page');
});

test('pages that one entry may translate save as one, where their empty pages may be kept', () => {
  const random = new SeededRandom(5);
  const blocks = Array.from({ length: 24 }, () => ({
    pieces: [0, 1].map(() => ({
      entries: Float64Array.from({ length: 4 }, () => 1 + random.below(50)),
      emptyBytes: random.below(4) * 4096,
    })),
    emptyBytes: 8 * 4096,
  }));
  const saved = mostSaved(blocks);
  for (const form of ['pages', 'pieces'] as const) {
    const forms = blocks.map((): Form => form);
    const [step, reached] = [stepOf(blocks, forms), played(blocks, forms, COSTS)];
    assert.ok(reached <= saved[step] * 1.01 + 0.1, `${form}: ${reached} > ${saved[step]} at ${step} %`);
  }
  const runs = { pieces: [{ entries: new Float64Array(64).fill(5), emptyBytes: 0 }], emptyBytes: 8192 };
  const apart = { ...runs, pieces: [{ ...runs.pieces[0], emptyBytes: undefined }] };
  assert.ok(Math.abs(mostSaved([runs])[STEPS] - 40) < 1e-6, 'one entry in the first level');
  assert.ok(mostSaved([apart])[STEPS] < 35);
});

test('between two times of walks the bound is between theirs', () => {
  const blocks = worldOf(2, 40);
  const at = (walkNs: number) => leastTimes(blocks, COSTS, [{ removed: 0, walkNs }]);
  const mixed = leastTimes(blocks, COSTS, [
    { removed: 0.2, walkNs: 20 },
    { removed: 0.6, walkNs: 60 },
  ]);
  const near = (found: number, expected: number) => Math.abs(found - expected) <= 0.05 * expected + 0.05;
  for (const step of [0, 20]) assert.ok(near(mixed[step], at(20)[step]), `${mixed[step]} at ${step} %`);
  for (const step of [60, 80]) assert.ok(near(mixed[step], at(60)[step]), `${mixed[step]} at ${step} %`);
  assert.ok(mixed[40] <= at(60)[40] && mixed[40] > at(20)[40]);
});

test('nothing takes less than the bound says of what is known', () => {
  const blocks = worldOf(2, 40);
  const known = new Float64Array(STEPS + 1).fill(3);
  const least = leastTimes(blocks, COSTS, [{ removed: 0, walkNs: 40 }], known);
  assert.ok(least.every((ns) => ns <= 3 + 1e-9));
});

test('nothing is taken where nothing was accessed', () => {
  const none = new Array(STEPS + 1).fill(0);
  assert.deepEqual([...leastTimes([block([0, 0], 4096)], COSTS, [])], none);
  assert.deepEqual([...leastTimes([], COSTS, [])], none);
});
