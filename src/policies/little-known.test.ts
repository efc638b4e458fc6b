/** Policies where the map knows nothing of a block, nothing is mapped, or an amount lies just at its bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, hotMap, PROCESS, pageSizes } from '../../test/support/drawing.js';
import { CPU, inputOf } from '../../test/support/octavo-world.js';
import { proposalsOf } from '../../test/support/proposals.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { Judge } from './octavo/judge.js';
import { octavo } from './octavo/octavo.js';
import { outlookWords } from './octavo/reasons.js';
import { hugeHitsNs, smallHitsNs } from './octavo/residency.js';
import { Surveyor } from './octavo/survey.js';
import { DEFAULT_PARAMETERS, policyOf } from './policy.js';

const named = (action: 'split' | 'collapse', block = FIRST_BLOCK) => ({
  named: [{ pid: PROCESS.pid, split: [], collapse: [], [action]: [block] }],
});

test('no map, and a map of other blocks, are content that was not read', () => {
  const sizes = pageSizes(['H']);
  for (const heat of [undefined, hotMap({ filled: { 5: 1 } })]) {
    const { proposals, passedOver } = proposalsOf('return-empty', { sizes, heat });
    assert.deepEqual([proposals.length, passedOver.map(({ code }) => code)], [0, ['unknown-heat']]);
    assert.match(passedOver[0].why, /content was not read/);
    const [split] = proposalsOf('named-blocks', { sizes, heat }, named('split')).proposals;
    assert.deepEqual([split.reason, split.gain.returnedBytes], ['asked for by name', null]);
  }
});

test('a collapse where there is no mapping at all is not eligible', () => {
  const sizes = pageSizes(['.', 'H']);
  for (const block of [FIRST_BLOCK - 9, FIRST_BLOCK + 70]) {
    const output = proposalsOf('named-blocks', { sizes, heat: undefined }, named('collapse', block));
    assert.deepEqual([output.proposals.length, output.passedOver[0].code], [0, 'not-eligible']);
    assert.equal(output.passedOver[0].why, 'nothing is mapped there');
  }
});

test('octavo gives unmapped pages back from 8 of 512 on, for what return-empty says of them', () => {
  const input = inputOf({ blocks: [{ used: 300, samples: 10, isSmall: true }] });
  for (const [pages, count] of [
    [7, 0],
    [8, 1],
    [9, 1],
  ] as const) {
    // biome-ignore format: rows
    const sizes = pageSizes([`h*${512 - pages}`], { unmapped: { 0: pages } });
    const { proposals } = policyOf(octavo, {}).propose({ ...input, sizes });
    const own = proposals.filter(({ gain }) => gain.expected?.chance === 1);
    assert.equal(own.length, count, `${pages}`);
    for (const { gain, ...one } of own) {
      const [other] = proposalsOf('return-empty', { sizes, heat: undefined }).proposals;
      const { expected, ...rest } = gain;
      assert.deepEqual(expected, { gainedNs: 0, lostNs: 0, bytes: pages * 4096, chance: 1 });
      assert.deepEqual(rest, other.gain);
      assert.deepEqual(
        [one.cost, one.priority, one.action, one.targetOrder],
        [other.cost, other.priority, 'split', 0],
      );
      assert.match(one.reason, new RegExp(`^${pages} pages .* ${4 * pages} KiB go back`));
    }
  }
  const sizes = pageSizes(['h*300'], { unmapped: { 0: 212 } });
  const parameters = { ...DEFAULT_PARAMETERS, order: 4 };
  assert.equal(policyOf(octavo, {}).propose({ ...input, sizes, parameters }).proposals.length, 0);
});

test('without a belief the samples of a window teach, of one second where its length is not known', () => {
  const blocks = Array.from({ length: 12 }, (_, at) => ({ used: 40 * at + 20, samples: 30 * at }));
  const { sizes, parameters, heat } = inputOf({ blocks, each: 9000 });
  assert.ok(heat);
  const outcome = (windowNs: number | undefined) => {
    const origins = heat.origins.map((origin) => ({ ...origin, windowNs }));
    const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
    const [counts, filled] = [new Uint16Array(512), new Uint8Array(64)];
    for (const block of heat.blocks()) {
      if (heat.filled(block, filled)) builder.setContent(block, filled);
      if (heat.counts(block, counts)) for (let page = 0; page < 512; page++) builder.addCount(block * 512 + page, counts[page], 9000 * counts[page]); // biome-ignore format: one
    }
    return policyOf(octavo, { goal: '2%' }).propose({ sizes, parameters, heat: builder.build(origins) });
  };
  assert.ok(outcome(1e9).proposals.length > 0);
  assert.deepEqual(outcome(undefined), outcome(1e9));
  assert.notDeepEqual(outcome(4e9), outcome(1e9));
  assert.doesNotThrow(() => policyOf(octavo, {}).propose({ sizes, parameters, heat: undefined }));
});

test('nothing is said of a process without a block to decide about', () => {
  const input = inputOf({ blocks: [{ used: 300, samples: 10 }] });
  const output = policyOf(octavo, {}).propose({ ...input, sizes: pageSizes(['H'], { kind: 'file' }) });
  assert.deepEqual([output.notes, output.proposals, output.passedOver], [[], [], []]);
  const cut = { huge: 0, lostNs: 0 };
  const notes = outlookWords(
    { cut, acts: [], held: [] } as never,
    { table: { count: 2 } } as never,
    undefined,
  );
  assert.equal(notes.length, 1);
});

test('a split that returns nothing is no opinion: it costs nothing and is never taken', () => {
  const input = inputOf({ blocks: [{ used: 512, samples: 100 }, { used: 20, samples: 3 }] }); // biome-ignore format: one
  assert.ok(input.facts?.belief);
  const processes = [{ ...input, belief: input.facts.belief }];
  const survey = new Surveyor(512, CPU).survey(processes);
  const column = () => new Float64Array(2);
  const costs = {
    refaultNs: column(),
    splitNs: column(),
    collapseNs: column(),
    lasting: column().fill(1),
    noBlock: 0,
  };
  const facts = {
    processes,
    survey,
    cpu: CPU,
    goal: { kind: 'bloat', share: 1 },
    horizonSeconds: 1,
    busyCpus: 1,
  };
  const cut = { price: 1e9, tau: 1e-3, cpu: CPU };
  const judge = new Judge({ ...facts, parts: { parity: true, doubt: true } } as never, costs, cut as never);
  judge.consider(0, 'split', 1e-3);
  judge.consider(1, 'split', 1e-3);
  assert.equal(judge.costOf(0), 0);
  assert.ok(judge.costOf(1) > 0);
  assert.deepEqual(
    [judge.take(0, 'split'), judge.take(1, 'collapse'), judge.take(1, 'split')],
    [false, false, true],
  );
  assert.equal(judge.take(1, 'split'), false, 'once');
  assert.deepEqual([judge.count, [...judge.layout()]], [1, [1, 0]]);
  const curve = { order: Uint32Array.of(1, 0) };
  assert.deepEqual(judge.held(curve as never, { huge: 0 } as never), []);
});

test('hits behind a first level cost nothing where there is none, or where its time is not known', () => {
  const table = { hugeShape: [6], exposure: [2], firstClass: [0, 0] } as never;
  const first = { entries: 4, isShared: false, secondHitNs: 2 };
  for (const hits of [smallHitsNs, hugeHitsNs]) {
    assert.equal(hits(table, 0, CPU), 0);
    assert.equal(hits(table, 0, { ...CPU, first }), 0);
    assert.equal(hits(table, 0, { ...CPU, firstTau: 0 }), 0);
    assert.equal(hits(table, 0, { ...CPU, first, firstTau: 0 }), 6);
  }
  assert.equal(hugeHitsNs(table, 0, { ...CPU, first, firstTau: Number.POSITIVE_INFINITY }), 0);
});
