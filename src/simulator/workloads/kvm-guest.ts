/**
 * A virtual machine whose memory is one anonymous mapping of its host process. The guest has page tables of its
 * own: it may map huge pages or scatter base pages over its physical memory, and the TLB entry can never be larger
 * than the smaller of both mappings.
 */
import * as z from 'zod';
import type { GuestTables } from '../../model/hardware/windows.js';
import type { PageGeometry, Pages } from '../../vocabulary/units.js';
import { Populate } from './populate.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';
import { permutation, zipf } from './zipf.js';

/** The workload `kvm-guest` with its parameters. */
export const kvmGuest = workloadKind({
  brief: 'a KVM guest: zipf inside, two-dimensional walks, guest pages huge or scattered',
  parameters: z.strictObject({
    size: BytesText,
    /** What the guest's kernel maps. */
    guestPages: z.enum(['huge', 'scattered']).default('huge'),
    theta: z.number().min(0).max(3).default(0.99),
    stores: ShareText.default(0.25),
    populate: z.boolean().default(true),
  }),
  make({ size, guestPages, theta, stores, populate }, context) {
    const pages = pagesFor(size, context.geometry);
    const guest =
      guestPages === 'huge' ? straightGuest : new ScatteredGuest(permutation(pages, context.random));
    const inner = zipf.make({ size, theta, stores, scattered: true, populate: false }, context);
    const inGuest = new InGuest(inner, guest, context.geometry);
    return populate ? new Populate(inGuest) : inGuest;
  },
});

/** Guest physical memory in order, mapped huge. */
const straightGuest: GuestTables = { toHost: (offset) => offset, isHuge: () => true };

class ScatteredGuest implements GuestTables {
  readonly #physical: Uint32Array;

  constructor(physical: Uint32Array) {
    this.#physical = physical;
  }

  toHost(offset: Pages): Pages {
    return this.#physical[offset];
  }

  isHuge(): boolean {
    return false;
  }
}

class InGuest implements Workload {
  readonly #inner: Workload;
  readonly guest: GuestTables;
  readonly geometry: PageGeometry;

  constructor(inner: Workload, guest: GuestTables, geometry: PageGeometry) {
    this.#inner = inner;
    this.guest = guest;
    this.geometry = geometry;
  }

  get pages(): Pages {
    return this.#inner.pages;
  }

  next(into: Uint32Array, limit: number, now: number): number {
    return this.#inner.next(into, limit, now);
  }
}
