/** What to do to each block: from its place on the curve, what a change costs, and how sure all that is. */
import { bytesWeight } from '../../belief/ledger.js';
import type { Bytes, Fraction, Nanoseconds } from '../../vocabulary/units.js';
import { type BlockCosts, beyondWalks, type CostFacts, costsOf, irreversibleNs } from './block-costs.js';
import { curveOf, savedByHuge, walkNsOf } from './curve.js';
import { type Cut, cutOf } from './cut.js';
import { chanceBelowZero, meanOneQuantile, NORMAL_POINTS } from './gamma.js';
import type { Goal } from './goal.js';
import { scaleByWalks, type WalkCount } from './observed-walks.js';
import { characteristicTime } from './residency.js';

export interface DecisionFacts extends CostFacts {
  readonly goal: Goal;
  readonly busyCpus: number;
}

/** One block, by its number in the survey. */
export interface Decision {
  readonly block: number;
  readonly action: 'split' | 'collapse';
  /** Nanoseconds a second of walks that it saves, and those of walks, faults and the change itself that it costs. */
  readonly gainedNs: Nanoseconds;
  readonly lostNs: Nanoseconds;
  /** Bytes that go back; negative when it takes memory. */
  readonly bytes: Bytes;
  /** Probability that it is worth it. */
  readonly chance: Fraction;
}

/** Why a block that the cut would change is left as it is. */
export interface Held {
  readonly block: number;
  readonly action: 'split' | 'collapse';
  readonly why: 'unknown' | 'blind' | 'unread' | 'khugepaged' | 'dear' | 'no-gain';
  /** Nanoseconds a second that knowing for certain is expected to be worth. */
  readonly regretNs: Nanoseconds;
  readonly chance: Fraction;
}

export interface Decisions {
  readonly acts: readonly Decision[];
  readonly held: readonly Held[];
  readonly cut: Cut;
  /** Walks in samples, by process: as believed, and as they were. */
  readonly walks: ReadonlyMap<number, WalkCount>;
  /** Change of the walk time a second when all acts are carried out; negative when it shrinks. */
  readonly walkChangeNs: Nanoseconds;
}

/** A change is made when it is right with this probability. */
const SURE: Fraction = 0.9;
/** Right: the price of the block's bytes is not exceeded by more than half, the spread of prices next to the cut. */
const MARGIN = 1.5;
/** Share of the samples that must be able to call memory cold before any is. */
const LEAST_SEEING: Fraction = 0.5;

export function decide(facts: DecisionFacts): Decisions {
  const { survey, cpu, goal } = facts;
  const { table, isHuge } = survey;
  const walks = scaleByWalks(survey, cpu);
  const costs = costsOf(facts);
  const extra = beyondWalks(facts, costs);
  const curve = curveOf(table, cpu, extra);
  const wastedNow = table.waste.reduce((sum, bytes, block) => sum + bytes * isHuge[block], 0);
  const cut = cutOf({ table, curve, cpu, goal, extra, wastedNow, busyCpus: facts.busyCpus });
  const judge = new Judge(facts, costs, cut);
  curve.order.forEach((block, at) => {
    if (at < cut.huge && isHuge[block] === 0) judge.collapse(block, curve.tau[at]);
    else if (at >= cut.huge && isHuge[block] === 1) judge.split(block);
    else if (survey.isUnread[block] === 1) judge.leaveUnread(block);
  });
  return { ...judge.outcome(), cut, walks };
}

class Judge {
  readonly #facts: DecisionFacts;
  readonly #costs: BlockCosts;
  readonly #cut: Cut;
  readonly #price: number;
  readonly #acts: Decision[] = [];
  readonly #held: Held[] = [];
  /** Characteristic times at which collapses were judged, by block. */
  readonly #turns = new Map<number, number>();

  constructor(facts: DecisionFacts, costs: BlockCosts, cut: Cut) {
    this.#facts = facts;
    this.#costs = costs;
    this.#cut = cut;
    // A share of the CPUs' time for at least the same share of the memory: beyond that a budget is not spent.
    const parity = (facts.busyCpus * 1e9) / Math.max(1, residentBytes(facts));
    this.#price = facts.goal.kind === 'slowdown' ? Math.min(cut.price, parity) : cut.price;
  }

