/** Numbers that the kernel, other programs and files of yesterday know by heart. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import { test } from 'node:test';
import { FEATURES_VERSION } from './abilities.js';
import {
  ANY_COUNT,
  ANY_SIZE,
  filterOf,
  isCoreFilter,
  NO_INTERVALS_GOAL,
  NO_QUOTAS,
  NO_WATERMARKS,
  schemeOf,
} from './damon.js';
import { ERRNO, errnoName, isErrnoName } from './errno.js';
import { EXIT } from './errors.js';
import { Fingerprint, SKETCH_SIZE } from './fingerprint.js';
import { BLOCK_FLAG, MAPPING_LEVEL } from './page-sizes.js';
import {
  DATA_SOURCE,
  joinedFlags,
  SAMPLE_FLAG,
  SAMPLE_KIND,
  sampleColumns,
  sourceFlag,
  sourceOf,
} from './sample.js';
import { GIB, KIB, MIB } from './units.js';

test('errno values are those of this kernel', { skip: process.platform !== 'linux' && 'not Linux' }, () => {
  const here: Readonly<Record<string, number>> = constants.errno;
  for (const [name, value] of Object.entries(ERRNO)) {
    if (name in here) assert.equal(value, here[name], name);
    assert.equal(errnoName(value), name);
    assert.ok(isErrnoName(name));
  }
});

test('errno values beyond what every system has (include/uapi/asm-generic)', () => {
  const { ENXIO, ETXTBSY, ESTALE, EDQUOT, ECANCELED, ENODATA, EOVERFLOW, EOPNOTSUPP, ETIMEDOUT, ELOOP } =
    ERRNO;
  assert.deepEqual(
    [ENXIO, ETXTBSY, ESTALE, EDQUOT, ECANCELED, ENODATA, EOVERFLOW, EOPNOTSUPP, ETIMEDOUT, ELOOP],
    [6, 26, 116, 122, 125, 61, 75, 95, 110, 40],
  );
  assert.deepEqual([errnoName(9999), isErrnoName('EWHAT'), isErrnoName('toString')], ['EIO', false, false]);
});

test('exit codes are a promise to scripts', () => {
  assert.deepEqual(EXIT, {
    ...{
      done: 0,
      bug: 1,
      usage: 2,
      badInput: 3,
      noTarget: 4,
      notPermitted: 5,
      notAble: 6,
      notAllMet: 7,
      refused: 8,
    },
    ...{ stale: 9, cannotRun: 126, notFound: 127, interrupted: 130 },
  });
});

test('bits that are kept in columns and files', () => {
  assert.deepEqual(MAPPING_LEVEL, { none: 0, pte: 1, pmd: 2 });
  assert.deepEqual(Object.values(BLOCK_FLAG), [1, 2, 4, 8, 16, 32, 64]);
  assert.deepEqual(Object.values(SAMPLE_FLAG), [1, 2, 4, 8, 16, 32, 64, 128, 256]);
  assert.deepEqual(Object.values(SAMPLE_KIND), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(
    Object.values(DATA_SOURCE),
    Array.from({ length: 13 }, (_, source) => source),
  );
  assert.deepEqual([KIB, MIB, GIB, FEATURES_VERSION], [2 ** 10, 2 ** 20, 2 ** 30, 1]);
});

test('a data source fits its bits and no others', () => {
  for (const source of Object.values(DATA_SOURCE)) {
    assert.equal(sourceFlag(source), source * 512);
    assert.equal(sourceOf(sourceFlag(source) | 511 | (7 << 13)), source);
  }
});

test('flags that say more are added; a source or TLB outcome that is known stays, but a miss is a miss', () => {
  const { kernel, tlbMiss, tlbFirst, tlbSecond, hugeMapped } = SAMPLE_FLAG;
  const [l1, l3] = [sourceFlag(DATA_SOURCE.l1), sourceFlag(DATA_SOURCE.l3)];
  assert.equal(joinedFlags(kernel, l1 | hugeMapped | tlbFirst), kernel | l1 | hugeMapped | tlbFirst);
  assert.equal(joinedFlags(l1, l3 | tlbSecond), l1 | tlbSecond);
  assert.equal(joinedFlags(tlbFirst, tlbSecond | l3), tlbFirst | l3);
  assert.equal(joinedFlags(tlbFirst, tlbMiss), tlbFirst | tlbMiss);
  assert.equal(joinedFlags(tlbMiss, tlbFirst), tlbMiss);
});

test('a scheme without wishes matches everything and does nothing else', () => {
  assert.deepEqual([ANY_SIZE, ANY_COUNT], [[0n, 18446744073709551615n], [0n, 4294967295n]]); // biome-ignore format: rows
  assert.deepEqual(schemeOf('stat'), {
    ...{ action: 'stat', targetOrder: undefined, targetNid: -1, applyIntervalUs: 0n, maxSnapshots: 0n },
    ...{
      pattern: { size: ANY_SIZE, accesses: ANY_COUNT, age: ANY_COUNT },
      quotas: NO_QUOTAS,
      watermarks: NO_WATERMARKS,
    },
    ...{ filters: [], destinations: [] },
  });
  assert.equal(schemeOf('split', { targetOrder: 4 }).targetOrder, 4);
  assert.deepEqual(NO_QUOTAS, {
    ms: 0n,
    bytes: 0n,
    resetMs: 0n,
    weights: { size: 0, accesses: 0, age: 0 },
    goals: [],
    goalTuner: 'consist',
  });
  assert.deepEqual(NO_WATERMARKS, { metric: 'none', intervalUs: 0n, high: 0n, mid: 0n, low: 0n });
  assert.deepEqual(NO_INTERVALS_GOAL, {
    accessBasisPoints: 0n,
    aggregations: 0n,
    minSampleUs: 0n,
    maxSampleUs: 0n,
  });
});

test('a filter without wishes rejects what has its property', () => {
  const filter = filterOf('anon', {});
  assert.deepEqual(filter, {
    ...{ type: 'anon', matching: true, allow: false, memcgPath: '', targetIndex: 0 },
    ...{ address: { start: 0n, end: 0n }, size: [0n, 0n] },
  });
  assert.deepEqual(
    ['addr', 'target', 'anon', 'memcg'].map((type) => isCoreFilter(filterOf(type, {}))),
    [true, true, false, false],
  );
});

/** Samples of all kinds of columns, drawn by a generator of the test's own. */
function drawnPrint(origin: bigint, rows: number) {
  const print = new Fingerprint();
  const batch = sampleColumns(rows);
  batch.timeOrigin = origin;
  let state = 1;
  const next = (bound: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % bound;
  };
  for (let row = 0; row < rows; row++) {
    batch.time[row] = row % 7 === 0 ? Number.NaN : next(2 ** 24) * 300;
    batch.tid[row] = row % 5 === 0 ? -1 : next(40_000);
    batch.pid[row] = next(40_000);
    batch.virtualPage[row] = row % 3 === 0 ? -1 : next(2 ** 24) * 2 ** 12 + next(4096);
    batch.physicalPage[row] = row % 9 === 0 ? -1 : next(2 ** 24);
    batch.weight[row] = next(100_000);
  }
  batch.count = rows;
  print.add(batch);
  return print;
}

