/** What acts are expected to cost, with the spread of what they cost before, and how right that was. */
import type { RunCost } from '../../planning/cost-book.js';
import type { Cost, Plan, Receipt } from '../../vocabulary/plan.js';
import { plural, showMicroseconds } from './units.js';

/** `5.7 ms (5.3–6.5)`, or `790 µs assumed` where nothing like it was measured on this host. */
export function showCost({ durationUs, measured }: Cost): string {
  if (!measured) return `${showMicroseconds(durationUs)} assumed`;
  return `${showMicroseconds(durationUs)} (${showMicroseconds(measured.lowUs)} to ${showMicroseconds(measured.highUs)})`;
}

/** The same of all steps together, and what it rests on. */
export function showTotalCost(plan: Plan): string {
  const costs = plan.steps.map(({ proposal }) => proposal.cost);
  const sum = (pick: (cost: Cost) => number) => costs.reduce((total, cost) => total + pick(cost), 0);
  const expected = showMicroseconds(sum(({ durationUs }) => durationUs));
  const known = costs.filter(({ measured }) => measured).length;
  if (known === 0) return `${expected} expected (assumed: nothing like it was measured on this host yet)`;
  const low = sum(({ measured, durationUs }) => measured?.lowUs ?? durationUs);
  const high = sum(({ measured, durationUs }) => measured?.highUs ?? durationUs);
  const rest =
    known < costs.length ? `, ${costs.length - known} of ${plural(costs.length, 'step')} assumed` : '';
  return `${expected} expected (${showMicroseconds(low)} to ${showMicroseconds(high)} by what this host took before${rest})`;
}

/** How long the plan takes at its pace, by what is expected. */
export function showPace({ steps, budgets }: Plan): string {
  const share = budgets.lockUsPerSecond / 1e6;
  const lockUs = steps.reduce((sum, { proposal }) => sum + proposal.cost.lockUs, 0);
  if (share === 0) return `about ${showMicroseconds(lockUs)} without a pace (--lock-share 0)`;
  const percent = Number((100 * share).toPrecision(3));
  return `about ${showMicroseconds(lockUs / share)} with the target’s locks held for ${percent} % of any second at most`;
}

/** Work of a run as it was expected and as it was measured; undefined when nothing was tried. */
export function showWork(plan: Plan, receipts: readonly Receipt[]): string | undefined {
  const tried = receipts.filter((receipt) => receipt.tried);
  const ids = new Set(tried.map(({ step }) => step));
  const expectedUs = plan.steps
    .filter(({ id }) => ids.has(id))
    .reduce((sum, { proposal }) => sum + proposal.cost.durationUs, 0);
  const measuredUs = tried.reduce((sum, { durationUs }) => sum + durationUs, 0);
  if (expectedUs === 0 || measuredUs === 0) return undefined;
  const rate = rightness(measuredUs / expectedUs);
  return `Work: ${showMicroseconds(measuredUs)} measured, ${showMicroseconds(expectedUs)} expected (${rate})`;
}

/** How far the last expected costs were off, so that a reader can judge the next ones. */
export function accuracyNotes(runs: readonly RunCost[]): readonly string[] {
  const known = runs.filter((run) => run.known > 0 && run.expectedUs > 0);
  if (known.length === 0) return [];
  const rates = known.map(({ measuredUs, expectedUs }) => measuredUs / expectedUs);
  const last = rightness(rates[rates.length - 1]);
  const spread =
    rates.length > 1
      ? `; the last ${rates.length}: ${number(Math.min(...rates))} to ${number(Math.max(...rates))} times`
      : '';
  return [`durations are expected by what this host took before; the last run took ${last}${spread}`];
}

function rightness(rate: number): string {
  return `${number(rate)} times as long as expected`;
}

function number(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}
