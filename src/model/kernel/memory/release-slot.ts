import type { Kernel } from '../state/kernel.js';

/** Drops one reference to a swap slot and uncharges it with the last. */
export function releaseSlot(kernel: Kernel, slot: number): void {
  const memcg = kernel.memcgAt(kernel.swap.memcg[slot]);
  if (kernel.swap.release(slot)) memcg.chargeSwap(-1);
}
