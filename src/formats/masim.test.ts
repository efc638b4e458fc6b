import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { OctavoError } from '../vocabulary/errors.js';
import { parseMasim } from './masim.js';

/** The example of masim's own README. */
const EXAMPLE = `#regions
# name, length, initial data file
a, 256, none
b, 64, /dev/zero
c, 128, /dev/urandom

# phase 1
# name of phase
example phase 1
# time in ms
1000
# access patterns
# name of region, randomness, stride, probability, read/write mode
a, 1, 64, 80, wo

# phase 2
example phase 2
# time in ms
1000
# access patterns
# name of region, randomness, stride, probability
c, 1, 64, 50, ro
b, 0, 4096, 50, rw
`;

test('the example of its README', () => {
  const { regions, phases } = parseMasim(EXAMPLE, 'x.cfg');
  assert.deepEqual(regions, [
    { name: 'a', bytes: 256 },
    { name: 'b', bytes: 64 },
    { name: 'c', bytes: 128 },
  ]);
  assert.deepEqual(
    phases.map(({ name, ms }) => [name, ms]),
    [
      ['example phase 1', 1000],
      ['example phase 2', 1000],
    ],
  );
  const [first] = phases[0].patterns;
  assert.deepEqual(first, { region: 'a', isRandom: true, stride: 64, probability: 80, mode: 'wo' });
  assert.deepEqual(phases[1].patterns[1], {
    region: 'b',
    isRandom: false,
    stride: 4096,
    probability: 50,
    mode: 'rw',
  });
});

test('what cannot be meant is refused with its line', () => {
  const change = (from: string, to: string) => EXAMPLE.replace(from, to);
  for (const [text, line] of [
    ['', 1],
    ['a, 5\n', 1],
    [change('a, 256', 'a'), 3],
    [change('a, 256', 'a, x'), 3],
    [change('a, 256', 'a, 0'), 3],
    [change('b, 64,', 'a, 64,'), 4],
    [change('c, 128, /dev/urandom', 'c, 128, x, y'), 5],
    [change('\n1000\n', '\nsoon\n'), 11],
    [change('a, 1, 64, 80, wo', 'z, 1, 64, 80, wo'), 14],
    [change('a, 1, 64, 80, wo', 'a, 2, 64, 80, wo'), 14],
    [change('a, 1, 64, 80, wo', 'a, 1, 64, 80, xx'), 14],
    [change('a, 1, 64, 80, wo', 'a, 1, 64'), 14],
    [change('a, 1, 64, 80, wo', 'a, 0, 0, 80, wo'), 14],
    [change('a, 1, 64, 80, wo', 'a, 1, 64, 0, wo'), 11],
    [change('a, 1, 64, 80, wo\n', ''), 11],
  ] as const)
    assert.throws(
      () => parseMasim(text, 'x.cfg'),
      (problem: OctavoError) => problem.code === 'FILE_MALFORMED' && problem.message.includes(`line ${line}`),
      `${line}: ${text}`,
    );
});

test('damaged anywhere it is a configuration or a coded error', () => {
  const random = new SeededRandom(9);
  for (let round = 0; round < 3000; round++) {
    const bytes = new TextEncoder().encode(EXAMPLE);
    for (let i = 0; i < 1 + random.below(5); i++) bytes[random.below(bytes.length)] = random.below(128);
    const text = new TextDecoder('latin1').decode(bytes.subarray(0, 1 + random.below(bytes.length)));
    try {
      assert.ok(parseMasim(text, 'x').phases.length > 0);
    } catch (problem) {
      assert.ok(problem instanceof OctavoError && problem.code === 'FILE_MALFORMED', String(problem));
    }
  }
});
