import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { SeededRandom } from '../base/seeded-random.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import { GEOMETRY_4K, MIB, pageGeometry } from '../vocabulary/units.js';
import { Beliefs } from './beliefs.js';
import { BlockCounts } from './block-counts.js';
import { leftAfter, leftOfWindow, USUAL_MEMORY } from './memory.js';
import { restoreBeliefs, saveBeliefs } from './saved-beliefs.js';
import { fromSmallFloat, toSmallFloat } from './small-float.js';

const LIVE: SampleOrigin = { ...SUB_PAGE_ORIGIN, source: 'pmu', nature: 'all-accesses' };
const OPTIONS = { geometry: GEOMETRY_4K };

/** A map with Poisson counts of `rates`, by page, over `seconds`. */
function sampled(rates: Float64Array, seconds: number, random: SeededRandom, origin = LIVE): HotMap {
  const map = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  rates.forEach((rate, page) => {
    const count = poisson(rate * seconds, random);
    if (count > 0) map.addCount(page, count, count);
  });
  return map.build([origin]);
}

function poisson(mean: number, random: SeededRandom): number {
  let [count, product] = [0, random.fraction()];
  for (const bound = Math.exp(-mean); product > bound; count++) product *= random.fraction();
  return count;
}

function someRates(blocks: number, seed: number): Float64Array {
  const random = new SeededRandom(seed);
  return Float64Array.from({ length: blocks * 512 }, (_, page) =>
    page % 3 === 0 ? 2 * random.fraction() : 0,
  );
}

/** Learns `turns` turns of `seconds`; saves and restores after the turns of `restarts`. */
function learned(
  rates: Float64Array,
  turns: number,
  seconds: number,
  restarts: readonly number[] = [],
): Beliefs {
  const random = new SeededRandom(9);
  let beliefs = new Beliefs(OPTIONS);
  for (let turn = 1; turn <= turns; turn++) {
    const time = { elapsedSeconds: seconds, windowSeconds: seconds, atMs: turn * seconds * 1000 };
    beliefs.learn(PROCESS, sampled(rates, seconds, random), time);
    if (restarts.includes(turn)) beliefs = restored(saveBeliefs(beliefs, 'boot'));
  }
  return beliefs;
}

