/** Rules at their bounds: where one number or kind decides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, mapping, SETTINGS, state } from '../../test/support/drawing.js';
import type { Mapping } from '../vocabulary/mapping.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { collapseObstacles } from './eligibility.js';
import { isMisaligned } from './mapping-rules.js';
import type { BlockCase } from './obstacle.js';

const given = (
  map: Partial<Mapping>,
  changed: Partial<BlockCase['state']>,
  settings: object = {},
): BlockCase => ({
  mapping: { ...mapping(1), ...map },
  state: { ...state('4'), ...changed },
  settings: { ...SETTINGS, ...settings },
  geometry: GEOMETRY_4K,
  thpDisabledByPrctl: false,
});
const codes = (block: BlockCase) => collapseObstacles(block).map(({ code }) => code);

test('pages, zero pages and swap entries add up: none makes up for another', () => {
  for (const [
    present,
    zeroMapped,
    swapped,
  ] of [[5, 5, 0], [5, 0, 5], [0, 5, 5], [0, 0, 1], [1, 1, 2]] as const) // biome-ignore format: a table
    assert.deepEqual(
      codes(given({}, { present, zeroMapped, swapped })),
      [],
      `${present} ${zeroMapped} ${swapped}`,
    );
});

test('address and offset are in step by their difference, not by their sum', () => {
  const start = FIRST_BLOCK * 512;
  const at = (by: number, offset: number) =>
    isMisaligned({ ...mapping(1), kind: 'file', start: start + by, offset }, GEOMETRY_4K);
  assert.deepEqual(
    [at(1, 1), at(511, 511), at(1, 511), at(0, 512), at(3, 515)],
    [false, false, true, false, false],
  );
});

test('what shmem is denied does not bind other memory', () => {
  const deny = { shmemEnabled: 'deny' };
  assert.deepEqual(codes(given({}, {}, deny)), []);
  assert.deepEqual(codes(given({ kind: 'shmem', name: '/dev/shm/x', permissions: 'rw-s' }, {}, deny)), [
    'setting',
  ]);
});

test('a private mapping that was never written, or of which that is not known, has no pages of its own', () => {
  const file = { kind: 'file', permissions: 'r-xp', thpEligible: true } as const;
  const of = (anonymousBytes: number | undefined) =>
    codes(given({ ...file, anonymousBytes }, {})).includes('private-copies');
  assert.deepEqual([of(undefined), of(0), of(1)], [false, false, true]);
});
