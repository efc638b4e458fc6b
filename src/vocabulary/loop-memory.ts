/** Memory for a loop of assembly/. */
import { OctavoError } from './errors.js';

/**
 * Memory of `initial` pages of 64 KiB, which may grow to `maximum`. ABILITY_MISSING when the address space for it cannot be
 * reserved: V8 takes 10 GiB for each, whatever their size, to do without checks of bounds.
 */
export function loopMemory(initial: number, maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum });
  } catch {
    throw new OctavoError('ABILITY_MISSING', {
      ability: 'memory for WebAssembly',
      reason: '10 GiB of address space cannot be reserved',
      remedy:
        'Raise the limit of address space, of which up to five times as much is needed (`ulimit -v unlimited`).',
    });
  }
}
