/** Whether a change of one block is right, and with what probability; keeps the changes that are made. */
import { bytesWeight } from '../../belief/ledger.js';
import type { Bytes, Fraction, Nanoseconds } from '../../vocabulary/units.js';
import { type BlockCosts, irreversibleNs } from './block-costs.js';
import { type Curve, savedByHuge } from './curve.js';
import type { Cut } from './cut.js';
import type { Decision, DecisionFacts, Held } from './decision.js';
import { chanceBelow, meanOneQuantile, NORMAL_POINTS } from './gamma.js';

/** A change is made when it is right with this probability. */
export const SURE: Fraction = 0.9;
/**
 * Where bytes are wanted, or a balance: what is more likely right than wrong. Which of the blocks are changed is then a matter of
 * chance for some, but that so many of them should be is sure, and each that waits for samples misses its bytes meanwhile.
 */
export const LIKELY: Fraction = 0.5;
/** That holds where the heat of all blocks together is known to a tenth: by so many samples. */
const MANY_SAMPLES = 100;
/**
 * The price of the cut is that of the block next to it, and prices beside it are as good: a change that the goal needs may
 * cost half as much again, and one that it does not need must be worth it at a price as much lower.
 */
const MARGIN = 1.5;
/** Splits that last less than this share of the horizon: what khugepaged costs may be what keeps a block huge. */
const SHORT_LIVED: Fraction = 0.5;
/** Share of the samples that must be able to call memory cold before any is. */
const LEAST_SEEING: Fraction = 0.5;

interface Opinion {
  readonly action: 'split' | 'collapse';
  /** Nanoseconds a second that the block saves as huge page, as the change sees it. */
  readonly savedNs: Nanoseconds;
  /** What the change costs beside walks. */
  readonly fixedNs: Nanoseconds;
  readonly bytes: Bytes;
  /** Why it cannot be judged at all. */
  readonly obstacle: Held['why'] | undefined;
}

interface Chance {
  readonly chance: Fraction;
  readonly regretNs: Nanoseconds;
}

/** Takes blocks in the order of their worth, and decides each by gain, cost and probability. */
export class Judge {
  readonly #facts: DecisionFacts;
  readonly #costs: BlockCosts;
  readonly #cut: Cut;
  readonly #price: number;
  /** Probability that a change that the goal needs is taken from. */
  readonly #enough: Fraction;
  readonly #opinions = new Map<number, Opinion>();
  readonly #taken = new Map<number, Fraction>();
  readonly #doubts = new Map<number, Chance>();

  constructor(facts: DecisionFacts, costs: BlockCosts, cut: Cut) {
    this.#facts = facts;
    this.#costs = costs;
    this.#cut = cut;
    // A share of the CPUs' time for at least the same share of the memory: beyond that a budget is not spent.
    const parity = (facts.busyCpus * 1e9) / Math.max(1, residentBytes(facts));
    const isBound = facts.goal.kind === 'slowdown' && facts.parts.parity;
    const isKnown = facts.survey.samples.reduce((sum, samples) => sum + samples, 0) >= MANY_SAMPLES;
    this.#enough = facts.goal.kind !== 'slowdown' && isKnown ? LIKELY : SURE;
    this.#price = isBound ? Math.min(cut.price, parity) : cut.price;
  }

  get count(): number {
    return this.#taken.size;
  }

