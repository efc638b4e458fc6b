/** A part of the calibration of the user's metric: nothing stops for nothing in some hours, a regression stops in a minute. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOISES } from './noises.js';
import { falseStops, secondsToStop } from './trial.js';

const EVERY = { readEvery: 1, actEvery: 10 } as const;
const noise = (name: string) => {
  const found = NOISES.find((one) => one.name.startsWith(name));
  assert.ok(found !== undefined, name);
  return found;
};

describe('the guard of the user’s metric', () => {
  for (const one of NOISES.filter(({ name }) => name !== 'bursts'))
    test(`lets ${one.name} be for ten hours`, () => {
      assert.equal(falseStops({ ...EVERY, noise: one, seed: 77 }, 10), 0);
    });

  test('is stopped by bursts for nothing once in ten hours at most', () => {
    assert.ok(falseStops({ ...EVERY, noise: noise('bursts'), seed: 5 }, 40) <= 4);
  });

  test('stops within a minute for a regression of the size of the noise, in most draws', () => {
    const times = Array.from({ length: 15 }, (_, draw) =>
      secondsToStop({ ...EVERY, noise: noise('uniform'), seed: 300 + draw }, 0.5),
    );
    assert.ok(times.filter((seconds) => seconds <= 60).length >= 11, times.join(' '));
  });

  test('stops within a minute for twice the value, whatever the noise', () => {
    for (const one of NOISES) {
      const times = [1, 2, 3, 4, 5].map((seed) => secondsToStop({ ...EVERY, noise: one, seed }, 1));
      const sorted = times.filter((seconds) => !Number.isNaN(seconds)).sort((left, right) => left - right);
      assert.ok(sorted[Math.floor(sorted.length / 2)] <= 60, `${one.name}: ${times.join(' ')}`);
    }
  });
});
