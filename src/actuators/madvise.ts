/**
 * Splits and collapses through process_madvise, on unpatched kernels and without debugfs.
 *
 * Split: MADV_COLD over the whole block clears every reference without splitting, then MADV_COLD on one page of each
 * large folio makes the kernel split it (mm/madvise.c madvise_cold_or_pageout_pte_range()), always to order 0. Done in
 * this order, no piece inherits a reference that would send khugepaged after it.
 * Collapse: MADV_COLLAPSE, PMD order only.
 */
import { defined } from '../base/assert.js';
import { probeAdvice } from '../host/features/acting.js';
import type { Advice, Host } from '../host/host.js';
import type { Receipt, Step } from '../vocabulary/plan.js';
import {
  blockToPage,
  type Order,
  type PageGeometry,
  type PageRange,
  pageToAddress,
} from '../vocabulary/units.js';
import type { Ability, ActingContext, Actuator } from './actuator.js';
import { adviseEach } from './advising.js';
import { ReceiptMaker } from './receipts.js';

/** Blocks per call: a batch of splits takes a few milliseconds, so that stopping is prompt and pacing is fine. */
const BATCH = 16;

/**
 * Returns an actuator that splits to base pages and collapses to PMD size by process_madvise. Its abilities
 * depend on kernel and user.
 */
export function madviseActuator(host: Host): Actuator {
  return new MadviseActuator(host.identity.geometry, abilities(host));
}

function abilities(host: Host): readonly Ability[] {
  const { geometry } = host.identity;
  const missing = (advice: Advice) => {
    const { answer, fact, needs } = probeAdvice(host, advice);
    return answer === 'no' ? `${fact}; it needs ${needs}` : '';
  };
  return [
    { action: 'split', orders: [0], missing: missing('MADV_COLD') },
    { action: 'collapse', orders: [geometry.hugeOrder], missing: missing('MADV_COLLAPSE') },
  ];
}

class MadviseActuator implements Actuator {
  readonly name = 'madvise';
  readonly abilities: readonly Ability[];
  readonly clearsReferences = true;
  readonly defeatedBy = {
    mlocked: 'MADV_COLD refuses mlocked memory (EINVAL)',
    shared: 'MADV_COLD passes over folios that other processes map as well',
  };
  readonly batch = BATCH;
  readonly pacesItself = false;
  readonly #geometry: PageGeometry;

  constructor(geometry: PageGeometry, own: readonly Ability[]) {
    this.#geometry = geometry;
    this.abilities = own;
  }

  async apply(steps: readonly Step[], context: ActingContext): Promise<readonly Receipt[]> {
    const receipts = new ReceiptMaker(this.name, context.host);
    const splits = steps.filter((step) => step.proposal.action === 'split');
    const collapses = steps.filter((step) => step.proposal.action === 'collapse');
    const made: Receipt[] = [];
    if (splits.length > 0) made.push(...(await this.#split(splits, context, receipts)));
    if (collapses.length > 0) made.push(...(await this.#collapse(collapses, context, receipts)));
    return steps.map((step) =>
      defined(
        made.find((receipt) => receipt.step === step.id),
        'a step has no receipt',
      ),
    );
  }

  describe(steps: readonly Step[], pid: number): readonly string[] {
    return steps.flatMap((step) => {
      const whole = `process_madvise(pidfd of ${pid}, ${this.#show(this.#block(step))}, `;
      if (step.proposal.action === 'collapse') return [`${whole}MADV_COLLAPSE)`];
      const pieces = this.#pieces(step);
      const more = pieces.length > 1 ? ` and ${pieces.length - 1} more pages, one of each folio` : '';
      return [
        `${whole}MADV_COLD)`,
        `process_madvise(pidfd of ${pid}, ${this.#show(pieces[0])}${more}, MADV_COLD)`,
      ];
    });
  }

  async #split(
    steps: readonly Step[],
    context: ActingContext,
    receipts: ReceiptMaker,
  ): Promise<readonly Receipt[]> {
    const cooled = await adviseEach(
      context,
      steps.map((step) => this.#block(step)),
      'MADV_COLD',
    );
    const answers = [...cooled];
    const owners = steps.flatMap((step, index) =>
      went(cooled[index]) ? this.#pieces(step).map((piece) => ({ index, piece })) : [],
    );
    const cut = await adviseEach(
      context,
      owners.map(({ piece }) => piece),
      'MADV_COLD',
    );
    for (const [at, { index }] of owners.entries()) if (!went(cut[at])) answers[index] = cut[at];
    return receipts.receipts(steps, answers, this.describe(steps, context.target.pid));
  }

  async #collapse(
    steps: readonly Step[],
    context: ActingContext,
    receipts: ReceiptMaker,
  ): Promise<readonly Receipt[]> {
    await context.host.calls.drainLru?.();
    receipts.begin();
    const answers = await adviseEach(
      context,
      steps.map((step) => this.#block(step)),
      'MADV_COLLAPSE',
    );
    return receipts.receipts(steps, answers, this.describe(steps, context.target.pid));
  }

  #block(step: Step): PageRange {
    const start = blockToPage(step.proposal.block, this.#geometry);
    return { start, end: start + this.#geometry.pagesPerBlock };
  }

  /** One page of every large folio in the block: folios are aligned, so the smallest order's stride hits each. */
  #pieces(step: Step): readonly PageRange[] {
    const { start, end } = this.#block(step);
    const stride = 2 ** smallestLargeOrder(step, this.#geometry.hugeOrder);
    const pieces: PageRange[] = [];
    for (let page = start; page < end; page += stride) pieces.push({ start: page, end: page + 1 });
    return pieces;
  }

  #show({ start, end }: PageRange): string {
    return `[${pageToAddress(start, this.#geometry)}, +${(end - start) * this.#geometry.pageBytes})`;
  }
}

/** ENOMEM tells of holes between mappings; the kernel has advised everything around them (madvise_walk_vmas()). */
function went(answer: string): boolean {
  return answer === 'ok' || answer === 'ENOMEM';
}

function smallestLargeOrder({ before }: Step, hugeOrder: Order): Order {
  const found = before.pagesByOrder.findIndex((pages, order) => order > 0 && pages > 0);
  return found === -1 ? hugeOrder : found;
}