  split(block: number): void {
    const { survey, processes, horizonSeconds } = this.#facts;
    const { belief } = processes[survey.process[block]];
    const bytes = survey.table.waste[block];
    const hold = (why: Held['why'], chance = 0, regretNs = 0) =>
      this.#held.push({ block, action: 'split', why, chance, regretNs });
    if (survey.isUnread[block] === 1) return void hold('unread');
    if (belief.exposure.long === 0) return void hold('unknown');
    if (bytes === 0) return void hold('no-gain');
    const worth = MARGIN * this.#price * bytes;
    const splitNs = this.#costs.splitNs[block] / horizonSeconds;
    // What is lost and what is won count for as long as the split lasts; the change itself is paid each time.
    const fixed =
      this.#costs.refaultNs[block] +
      splitNs / this.#costs.lasting[block] +
      irreversibleNs(this.#facts, this.#costs, block, this.#cut.tau);
    const { chance, regretNs } = this.#weigh(block, (saved) => saved + fixed - worth);
    if (belief.seeingShare < LEAST_SEEING) return void hold('blind', chance, regretNs);
    if (chance < SURE) {
      const longer = splitNs - splitNs / this.#costs.lasting[block];
      const unlasting = this.#weigh(block, (saved) => saved + fixed + longer - worth);
      if (unlasting.chance >= SURE) return void hold('khugepaged', chance);
      const isDear = this.#price < this.#cut.price && chance < 1 - SURE;
      return void hold(isDear ? 'dear' : 'unknown', chance, regretNs);
    }
    const lostNs = this.#saved(block) + fixed;
    this.#acts.push({
      block,
      action: 'split',
      gainedNs: 0,
      lostNs,
      bytes: bytes * bytesWeight(belief.ledger),
      chance,
    });
  }

  leaveUnread(block: number): void {
    this.#held.push({ block, action: 'split', why: 'unread', chance: 0, regretNs: 0 });
  }

  /**
   * `tau` is that of the curve when it was the block's turn: in the layout of the cut everything may fit, and then each block
   * by itself seems worth nothing.
   */
  collapse(block: number, tau: number): void {
    const { survey, processes, horizonSeconds } = this.#facts;
    const bytes = survey.table.waste[block];
    if (processes[survey.process[block]].belief.exposure.long === 0) {
      this.#held.push({ block, action: 'collapse', why: 'unknown', chance: 0, regretNs: 0 });
      return;
    }
    const change = this.#costs.collapseNs[block] / horizonSeconds;
    const refault = this.#costs.refaultNs[block];
    const { chance, regretNs } = this.#weigh(
      block,
      (saved) => (this.#price * bytes) / MARGIN + change - refault - saved,
      tau,
    );
    if (chance < SURE) {
      this.#held.push({ block, action: 'collapse', why: 'unknown', chance, regretNs });
      return;
    }
    const gainedNs = Math.max(0, this.#saved(block, tau) + refault);
    this.#turns.set(block, tau);
    this.#acts.push({ block, action: 'collapse', gainedNs, lostNs: change, bytes: -bytes, chance });
  }

  outcome(): Pick<Decisions, 'acts' | 'held' | 'walkChangeNs'> {
    const { survey, cpu } = this.#facts;
    const { table, isHuge } = survey;
    const after = isHuge.slice();
    for (const { block, action } of this.#acts) after[block] = action === 'collapse' ? 1 : 0;
    const walkNs = (layout: Uint8Array) =>
      walkNsOf(table, layout, characteristicTime(table, layout, cpu.entries, this.#cut.tau), cpu);
    const walkChangeNs = this.#acts.length === 0 ? 0 : walkNs(after) - walkNs(isHuge);
    return { acts: this.#shared(walkChangeNs), held: this.#held, walkChangeNs };
  }

  /**
   * Acts with their parts of the whole change of walk time. What each does at the time of the cut does not add up to it, as
   * entries that become free help the others: what is left is shared out by what each does.
   */
  #shared(walkChangeNs: Nanoseconds): readonly Decision[] {
    const signed = this.#acts.map(({ block, action }) => (action === 'split' ? 1 : -1) * this.#saved(block));
    const all = signed.reduce((sum, ns) => sum + Math.abs(ns), 0);
    if (all === 0) return this.#acts;
    const rest = walkChangeNs - signed.reduce((sum, ns) => sum + ns, 0);
    return this.#acts.map((act, index) => {
      const more = (rest * Math.abs(signed[index])) / all;
      return act.action === 'split'
        ? { ...act, lostNs: act.lostNs + more }
        : { ...act, gainedNs: act.gainedNs - more };
    });
  }

  /** Probability that `cost` of what the block saves as huge page is below 0, over what its rate may be. */
  #weigh(block: number, cost: (savedNs: Nanoseconds) => Nanoseconds, tau = this.#cut.tau) {
    const { survey, cpu } = this.#facts;
    const shape = survey.samples[block] + 1;
    const at = (z: number) => cost(savedByHuge(survey.table, block, tau, cpu, meanOneQuantile(shape, z)));
    const chance = chanceBelowZero(at);
    // What would be gained by knowing, where the likelier choice is the wrong one.
    const wrong = chance >= 0.5 ? 1 : -1;
    const regretNs = NORMAL_POINTS.reduce(
      (sum, { z, weight }) => sum + weight * Math.max(0, wrong * at(z)),
      0,
    );
    return { chance, regretNs };
  }

  #saved(block: number, tau = this.#turns.get(block) ?? this.#cut.tau): Nanoseconds {
    return savedByHuge(this.#facts.survey.table, block, tau, this.#facts.cpu);
  }
}

function residentBytes({ processes }: DecisionFacts): Bytes {
  return processes.reduce((sum, { sizes }) => {
    const pages = sizes.blocks.present.subarray(0, sizes.blocks.count).reduce((all, one) => all + one, 0);
    return sum + pages * sizes.geometry.pageBytes;
  }, 0);
}
