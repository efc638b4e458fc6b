/** What to do to each block: from its place on the curve, what a change costs, and how sure all that is. */

import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';
import { beyondWalks, costsOf } from './block-costs.js';
import { type Curve, curveOf, walkNsOf } from './curve.js';
import { type Cut, cutOf, NEAR } from './cut.js';
import type { Decision, DecisionFacts, Held } from './decision.js';
import { Judge } from './judge.js';
import { scaleByWalks, type WalkCount } from './observed-walks.js';
import { characteristicTime } from './residency.js';

/** Changes that are made, changes that are held back, and the layout aimed at. */
export interface Decisions {
  readonly acts: readonly Decision[];
  readonly held: readonly Held[];
  readonly cut: Cut;
  /** Walks in samples, by process: as believed, and as they were. */
  readonly walks: ReadonlyMap<number, WalkCount>;
  /** Change of the walk time a second when all acts are carried out; negative when it shrinks. */
  readonly walkChangeNs: Nanoseconds;
}

/**
 * Two rounds. First what is right by a clear margin, in both directions: it does not depend on where exactly the cut lies.
 * Then, where the goal is not reached by that, what it takes to reach it, the best first: there blocks that are alike are
 * changed up to the number that is needed, and never exchanged for each other.
 */
export function decide(facts: DecisionFacts): Decisions {
  const { survey, cpu, goal } = facts;
  const { table, isHuge } = survey;
  const walks = facts.parts.observedWalks ? scaleByWalks(survey, cpu) : new Map<number, WalkCount>();
  const costs = costsOf(facts);
  const extra = beyondWalks(facts, costs);
  const curve = curveOf(table, cpu, extra);
  const wastedNow = table.waste.reduce((sum, bytes, block) => sum + bytes * isHuge[block], 0);
  const dataBytes = dataBytesOf(facts);
  const cut = cutOf({ table, curve, cpu, goal, extra, wastedNow, dataBytes, busyCpus: facts.busyCpus });
  const judge = new Judge(facts, costs, cut);
  curve.order.forEach((block, at) => {
    judge.consider(
      block,
      isHuge[block] === 1 ? 'split' : 'collapse',
      at < cut.huge ? curve.tau[at] : cut.tau,
    );
  });
  if (facts.parts.twoRounds) {
    judge.takeClear();
    reach(facts, curve, cut, judge);
  } else takeAll(curve, cut, judge);
  const after = judge.layout();
  const walkNs = (layout: Uint8Array) => walkNsOfLayout(facts, layout, cut);
  const walkChangeNs = judge.count === 0 ? 0 : walkNs(after) - walkNs(isHuge);
  return { acts: judge.acts(walkChangeNs), held: judge.held(curve, cut), cut, walks, walkChangeNs };
}

/** What the blocks take in small pages. */
function dataBytesOf({ survey, processes }: DecisionFacts): Bytes {
  return survey.used.reduce((sum, used, block) => {
    return sum + used * processes[survey.process[block]].sizes.geometry.pageBytes;
  }, 0);
}

/** Every difference between now and the cut. */
function takeAll({ order }: Curve, { huge }: Cut, judge: Judge): void {
  order.forEach((block, at) => {
    judge.take(block, at < huge ? 'collapse' : 'split');
  });
}

function walkNsOfLayout({ survey, cpu }: DecisionFacts, layout: Uint8Array, cut: Cut): Nanoseconds {
  return walkNsOf(survey.table, layout, characteristicTime(survey.table, layout, cpu.entries, cut.tau), cpu);
}

function reach(facts: DecisionFacts, curve: Curve, cut: Cut, judge: Judge): void {
  if (facts.goal.kind === 'slowdown') reachSlowdown(facts, curve, cut, judge);
  else reachBytes(facts, curve, cut, judge);
}

/** Splits while the budget lasts, or collapses until it is kept. */
function reachSlowdown(facts: DecisionFacts, curve: Curve, cut: Cut, judge: Judge): void {
  const lostNs = walkNsOfLayout(facts, judge.layout(), cut) - cut.fastestNs;
  let slack = cut.budgetNs - lostNs;
  if (slack > NEAR * cut.budgetNs) {
    for (let at = curve.order.length - 1; at >= cut.huge && slack > 0; at--) {
      const costNs = judge.costOf(curve.order[at]);
      if (costNs <= slack && judge.take(curve.order[at], 'split')) slack -= costNs;
    }
  } else if (slack < -NEAR * cut.budgetNs) {
    for (let at = 0; at < cut.huge && slack < 0; at++) {
      if (judge.take(curve.order[at], 'collapse')) slack += judge.costOf(curve.order[at]);
    }
  }
}

/** Splits until no more is wasted than allowed, or collapses while there is room. */
function reachBytes({ survey }: DecisionFacts, curve: Curve, cut: Cut, judge: Judge): void {
  const { waste } = survey.table;
  let wasted = judge.layout().reduce((sum, huge, block) => sum + huge * waste[block], 0);
  if (wasted > cut.tolerated.most) {
    for (let at = curve.order.length - 1; at >= 0 && wasted > cut.allowed; at--) {
      if (judge.take(curve.order[at], 'split')) wasted -= waste[curve.order[at]];
    }
  } else if (wasted < cut.tolerated.least) {
    for (let at = 0; at < cut.huge; at++) {
      const block = curve.order[at];
      if (wasted + waste[block] <= cut.allowed && judge.take(block, 'collapse')) wasted += waste[block];
    }
  }
}
