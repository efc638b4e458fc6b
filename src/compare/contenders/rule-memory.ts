/** What rules of rivals share: blocks with their rows, proposals in words, and counters that live from turn to turn. */
import { collapseCost, collapseGain, freedPages, splitCost, splitGain } from '../../policies/estimates.js';
import type { PolicyInput, PolicyKind, PolicyOutput } from '../../policies/policy.js';
import { NO_PARAMETERS } from '../../vocabulary/kind.js';
import { BLOCK_FLAG, MAPPING_LEVEL } from '../../vocabulary/page-sizes.js';
import type { Proposal } from '../../vocabulary/plan.js';
import type { BlockNumber, Pages } from '../../vocabulary/units.js';

/** One block as a rule sees it. */
export interface SeenBlock {
  readonly row: number;
  readonly block: BlockNumber;
  readonly isHuge: boolean;
  readonly present: Pages;
  /** Sub-pages that hold data; undefined when that was not read. */
  readonly filled: Pages | undefined;
  /** Samples of this turn. */
  readonly samples: number;
  readonly touched: Pages;
  /** Samples that missed the TLB; undefined where the PMU does not tell. */
  readonly walks: number | undefined;
}

/** What a rule wants done with a block; the larger the priority, the sooner. */
export interface Wish {
  readonly block: SeenBlock;
  readonly action: 'split' | 'collapse';
  readonly priority: number;
  readonly reason: string;
}

/** The rule of a rival: wishes for blocks, by what it has seen of them. */
export type Judge = (blocks: readonly SeenBlock[], input: PolicyInput) => readonly Wish[];

/**
 * A rule as a kind of policy without parameters: it sees all blocks of anonymous memory at once, since rivals rank them.
 * Every turn makes its policy anew; what the rule remembers is in `judge`.
 */
export function ruleKind(name: string, brief: string, judge: Judge): PolicyKind {
  const propose = (input: PolicyInput): PolicyOutput => {
    const wishes = judge(seenBlocks(input), input);
    return { proposals: wishes.map((wish) => proposalOf(name, wish, input)), passedOver: [] };
  };
  return { brief, parameters: NO_PARAMETERS, make: () => ({ name, propose }) };
}

function seenBlocks({ sizes, heat }: PolicyInput): readonly SeenBlock[] {
  const { blocks, mappings } = sizes;
  return Array.from({ length: blocks.count }, (_, row) => row)
    .filter((row) => blocks.present[row] > 0 && mappings[blocks.mapping[row]].kind === 'anon')
    .filter((row) => (blocks.flags[row] & BLOCK_FLAG.wholeInMapping) !== 0)
    .map((row) => {
      const block = blocks.block[row];
      const hot = heat?.block(block);
      return {
        row,
        block,
        isHuge: blocks.level[row] === MAPPING_LEVEL.pmd,
        present: blocks.present[row],
        filled: hot?.filled,
        samples: hot?.samples ?? 0,
        touched: hot?.touched ?? 0,
        walks: hot?.tlbMisses,
      };
    });
}

function proposalOf(policy: string, wish: Wish, input: PolicyInput): Proposal {
  const { sizes, parameters } = input;
  const { row, block, present } = wish.block;
  const { action, reason, priority } = wish;
  const common = { process: sizes.process, block, action, policy, reason, priority };
  if (action === 'collapse') {
    const targetOrder = sizes.geometry.hugeOrder;
    const gain = collapseGain(targetOrder, sizes.geometry);
    return { ...common, targetOrder, gain, cost: collapseCost(present, sizes.geometry, parameters.costs) };
  }
  const facts = { targetOrder: 0, mappedByPmd: true, freed: freedPages(input, row, 0), coldPages: 0 };
  const gain = splitGain(facts, sizes.geometry);
  return { ...common, targetOrder: 0, gain, cost: splitCost(facts, sizes.geometry, parameters.costs) };
}

/** Counters of sub-pages by block, which samples of each turn are added to after the old ones were scaled. */
export class SampleMemory {
  readonly #byBlock = new Map<BlockNumber, Float64Array>();
  readonly #turn: Uint16Array;
  readonly #keep: number;

  /** `keep`: share of the old counts that a turn leaves. */
  constructor(pages: Pages, keep: number) {
    this.#turn = new Uint16Array(pages);
    this.#keep = keep;
  }

  take({ heat }: PolicyInput): void {
    for (const counts of this.#byBlock.values())
      for (let i = 0; i < counts.length; i++) counts[i] *= this.#keep;
    for (const block of heat?.blocks() ?? []) {
      if (heat?.counts(block, this.#turn) !== true) continue;
      const counts = this.#byBlock.get(block) ?? new Float64Array(this.#turn.length);
      this.#byBlock.set(block, counts);
      for (let i = 0; i < counts.length; i++) counts[i] += this.#turn[i];
    }
  }

  counts(block: BlockNumber): Float64Array | undefined {
    return this.#byBlock.get(block);
  }

  total(block: BlockNumber): number {
    return this.counts(block)?.reduce((sum, count) => sum + count, 0) ?? 0;
  }
}
