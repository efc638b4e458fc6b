/**
 * Collapses to an order below PMD size: no mainline call does that from outside, so the block is collapsed to PMD
 * size and split down through debugfs. Costs a whole huge block for a moment.
 */
import type { Host } from '../host/host.js';
import type { Receipt, Step } from '../vocabulary/plan.js';
import type { Ability, ActingContext, Actuator } from './actuator.js';
import { debugfsSplitActuator } from './debugfs-split.js';
import { madviseActuator } from './madvise.js';

/**
 * Returns an actuator for orders between 2 and PMD size: collapse by madvise, then split by debugfs. Needs
 * both.
 */
export function collapseThenSplitActuator(host: Host): Actuator {
  return new CollapseThenSplit(
    madviseActuator(host),
    debugfsSplitActuator(host),
    host.identity.geometry.hugeOrder,
  );
}

class CollapseThenSplit implements Actuator {
  readonly name = 'collapse-then-split';
  readonly abilities: readonly Ability[];
  readonly clearsReferences = false;
  readonly defeatedBy = {};
  readonly batch = 4;
  readonly pacesItself = false;
  readonly #collapse: Actuator;
  readonly #split: Actuator;
  readonly #hugeOrder: number;

  constructor(collapse: Actuator, split: Actuator, hugeOrder: number) {
    this.#collapse = collapse;
    this.#split = split;
    this.#hugeOrder = hugeOrder;
    const missing = [...collapse.abilities.filter(({ action }) => action === 'collapse'), ...split.abilities]
      .map((ability) => ability.missing)
      .find((reason) => reason !== '');
    const orders = split.abilities.flatMap((ability) => ability.orders).filter((order) => order > 0);
    this.abilities = [{ action: 'collapse', orders, missing: missing ?? '' }];
  }

  async apply(steps: readonly Step[], context: ActingContext): Promise<readonly Receipt[]> {
    const up = await this.#collapse.apply(
      steps.map((step) => this.#upward(step)),
      context,
    );
    const down = await this.#split.apply(steps, context);
    return steps.map((_, index) => ({
      ...down[index],
      actuator: this.name,
      answer: up[index].answer === 'ok' ? down[index].answer : up[index].answer,
      calls: [...up[index].calls, ...down[index].calls],
      durationUs: up[index].durationUs + down[index].durationUs,
    }));
  }

  describe(steps: readonly Step[], pid: number): readonly string[] {
    return steps.flatMap((step) => [
      ...this.#collapse.describe([this.#upward(step)], pid),
      ...this.#split.describe([step], pid),
    ]);
  }

  #upward(step: Step): Step {
    return { ...step, proposal: { ...step.proposal, targetOrder: this.#hugeOrder } };
  }
}