function restored(bytes: Uint8Array): Beliefs {
  const read = restoreBeliefs(bytes, { ...OPTIONS, bootId: 'boot' });
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

const read = (beliefs: Beliefs, block: number) => {
  const counts = new Float64Array(512);
  const belief = beliefs.of(PROCESS)?.block(block, counts);
  return { counts, belief };
};

test('Small floats keep counts to a part in four thousand', () => {
  for (let exponent = -10; exponent < 21; exponent += 0.37) {
    const count = 2 ** exponent;
    assert.ok(Math.abs(fromSmallFloat(toSmallFloat(count)) / count - 1) <= 1 / 4096, `${count}`);
  }
  for (const count of [0, 1, 2, 3, 100, 4095]) assert.equal(fromSmallFloat(toSmallFloat(count)), count);
  assert.equal(toSmallFloat(1e-9), 0);
  assert.equal(fromSmallFloat(toSmallFloat(1e30)), fromSmallFloat(0xffff));
});

test('A window leaves the same, into however many turns it is cut', () => {
  for (const decay of [USUAL_MEMORY.long, USUAL_MEMORY.short]) {
    const whole = 60 * leftOfWindow(decay, 60, USUAL_MEMORY);
    let parts = 0;
    for (let turn = 0; turn < 30; turn++) {
      parts = parts * leftAfter(decay, 2, USUAL_MEMORY) + 2 * leftOfWindow(decay, 2, USUAL_MEMORY);
    }
    assert.ok(Math.abs(parts / whole - 1) < 1e-12);
  }
});

test('Turns two seconds apart know as much as one long window', () => {
  const rates = someRates(4, 1);
  const short = learned(rates, 30, 2);
  const long = learned(rates, 1, 60);
  for (let block = 0; block < 4; block++) {
    const [one, other] = [read(short, block), read(long, block)];
    assert.ok(one.belief && other.belief);
    assert.ok(
      Math.abs(one.belief.exposure / other.belief.exposure - 1) < 0.02,
      'they stand for the same time',
    );
  }
  const wrong = (beliefs: Beliefs) =>
    [0, 1, 2, 3].reduce((sum, block) => sum + errorOf(read(beliefs, block), rates, block), 0);
  assert.ok(wrong(short) < 1.1 * wrong(long), 'and are as right');
  assert.ok(wrong(learned(rates, 1, 2)) > 2 * wrong(short), 'one turn alone knows far less');
});

/** Root of the mean square error of the rates of a block. */
function errorOf({ counts, belief }: ReturnType<typeof read>, rates: Float64Array, block: number): number {
  const exposure = belief?.exposure ?? 1;
  const sum = counts.reduce(
    (all, count, page) => all + (count / exposure - rates[block * 512 + page]) ** 2,
    0,
  );
  return Math.sqrt(sum / 512);
}

test('A restart forgets nothing: with or without one, the same is believed', () => {
  const rates = someRates(3, 2);
  const without = learned(rates, 12, 5);
  const withThem = learned(rates, 12, 5, [3, 4, 9]);
  for (let block = 0; block < 3; block++) assert.deepEqual(read(withThem, block), read(without, block));
  assert.deepEqual(saveBeliefs(withThem, 'boot'), saveBeliefs(without, 'boot'));
});

test('What changed is believed within a few turns, what did not keeps its long memory', () => {
  const before = new Float64Array(2 * 512).fill(1);
  const beliefs = learned(before, 30, 10);
  const random = new SeededRandom(4);
  const after = before.map((rate, page) => (page < 512 ? 0 : rate));
  for (let turn = 1; turn <= 4; turn++) {
    const time = { elapsedSeconds: 10, windowSeconds: 10, atMs: 300_000 + 10_000 * turn };
    beliefs.learn(PROCESS, sampled(after, 10, random), time);
  }
  const [cold, warm] = [read(beliefs, 0), read(beliefs, 1)];
  assert.ok(cold.belief && warm.belief);
  assert.ok(cold.belief.changed > 0.99, `${cold.belief.changed}`);
  assert.ok(
    cold.belief.total / cold.belief.exposure < 0.1 * 512,
    'the block that went cold is believed cold',
  );
  assert.ok(warm.belief.changed < 0.1, `${warm.belief.changed}`);
  assert.ok(Math.abs(warm.belief.total / warm.belief.exposure / 512 - 1) < 0.05);
});

test('Time that passes without samples makes nothing hot or cold, only less sure', () => {
  const beliefs = learned(someRates(1, 3), 10, 10);
  const before = read(beliefs, 0);
  beliefs.learn(PROCESS, undefined, { elapsedSeconds: 600, windowSeconds: 0, atMs: 1e6 });
  const after = read(beliefs, 0);
  assert.ok(before.belief && after.belief);
  assert.ok(after.belief.exposure < before.belief.exposure / 10);
  const rate = (belief: { total: number; exposure: number }) => belief.total / belief.exposure;
  assert.ok(Math.abs(rate(after.belief) / rate(before.belief) - 1) < 0.1);
});

test('A recording that is read again in the next turn counts once', () => {
  const beliefs = new Beliefs(OPTIONS);
  const file: SampleOrigin = { ...LIVE, source: 'heat-file', detail: '/tmp/heat' };
  const map = sampled(someRates(1, 5), 10, new SeededRandom(1), file);
  const time = { elapsedSeconds: 0, windowSeconds: 10, atMs: 1 };
  beliefs.learn(PROCESS, map, time);
  const once = read(beliefs, 0).belief;
  beliefs.learn(PROCESS, map, time);
  assert.deepEqual(read(beliefs, 0).belief, once);
});

test('Only samples of a nature that ranks are learned, and only some may call memory cold', () => {
  const seeingOf = (nature: SampleOrigin['nature']) => {
    const map = sampled(someRates(1, 6), 10, new SeededRandom(1), { ...LIVE, nature });
    const beliefs = new Beliefs(OPTIONS);
    beliefs.learn(PROCESS, map, { elapsedSeconds: 0, windowSeconds: 10, atMs: 1 });
    return { known: read(beliefs, 0).belief !== undefined, share: beliefs.of(PROCESS)?.seeingShare };
  };
  assert.deepEqual(seeingOf('all-accesses'), { known: true, share: 1 });
  assert.deepEqual(seeingOf('page-bits'), { known: true, share: 1 });
  assert.deepEqual(seeingOf('loads'), { known: true, share: 0 });
  assert.deepEqual(seeingOf('first-touches'), { known: false, share: 0 });
});

test('A tracked block takes at most 1.3 KiB; beyond the bound bitmaps are kept, and it is told', () => {
  assert.ok(BlockCounts.rowBytes(512) <= 1.3 * 1024);
  const mostBytes = 40 * 1024;
  const beliefs = new Beliefs({ ...OPTIONS, mostBytes });
  const rates = someRates(200, 7);
  const time = { elapsedSeconds: 0, windowSeconds: 10, atMs: 1 };
  beliefs.learn(PROCESS, sampled(rates, 10, new SeededRandom(1)), time);
  assert.ok(beliefs.byteLength <= mostBytes, `${beliefs.byteLength}`);
  const { counts } = beliefs.begin(PROCESS);
  assert.ok(counts.size >= 20 && counts.bitmaps.size >= 10, `${counts.size} and ${counts.bitmaps.size}`);
  assert.equal(beliefs.notes().length, 2);
  const [bitmapped] = [...counts.bitmaps.keys()];
  const { counts: found, belief } = read(beliefs, bitmapped);
  assert.ok(belief && belief.total > 0);
  assert.equal(new Set(found).size, 2, 'every sub-page that was seen has the same');
  assert.deepEqual(new Beliefs(OPTIONS).notes(), []);
  // Bitmaps survive a restart, too.
  const again = restoreBeliefs(saveBeliefs(beliefs, 'b'), { ...OPTIONS, mostBytes, bootId: 'b' });
  assert.ok(again.ok && again.value.of(PROCESS)?.counts.bitmaps.size === counts.bitmaps.size);
});

test('A file that is damaged anywhere is named so, and never believed', () => {
  const bytes = saveBeliefs(learned(someRates(2, 8), 3, 5), 'boot');
  const problemOf = (data: Uint8Array, more = {}) => {
    const found = restoreBeliefs(data, { ...OPTIONS, bootId: 'boot', ...more });
    return found.ok ? 'none' : found.error;
  };
  assert.equal(problemOf(bytes), 'none');
  for (let length = 0; length < bytes.length; length += 7) {
    assert.match(problemOf(bytes.slice(0, length)), /damaged|cut short/);
  }
  for (let at = 0; at < bytes.length; at += 13) {
    const broken = bytes.slice();
    broken[at] ^= 0x10;
    assert.match(problemOf(broken), /damaged|version/, `byte ${at}`);
  }
  const later = Buffer.from(bytes);
  later.write('"version":2', later.indexOf('"version":1'));
  assert.match(problemOf(later), /is of version 2, this Octavo reads 1/);
  assert.match(problemOf(bytes, { bootId: 'other' }), /earlier boot/);
  assert.match(problemOf(bytes, { geometry: pageGeometry(16384, 32 * MIB) }), /4096 byte pages/);
});

test('A file whose first line promises more than follows is named damaged, whatever its checksum says', () => {
  for (const [was, promised] of [
    ['"blocks":2', '"blocks":9'],
    ['"bitmaps":0', '"bitmaps":7'],
  ] as const) {
    const bytes = Buffer.from(saveBeliefs(learned(someRates(2, 8), 3, 5), 'boot'));
    bytes.write(promised, bytes.indexOf(was));
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    const found = restoreBeliefs(bytes, { ...OPTIONS, bootId: 'boot' });
    assert.deepEqual(found, { ok: false, error: 'is damaged: it ends before its blocks do' });
  }
});

test('What was not known before a restart is not known after it', () => {
  const beliefs = new Beliefs(OPTIONS);
  beliefs.begin(PROCESS);
  const again = restored(saveBeliefs(beliefs, 'boot')).of(PROCESS);
  assert.ok(again);
  const { returns, accessesPerSample, learnedAtMs, learned: last, tellsWalks } = again;
  assert.deepEqual(
    { returns, accessesPerSample, learnedAtMs, last, tellsWalks },
    { returns: undefined, accessesPerSample: undefined, learnedAtMs: undefined, last: '', tellsWalks: false },
  );
  assert.deepEqual(again.exposure, { long: 0, short: 0 });
});

test('What was known before a restart is known after it, field by field', () => {
  const beliefs = learned(someRates(1, 8), 2, 5);
  const before = beliefs.begin(PROCESS);
  before.returns = { returned: 7, cameBack: 3, afterSeconds: 11 };
  before.learned = 'a recording';
  before.tellsWalks = true;
  before.counts.untracked = 5;
  const after = restored(saveBeliefs(beliefs, 'boot')).begin(PROCESS);
  const told = ({
    returns,
    learned: last,
    tellsWalks,
    counts,
    ledger,
    exposure,
    ...more
  }: typeof before) => ({
    ...{ returns, last, tellsWalks, ledger, exposure, untracked: counts.untracked },
    ...{ seeing: more.seeing, perSample: more.accessesPerSample, atMs: more.learnedAtMs },
  });
  assert.deepEqual(told(after), told(before));
  assert.deepEqual(after.returns, { returned: 7, cameBack: 3, afterSeconds: 11 });
  assert.deepEqual([after.learned, after.tellsWalks, after.counts.untracked], ['a recording', true, 5]);
});

test('What was learned elsewhere takes the place of what is known here', () => {
  const here = learned(someRates(1, 1), 1, 5);
  const elsewhere = learned(someRates(3, 2), 2, 5).begin(PROCESS);
  here.adopt(elsewhere);
  assert.equal(here.of(PROCESS), elsewhere);
  assert.deepEqual(here.processes, [elsewhere]);
  assert.equal(here.byteLength, elsewhere.counts.byteLength);
});

test('A code of a small float is the code of the count that it stands for', () => {
  for (let code = 1 << 11; code <= 0xffff; code++) assert.equal(toSmallFloat(fromSmallFloat(code)), code);
});

test('Processes that ended are forgotten', () => {
  const beliefs = learned(someRates(1, 1), 1, 5);
  beliefs.keepOnly(({ pid }) => pid !== PROCESS.pid);
  assert.equal(beliefs.of(PROCESS), undefined);
  assert.equal(beliefs.byteLength, 0);
});