test('a fingerprint of yesterday is recognised: the very bits are the same everywhere', () => {
  const print = drawnPrint(0x1_8765_4321_0fedn, 5000);
  const bits = createHash('sha256').update(print.digest).update(print.sketch.join()).digest('hex');
  assert.equal(bits, PRINTED);
  assert.equal(print.count, 5000 - Math.ceil(5000 / 9));
  assert.ok(print.sketch.length === SKETCH_SIZE && print.sketch.every((hash) => /^[0-9a-f]{14}$/.test(hash)));
  assert.deepEqual(
    [print.digest.length, print.digest.slice(0, 8)],
    [24 + 14, (4444).toString(16).padStart(8, '0')],
  );
});

/** Computed on Node 20 and on Node 24. */
const PRINTED = '500e78b204dd48c28d85541f0f86135be9378ea0a5eee31ea5c60fee0af1ad9c';

test('small recordings are in their sketch whole, each hash once', () => {
  const print = drawnPrint(0n, 100);
  const before = print.sketch;
  assert.ok(before.length > 60 && before.length < 100);
  assert.deepEqual([...new Set(before)].sort(), before);
  assert.equal(print.bound, 2 ** 32 - 1);
});

test('the window goes from the first to the last time of all batches, by the recording’s clock', () => {
  const print = new Fingerprint();
  const add = (origin: bigint, times: readonly number[]) => {
    const batch = sampleColumns(times.length);
    batch.timeOrigin = origin;
    for (const [row, time] of times.entries()) batch.time[row] = time;
    batch.virtualPage.fill(1);
    batch.count = times.length;
    print.add(batch);
  };
  add(1000n, [Number.NaN]);
  assert.deepEqual(
    [print.first, print.last, print.windowNs, print.count],
    [Number.POSITIVE_INFINITY, -1, undefined, 1],
  );
  add(1000n, [5]);
  assert.deepEqual([print.first, print.last, print.windowNs], [1005, 1005, undefined]);
  add(2000n, [50, 10, 30]);
  add(0n, [7]);
  assert.deepEqual([print.first, print.last, print.windowNs, print.count], [7, 2050, 2043, 6]);
});
