/** An address space in which each block is huge or small, without a kernel behind it: a layout that is only thought of. */
import { type AddressSpace, FIRST_STORE, MAPPED } from '../model/hardware/address-space.js';
import type { FrameNumber, PageGeometry, PageNumber } from '../vocabulary/units.js';

/** Answers page walks of the TLB model for a layout, from one byte for each block. */
export class LayoutSpace implements AddressSpace {
  readonly mmId = 1;
  readonly #isHuge: Uint8Array;
  readonly #used: Uint8Array;
  readonly #order: number;
  /** Small pages of a block that was split in place keep frames that follow each other. */
  readonly #isContiguous: boolean;

  /** `used`: 1 for each page that holds data; others have no frame where the block is small. */
  constructor(isHuge: Uint8Array, used: Uint8Array, geometry: PageGeometry, isContiguous: boolean) {
    this.#isHuge = isHuge;
    this.#used = used;
    this.#order = geometry.hugeOrder;
    this.#isContiguous = isContiguous;
  }

  peek(page: PageNumber): number {
    return this.#isHuge[page >>> this.#order] === 1 ? MAPPED.huge : MAPPED.base;
  }

  walk(page: PageNumber): number {
    return this.peek(page);
  }

  walkAll(): number {
    return 0;
  }

  firstStore(): number {
    return FIRST_STORE.cached;
  }

  fault(): number {
    throw new Error('assertion failed: a layout has no faults');
  }

  frame(page: PageNumber): FrameNumber {
    if (this.#isHuge[page >>> this.#order] === 1) return page;
    if (this.#used[page] === 0) return -1;
    return this.#isContiguous ? page : page * 2;
  }
}
