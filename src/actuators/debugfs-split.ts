/**
 * Splits through /sys/kernel/debug/split_huge_pages, the only mainline way to choose an order (mm/huge_memory.c
 * split_huge_pages_write()): `PID,0xSTART,0xEND,ORDER`, hexadecimal with 0x, no spaces; with `,OFFSET` behind it only
 * the piece around one sub-page shrinks. One write per block: a range that runs into another mapping would lose that
 * mapping's first page, and with an offset a longer range would split the left-over pieces again.
 */
import type { Host } from '../host/host.js';
import type { Receipt, Step } from '../vocabulary/plan.js';
import { blockToPage, type Order, type PageGeometry, pageToAddress } from '../vocabulary/units.js';
import type { Ability, ActingContext, Actuator } from './actuator.js';
import { ReceiptMaker } from './receipts.js';

/** The kernel's file for splits by hand, as it is where debugfs is mounted in its usual place. */
export const SPLIT_FILE = '/sys/kernel/debug/split_huge_pages';

/**
 * Returns an actuator for splits to any order through debugfs. Its abilities say what is missing on this
 * host.
 */
export function debugfsSplitActuator(host: Host): Actuator {
  return new DebugfsSplitActuator(host.identity.geometry, missingFor(host));
}

/** Why debugfs cannot split here; empty when it can. */
export function missingFor(host: Host): string {
  const writable = host.files.canWrite(SPLIT_FILE);
  if (writable.ok) return '';
  const reasons: Record<string, string> = {
    EPERM: 'the kernel is locked down (Secure Boot), which closes debugfs',
    EACCES: 'debugfs is for root only',
    ENOENT: 'debugfs is not mounted or this kernel has no split_huge_pages',
  };
  return `splitting to a chosen order needs ${SPLIT_FILE}: ${reasons[writable.error.errno] ?? writable.error.errno}`;
}

/** Every order below PMD size but 1, which anonymous memory cannot have. */
export function splitOrders(geometry: PageGeometry): readonly Order[] {
  return Array.from({ length: geometry.hugeOrder }, (_, order) => order).filter((order) => order !== 1);
}

/** The text that splits one block, as the file expects it. */
export function splitCommand(step: Step, pid: number, geometry: PageGeometry): string {
  const { block, targetOrder, aroundPage } = step.proposal;
  const start = blockToPage(block, geometry);
  const end = aroundPage === undefined ? start + geometry.pagesPerBlock : start + 1;
  const around = aroundPage === undefined ? '' : `,${aroundPage}`;
  return `${pid},${pageToAddress(start, geometry)},${pageToAddress(end, geometry)},${targetOrder}${around}`;
}

class DebugfsSplitActuator implements Actuator {
  readonly name = 'debugfs-split';
  readonly abilities: readonly Ability[];
  readonly clearsReferences = false;
  readonly defeatedBy = {};
  readonly batch = 16;
  readonly pacesItself = false;
  readonly #geometry: PageGeometry;

  constructor(geometry: PageGeometry, missing: string) {
    this.#geometry = geometry;
    this.abilities = [{ action: 'split', orders: splitOrders(geometry), missing }];
  }

  async apply(steps: readonly Step[], context: ActingContext): Promise<readonly Receipt[]> {
    // The file is written on this thread, which is none of those that carry out calls.
    const slowDown = await context.host.calls.hurry?.('files');
    try {
      return this.#writeEach(steps, context);
    } finally {
      slowDown?.();
    }
  }

  #writeEach(steps: readonly Step[], context: ActingContext): readonly Receipt[] {
    return steps.map((step) => {
      const receipts = new ReceiptMaker(this.name, context.host);
      const written = context.target.isAlive()
        ? context.host.files.writeKernelFile(
            SPLIT_FILE,
            splitCommand(step, context.target.pid, this.#geometry),
          )
        : ({ ok: false, error: { errno: 'ESRCH' } } as const);
      const answer = written.ok ? 'ok' : written.error.errno;
      return receipts.receipts([step], [answer], this.describe([step], context.target.pid))[0];
    });
  }

  describe(steps: readonly Step[], pid: number): readonly string[] {
    return steps.map((step) => `write "${splitCommand(step, pid, this.#geometry)}" to ${SPLIT_FILE}`);
  }
}
