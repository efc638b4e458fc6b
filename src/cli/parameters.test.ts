import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bytesBetween,
  countBetween,
  durationBetween,
  parseBytes,
  parseCount,
  parseDuration,
  parseFraction,
  parseOrder,
  parsePeriod,
  parseWord,
  percentBetween,
  showShare,
  type ValueParser,
} from './parameters.js';

type Row = readonly [word: string, value: number];

const ACCEPTED: readonly (readonly [name: string, parse: ValueParser<number>, rows: readonly Row[]])[] = [
  [
    'sizes',
    parseBytes,
    [
      ['100000', 100_000],
      ['1k', 1024],
      ['512M', 512 * 1024 ** 2],
      ['1G', 1024 ** 3],
      ['1Gi', 1024 ** 3],
      ['1GiB', 1024 ** 3],
      ['1gb', 1024 ** 3],
      ['1 GiB', 1024 ** 3],
      ['1.5T', 1.5 * 1024 ** 4],
      ['.5K', 512],
      ['1e9', 1e9],
      ['1E3K', 1024e3],
      ['64B', 64],
      ['0x200000', 2 * 1024 ** 2],
      ['1P', 2 ** 50],
      ['0', 0],
    ],
  ],
  [
    'durations',
    parseDuration,
    [
      ['30', 30_000],
      ['30s', 30_000],
      ['500ms', 500],
      ['2m', 120_000],
      ['2min', 120_000],
      ['1 hr', 3_600_000],
      ['1sec', 1000],
      ['4000000ns', 4],
      ['5 µs', 0.005],
      ['1h', 3_600_000],
      ['1h30m', 5_400_000],
      ['1m 30s', 90_000],
      ['1d', 86_400_000],
      ['250us', 0.25],
      ['1.5s', 1500],
      ['1e3ms', 1000],
    ],
  ],
  [
    'shares',
    parseFraction,
    [
      ['0.1', 0.1],
      ['.1', 0.1],
      ['10%', 0.1],
      ['10 %', 0.1],
      ['1e-2', 0.01],
      ['0', 0],
      ['1', 1],
      ['100%', 1],
    ],
  ],
  [
    'percentages',
    percentBetween(0, 100),
    [
      ['20', 20],
      ['20%', 20],
      ['0.5', 0.5],
      ['100', 100],
    ],
  ],
  [
    'counts',
    parseCount,
    [
      ['0', 0],
      ['64', 64],
      ['1e3', 1000],
      ['1.5e1', 15],
    ],
  ],
];

describe('usual spellings are understood', () => {
  for (const [name, parse, rows] of ACCEPTED) {
    for (const [word, value] of rows) test(`${name}: ${word}`, () => assert.equal(parse(word), value));
  }
});

describe('what is no value says so, with a spelling that is one', () => {
  const wrong: readonly (readonly [parse: ValueParser<unknown>, words: readonly string[], says: RegExp])[] = [
    [parseBytes, ['', ' ', 'G', '1X', '1GG', '1,5G', 'NaN', '0x', '1e', '--1'], /^is no size; write 512M/],
    [parseDuration, ['', 's', '1 fortnight', '1sx', '1h30', 'Infinity'], /^is no duration; write 30s/],
    [parseFraction, ['', '%', '1/10', '0x1', 'half', '10%%'], /^is no share; write 0\.1 or 10%/],
    [parseCount, ['', '1.5', '0x10', 'many', '1_000'], /^is no whole number/],
    [parseWord, ['', '  '], /^is empty$/],
  ];
  for (const [parse, words, says] of wrong) {
    for (const word of words)
      test(`${JSON.stringify(word)} ${says}`, () =>
        assert.throws(() => parse(word), { name: 'SyntaxError', message: says }));
  }
});

describe('bounds are part of the range, and named beyond it', () => {
  test('a whole number', () => {
    const parse = countBetween(2, 5);
    assert.equal(parse('2'), 2);
    assert.equal(parse('5'), 5);
    assert.throws(() => parse('1'), { message: 'is too small; give a whole number from 2 to 5' });
    assert.throws(() => parse('6'), { message: 'is too large; give a whole number from 2 to 5' });
    assert.throws(() => parse('-3'), { message: /^is too small/ });
  });

  test('an order', () => {
    assert.equal(parseOrder('13'), 13);
    assert.throws(() => parseOrder('20'), { message: 'is too large; give a whole number from 0 to 13' });
  });

  test('bounds are shown in the units in which they are written', () => {
    assert.equal(parsePeriod.accepts, 'a duration from 100ms to 366d');
    assert.equal(bytesBetween(4096, 65536).accepts, 'a size from 4K to 64K');
    assert.equal(bytesBetween(1000, 2 ** 20 + 1).accepts, 'a size from 1000 to 1048577');
    assert.equal(durationBetween(1500, 60_000).accepts, 'a duration from 1500ms to 1m');
    assert.equal(durationBetween(1000, 7_200_000).accepts, 'a duration from 1s to 2h');
    assert.equal(parseBytes.accepts, 'a size from 0 to 1P');
    assert.equal(parseFraction.accepts, 'a share from 0 to 1');
    assert.throws(() => parsePeriod('99ms'), { message: /too small/ });
    assert.throws(() => parseFraction('101%'), { message: /too large/ });
    assert.throws(() => percentBetween(0, 100)('-1'), {
      message: 'is too small; give a percentage from 0% to 100%',
    });
  });
});

test('shares are shown so that they are read again', () => {
  for (const share of [0, 0.0001, 0.1, 1 / 3, 409 / 512, 1])
    assert.ok(Math.abs(parseFraction(showShare(share)) - share) <= share * 0.005);
});
