import type { PassedOver, RefusalCode } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { BlockNumber } from '../vocabulary/units.js';

const EXAMPLES = 3;

/** Groups blocks that led to no proposal by code and sentence, so that nothing vanishes and nothing floods. */
export class Findings {
  readonly #policy: string;
  readonly #process: ProcessIdentity;
  readonly #groups = new Map<
    string,
    { code: RefusalCode; why: string; blocks: number; examples: number[] }
  >();

  constructor(policy: string, process: ProcessIdentity) {
    this.#policy = policy;
    this.#process = process;
  }

  add(code: RefusalCode, why: string, block: BlockNumber): void {
    const key = `${code} ${why}`;
    const group = this.#groups.get(key) ?? { code, why, blocks: 0, examples: [] };
    this.#groups.set(key, group);
    group.blocks++;
    if (group.examples.length < EXAMPLES) group.examples.push(block);
  }

  passedOver(): readonly PassedOver[] {
    return [...this.#groups.values()].map((group) => ({
      ...group,
      policy: this.#policy,
      process: this.#process,
    }));
  }
}
