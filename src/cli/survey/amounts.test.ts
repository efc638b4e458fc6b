import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, between, exactly } from '../../survey/amount.js';
import { showMicroseconds } from '../print/units.js';
import { showAmount, showBriefly } from './amounts.js';

const MIB = 2 ** 20;

test('amounts in words: what is not known is never 0', () => {
  assert.equal(showAmount(undefined), '?');
  assert.equal(showAmount(exactly(0)), '0 B');
  assert.equal(showAmount(exactly(1.5 * MIB)), '1.50 MiB');
  assert.equal(showAmount(atLeast(0)), '?');
  assert.equal(showAmount(atLeast(MIB)), '≥ 1 MiB');
  assert.equal(showAmount(between(0, 3 * MIB)), '≤ 3 MiB');
  assert.equal(showAmount(between(2 * MIB, 3 * MIB)), '2 MiB–3 MiB');
  assert.equal(showAmount({ expected: 340 * MIB, low: 120 * MIB, high: 600 * MIB }), '~340 (120–600) MiB');
  assert.equal(showAmount({ expected: 0, low: 0, high: 5 * MIB }), '~0 (0–5.00) MiB');
  assert.equal(showAmount({ expected: 20 * MIB, low: MIB, high: 50 * MIB }), '~20.0 (1.0–50.0) MiB');
  assert.equal(
    showAmount({ expected: 1024 * MIB, low: 512 * MIB, high: 2048 * MIB }),
    '~1.00 (0.50–2.00) GiB',
  );
  assert.equal(showAmount({ expected: 2048, low: 0, high: 4096 }), '~2.00 (0–4.00) KiB');
  assert.equal(showAmount({ expected: 5, low: 2, high: undefined }), '≥ 2 B');
  assert.equal(
    showAmount({ expected: 5000, low: 2000, high: 9000 }, showMicroseconds),
    '~5.0 ms (2.0 ms–9.0 ms)',
  );
});

test('briefly: without the bounds of what is expected', () => {
  assert.equal(showBriefly({ expected: 340 * MIB, low: 0, high: 600 * MIB }), '~340 MiB');
  assert.equal(showBriefly({ expected: 5, low: 2, high: undefined }), '≥ 2 B');
  assert.equal(showBriefly(exactly(MIB)), '1 MiB');
  assert.equal(showBriefly(between(0, MIB)), '≤ 1 MiB');
  assert.equal(showBriefly(undefined), '?');
});