  /**
   * Makes up an opinion of one change. For blocks that are huge in the cut, `tau` is that of the curve at their turn: in the
   * layout of the cut everything may fit, and then each of them by itself seems worth nothing.
   */
  consider(block: number, action: Opinion['action'], tau: number): void {
    const { survey } = this.#facts;
    const savedNs = savedByHuge(survey.table, block, tau, this.#cut.cpu);
    const bytes = survey.table.waste[block];
    const isSplit = action === 'split';
    if (isSplit && bytes === 0 && survey.isUnread[block] === 0) return;
    const fixedNs = isSplit ? this.#splitCost(block) : this.#collapseCost(block);
    this.#opinions.set(block, {
      action,
      savedNs,
      fixedNs,
      bytes,
      obstacle: this.#obstacle(block, action),
    });
  }

  /** Takes every change that is right by a clear margin. */
  takeClear(): void {
    for (const [block, opinion] of this.#opinions) {
      if (opinion.obstacle !== undefined || !this.#mayBeClear(opinion)) continue;
      const { chance } = this.#chance(block, opinion, this.#price / MARGIN, this.#price * MARGIN);
      if (chance >= SURE) this.#taken.set(block, chance);
    }
  }

  /** Takes a change that the goal needs, if it is right at a price near that of the cut; whether it did. */
  take(block: number, action: Opinion['action']): boolean {
    const opinion = this.#opinions.get(block);
    if (opinion?.action !== action || opinion.obstacle !== undefined || this.#taken.has(block)) return false;
    const found = this.#chance(block, opinion, this.#price * MARGIN, this.#price / MARGIN);
    const isTaken = found.chance >= this.#enough;
    if (isTaken) this.#taken.set(block, found.chance);
    else this.#doubts.set(block, found);
    return isTaken;
  }

  /** Nanoseconds a second of walks that the block costs in small pages. */
  costOf(block: number): Nanoseconds {
    return Math.max(0, this.#opinions.get(block)?.savedNs ?? 0);
  }

  /** The layout after the changes that were taken. */
  layout(): Uint8Array {
    const layout = this.#facts.survey.isHuge.slice();
    for (const block of this.#taken.keys()) layout[block] = 1 - layout[block];
    return layout;
  }

  /**
   * Changes with their parts of the whole change of walk time. What each does does not add up to it, as entries that become
   * free help the others: what is left is shared out by what each does.
   */
  acts(walkChangeNs: Nanoseconds): readonly Decision[] {
    const taken = [...this.#taken].flatMap(([block, chance]) => {
      const opinion = this.#opinions.get(block);
      return opinion === undefined ? [] : [{ block, chance, opinion }];
    });
    const signed = taken.map(({ opinion }) => (opinion.action === 'split' ? 1 : -1) * opinion.savedNs);
    const rest = walkChangeNs - signed.reduce((sum, ns) => sum + ns, 0);
    // To those whose own change has its sign: a split gains nothing by what a collapse makes room for.
    const isAlike = (ns: Nanoseconds) => ns * rest > 0;
    const isForAll = !signed.some(isAlike);
    const weights = signed.map((ns) => (isForAll || isAlike(ns) ? Math.abs(ns) : 0));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    return taken.map(({ block, chance, opinion }, index) => {
      const more = all === 0 ? 0 : (rest * weights[index]) / all;
      return {
        block,
        action: opinion.action,
        chance,
        ...this.#amounts(block, opinion, signed[index] + more),
      };
    });
  }

  #amounts(block: number, { action, bytes, fixedNs }: Opinion, changeNs: Nanoseconds) {
    const { survey, processes } = this.#facts;
    const weight = bytesWeight(processes[survey.process[block]].belief.ledger);
    const walks = { gainedNs: Math.max(0, -changeNs), lostNs: Math.max(0, changeNs) + Math.max(0, fixedNs) };
    return { ...walks, bytes: action === 'split' ? bytes * weight : -bytes };
  }

  /** Blocks that the cut would change and that stay, with why. */
  held({ order }: Curve, { huge }: Cut): readonly Held[] {
    const held: Held[] = [];
    order.forEach((block, at) => {
      const opinion = this.#opinions.get(block);
      if (opinion === undefined || this.#taken.has(block)) return;
      const { action, obstacle } = opinion;
      const isWanted = action === 'split' ? at >= huge : at < huge;
      const isUndone = action === 'split' && this.#costs.lasting[block] < SHORT_LIVED;
      if (!isWanted && !isUndone && obstacle !== 'unread') return;
      const one = { block, action, ...this.#whyHeld(block, opinion) };
      if (isWanted || one.why === 'unread' || one.why === 'khugepaged') held.push(one);
    });
    return held;
  }

  #whyHeld(block: number, opinion: Opinion): Omit<Held, 'block' | 'action'> {
    if (opinion.obstacle === 'unread') return { why: 'unread', chance: 0, regretNs: 0 };
    const price = this.#price * MARGIN;
    const found = this.#doubts.get(block) ?? this.#chance(block, opinion, price, this.#price / MARGIN);
    if (opinion.obstacle !== undefined) return { why: opinion.obstacle, ...found };
    if (found.chance >= this.#enough) return { why: 'reached', ...found, regretNs: 0 };
    if (opinion.action === 'split') {
      const splitNs = this.#costs.splitNs[block] / this.#facts.horizonSeconds;
      const longer = splitNs - splitNs / this.#costs.lasting[block];
      const lasting = { ...opinion, fixedNs: opinion.fixedNs + longer };
      const unlasting = this.#chance(block, lasting, price, price);
      if (unlasting.chance >= SURE) return { why: 'khugepaged', ...found };
      if (this.#price < this.#cut.price && found.chance < 1 - SURE)
        return { why: 'dear', ...found, regretNs: 0 };
    }
    return { why: 'unknown', ...found };
  }

  #obstacle(block: number, action: Opinion['action']): Held['why'] | undefined {
    const { survey, processes } = this.#facts;
    const { belief } = processes[survey.process[block]];
    if (action === 'split' && survey.isUnread[block] === 1) return 'unread';
    if (belief.exposure.long === 0) return 'unknown';
    return action === 'split' && belief.seeingShare < LEAST_SEEING ? 'blind' : undefined;
  }

  /** What is lost and won counts for as long as a split lasts; the change itself is paid each time. */
  #splitCost(block: number): Nanoseconds {
    const { refaultNs, splitNs, lasting } = this.#costs;
    return (
      refaultNs[block] +
      splitNs[block] / this.#facts.horizonSeconds / lasting[block] +
      irreversibleNs({ ...this.#facts, cpu: this.#cut.cpu }, this.#costs, block, this.#cut.tau)
    );
  }

  #collapseCost(block: number): Nanoseconds {
    return this.#costs.collapseNs[block] / this.#facts.horizonSeconds - this.#costs.refaultNs[block];
  }

  /** A mean that is wrong already needs no quantiles. */
  #mayBeClear({ action, savedNs, fixedNs, bytes }: Opinion): boolean {
    return action === 'split'
      ? savedNs + fixedNs < (this.#price / MARGIN) * bytes
      : savedNs > fixedNs + this.#price * MARGIN * bytes;
  }

  /**
   * Probability that a change is right, over what the block's rate may be, at a price for splits and one for collapses. What
   * it saves goes with its rate: where all rates are as uncertain, the time for which entries stay shrinks as they grow.
   */
  #chance(block: number, opinion: Opinion, splitPrice: number, collapsePrice: number): Chance {
    const { action, fixedNs, bytes, savedNs } = opinion;
    const shape = this.#facts.survey.sureness[block];
    const isSplit = action === 'split';
    const limitNs = isSplit ? splitPrice * bytes - fixedNs : collapsePrice * bytes + fixedNs;
    const isSharp = savedNs <= 0 || !this.#facts.parts.doubt;
    const sharp = savedNs <= 0 ? limitNs > 0 : savedNs < limitNs;
    const below = isSharp ? Number(sharp) : chanceBelow(shape, limitNs / savedNs);
    const chance = isSplit ? below : 1 - below;
    // What would be gained by knowing, where the likelier choice is the wrong one.
    const sign = isSplit === chance >= 0.5 ? 1 : -1;
    const regretNs = NORMAL_POINTS.reduce(
      (sum, { z, weight }) =>
        sum + weight * Math.max(0, sign * (meanOneQuantile(shape, z) * savedNs - limitNs)),
      0,
    );
    return { chance, regretNs };
  }
}

function residentBytes({ processes }: DecisionFacts): Bytes {
  return processes.reduce((sum, { sizes }) => {
    const pages = sizes.blocks.present.subarray(0, sizes.blocks.count).reduce((all, one) => all + one, 0);
    return sum + pages * sizes.geometry.pageBytes;
  }, 0);
}
