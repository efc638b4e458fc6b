/** Quantities as they are typed and as they are shown: every unit, at each bound and beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedValues, QUANTITIES, quantityParser, showShare, type Unit } from './quantities.js';

const READ: readonly (readonly [unit: Unit, word: string, value: number | undefined])[] = [
  ['size', '0x1F', 31],
  ['size', '4K', 4096],
  ['size', '4kb', 4096],
  ['size', '1.5GiB', 1.5 * 2 ** 30],
  ['size', '2T', 2 ** 41],
  ['size', '1P', 2 ** 50],
  ['size', '7B', 7],
  ['size', '1e9', 1e9],
  ['size', '1.6', 2],
  ['size', '-1', -1],
  ['size', '5x', undefined],
  ['size', '0x', undefined],
  ['size', '', undefined],
  ['duration', '5', 5000],
  ['duration', '500ms', 500],
  ['duration', '1h30m', 5_400_000],
  ['duration', '1 hr 2 min 3 sec', 3_723_000],
  ['duration', '2d', 172_800_000],
  ['duration', '3000us', 3],
  ['duration', '4000µs', 4],
  ['duration', '5000000ns', 5],
  ['duration', '1H', 3_600_000],
  ['duration', '1h then', undefined],
  ['duration', 'soon', undefined],
  ['duration', '5mx', undefined],
  ['share', '0.1', 0.1],
  ['share', '10%', 0.1],
  ['share', '10 %', 0.1],
  ['share', 'tenth', undefined],
  ['percentage', '20', 20],
  ['percentage', '20%', 20],
  ['percentage', '20%%', undefined],
  ['count', '100', 100],
  ['count', '1e3', 1000],
  ['count', '1.5', undefined],
  ['count', 'many', undefined],
  ['factor', '0.5', 0.5],
  ['factor', '.5', 0.5],
  ['factor', 'half', undefined],
];

test('every unit reads its words, and nothing else', () => {
  for (const [unit, word, value] of READ) assert.equal(QUANTITIES[unit].read(word), value, `${unit} ${word}`);
});

const SHOWN: readonly (readonly [unit: Unit, value: number, text: string])[] = [
  ['size', 0, '0'],
  ['size', 1023, '1023'],
  ['size', 1024, '1K'],
  ['size', 1025, '1025'],
  ['size', 1536 * 1024, '1536K'],
  ['size', 2 ** 20, '1M'],
  ['size', 2 ** 40, '1T'],
  ['size', 2 ** 50, '1P'],
  ['duration', 0, '0ms'],
  ['duration', 999, '999ms'],
  ['duration', 1000, '1s'],
  ['duration', 1500, '1500ms'],
  ['duration', 60_000, '1m'],
  ['duration', 90_000, '90s'],
  ['duration', 3_600_000, '1h'],
  ['duration', 86_400_000, '1d'],
  ['share', 0.12345, '0.123'],
  ['percentage', 20, '20%'],
  ['count', 1000, '1000'],
  ['factor', 0.5, '0.5'],
];

test('every unit shows a value in its largest unit that leaves no remainder', () => {
  for (const [unit, value, text] of SHOWN) assert.equal(QUANTITIES[unit].show(value), text);
  assert.equal(showShare(1), '1');
});

test('a parser takes both ends of its range, and says what is wrong beside them', () => {
  const parse = quantityParser('size', { min: 4096, max: 2 ** 20 });
  assert.equal(parse(' 4K '), 4096);
  assert.equal(parse('1M'), 2 ** 20);
  assert.equal(parse.accepts, 'a size from 4K to 1M');
  const refused = { name: 'SyntaxError' };
  assert.throws(() => parse('4095'), { ...refused, message: 'is too small; give a size from 4K to 1M' });
  assert.throws(() => parse('1025K'), { ...refused, message: 'is too large; give a size from 4K to 1M' });
  assert.throws(() => parse('big'), { ...refused, message: 'is no size; write 512M, 4GiB or 1e9' });
  assert.equal(acceptedValues('count', { min: 1, max: 9 }), 'a whole number from 1 to 9');
});
