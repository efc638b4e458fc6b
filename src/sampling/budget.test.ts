/** What is looked at next, within a share of a CPU. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidate, type LookName, type Next, type Offers, SamplingBudget } from './budget.js';

const ALL: Offers = { pmu: true, 'damon-regions': true, occupancy: true, smaps: true };
const EVERY: readonly LookName[] = ['pmu', 'damon-regions', 'occupancy', 'smaps'];

const candidate = (target: string, more: Partial<Candidate> = {}): Candidate => ({
  ...{ target, looks: EVERY, regretNs: 0, lookedAtMs: {} },
  ...more,
});
const looked = (atMs: number) => ({ pmu: atMs, 'damon-regions': atMs, occupancy: atMs, smaps: atMs });
const chosen = (next: Next) =>
  next.kind === 'look' ? `${next.choice.target} by ${next.choice.look}` : next.kind;

describe('the look', () => {
  test('is a PMU where there is one, else a free DAMON, else content and page tables', () => {
    for (const [offers, look] of [
      [ALL, 'pmu'],
      [{ ...ALL, pmu: 'this machine has none' }, 'damon-regions'],
      [{ ...ALL, pmu: 'none', 'damon-regions': 'another tool has DAMON' }, 'occupancy'],
      [{ smaps: true }, 'smaps'],
    ] as const)
      assert.equal(chosen(new SamplingBudget().next(0, offers, [candidate('a')])), `a by ${look}`);
  });

  test('is one that the target allows and that did not fail a moment ago', () => {
    const budget = new SamplingBudget();
    const only = candidate('a', { looks: ['damon-regions', 'smaps'] });
    assert.equal(chosen(budget.next(0, ALL, [only])), 'a by damon-regions');
    budget.failed(0, 'damon-regions', 'DAMON was taken');
    assert.equal(chosen(budget.next(599_999, ALL, [only])), 'a by smaps');
    assert.equal(chosen(budget.next(600_000, ALL, [only])), 'a by damon-regions');
  });

  test('watches for a while where it has to', () => {
    const next = (looks: readonly LookName[]) => {
      const told = new SamplingBudget().next(0, ALL, [candidate('a', { looks })]);
      return told.kind === 'look' ? [told.choice.windowMs, told.choice.expectedNs, told.choice.why] : [];
    };
    assert.deepEqual(next(['pmu']), [5000, undefined, 'it was not looked at yet']);
    assert.deepEqual(next(['occupancy']), [0, undefined, 'it was not looked at yet']);
  });
});

describe('the target', () => {
  test('is one that nobody has looked at, then the one whose wishes are worth most for its cost', () => {
    const budget = new SamplingBudget();
    const one = (target: string, regretNs: number | undefined) =>
      candidate(target, { looks: ['smaps'], regretNs, lookedAtMs: { smaps: 0 } });
    const two = [one('small', 10), one('large', 1000)];
    assert.equal(chosen(budget.next(1000, ALL, two)), 'large by smaps');
    assert.equal(
      chosen(budget.next(1000, ALL, [...two, candidate('new', { looks: ['smaps'] })])),
      'new by smaps',
    );
    assert.equal(chosen(budget.next(1000, ALL, [...two, one('first', undefined)])), 'large by smaps');
    budget.took('large', 'smaps', 1e6);
    budget.took('small', 'smaps', 1e3);
    assert.equal(chosen(budget.next(2e6, ALL, two)), 'small by smaps');
  });

  test('without a wish is looked at again when what is known is old', () => {
    const budget = new SamplingBudget();
    const known = [candidate('a', { lookedAtMs: looked(0) })];
    assert.deepEqual(budget.next(299_999, ALL, known), {
      kind: 'nothing',
      why: 'all that is known is fresh enough',
    });
    const due = budget.next(300_000, ALL, known);
    assert.equal(due.kind === 'look' && due.choice.why, 'what is known is 300 s old');
    const wished = budget.next(1000, ALL, [candidate('a', { lookedAtMs: looked(0), regretNs: 5000 })]);
    assert.equal(
      wished.kind === 'look' && wished.choice.why,
      'choices without it are expected to cost 5 µs a second',
    );
  });

  test('that cannot be looked at is told with the reasons', () => {
    const budget = new SamplingBudget();
    assert.deepEqual(budget.next(0, ALL, []), { kind: 'nothing', why: 'there is no target' });
    budget.failed(0, 'smaps', 'it failed');
    assert.deepEqual(budget.next(0, { pmu: 'none here', smaps: true }, [candidate('a')]), {
      kind: 'nothing',
      why: 'all that is known is fresh enough; pmu: none here; smaps: it failed',
    });
  });
});

describe('the share of a CPU', () => {
  /** Seconds of CPU taken within so many seconds, where each look takes `costNs`. */
  function simulated(
    costNs: number,
    seconds: number,
    more: (budget: SamplingBudget) => void = () => undefined,
  ) {
    const budget = new SamplingBudget();
    const targets = ['a', 'b', 'c'].map((target) =>
      candidate(target, { looks: ['occupancy'], regretNs: 1e6, lookedAtMs: { occupancy: 0 } }),
    );
    let cpuNs = 0;
    let looks = 0;
    for (let nowMs = 0; nowMs < seconds * 1000; ) {
      const next = budget.next(nowMs, ALL, targets);
      if (next.kind === 'wait') nowMs = Math.max(nowMs + 1, next.untilMs);
      else if (next.kind === 'look') {
        budget.took(next.choice.target, 'occupancy', costNs);
        cpuNs += costNs;
        looks++;
        nowMs += costNs / 1e6;
        more(budget);
      } else nowMs += 1000;
    }
    return { share: cpuNs / (seconds * 1e9), looks };
  }

  test('is kept whatever a look costs, and used', () => {
    for (const costNs of [1e5, 1e6, 2e7, 4e8]) {
      const { share, looks } = simulated(costNs, 3600);
      assert.ok(share <= 0.0103 && share > 0.009, `${share} with looks of ${costNs} ns`);
      assert.ok(looks > 10);
    }
  });

  test('is owed for when one look takes more than can be saved up', () => {
    const { share, looks } = simulated(5e9, 36_000);
    assert.ok(looks > 10 && share < 0.012, `${share} of ${looks}`);
  });

  test('counts what the agent takes besides', () => {
    const { share } = simulated(1e6, 3600, (budget) => budget.spent(1e6));
    assert.ok(share < 0.0055 && share > 0.004, `${share}`);
  });

  test('says when it may go on, and forgets no debt by a clock that is set back', () => {
    const budget = new SamplingBudget();
    const one = [candidate('a', { looks: ['smaps'], regretNs: 1, lookedAtMs: { smaps: 0 } })];
    assert.equal(budget.next(1000, ALL, one).kind, 'look');
    budget.took('a', 'smaps', 1e7);
    const wait = budget.next(1000, ALL, one);
    assert.deepEqual(wait, { kind: 'wait', untilMs: 3000, why: 'sampling has had its share of a CPU' });
    assert.equal(budget.next(-1e9, ALL, one).kind, 'wait');
    assert.equal(budget.creditNs, -1e7);
    budget.next(1e12, ALL, one);
    assert.equal(budget.creditNs, 6e8, 'a year ahead brings a minute');
    budget.took('a', 'smaps', Number.NaN);
    budget.spent(-1);
    assert.equal(budget.creditNs, 6e8);
  });

  test('learns what a look costs, by target where it is known', () => {
    const budget = new SamplingBudget();
    budget.next(0, ALL, []);
    budget.next(60_000, ALL, []);
    const one = (target: string) => [
      candidate(target, { looks: ['smaps'], regretNs: 1, lookedAtMs: { smaps: 0 } }),
    ];
    budget.took('a', 'smaps', 1e6);
    budget.took('a', 'smaps', 2e6);
    const expected = (target: string) => {
      const next = budget.next(60_000, ALL, one(target));
      return next.kind === 'look' ? next.choice.expectedNs : next.kind;
    };
    assert.equal(expected('a'), 1.3e6);
    assert.equal(expected('b'), 1.3e6);
    budget.took('b', 'smaps', 3e6);
    assert.equal(expected('b'), 3e6);
    assert.equal(expected('a'), 1.3e6);
  });
});
