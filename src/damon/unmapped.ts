/** Ranges of a process that map nothing: fillers for the three regions that DAMON wants at least. */
import type { AddressRange } from '../vocabulary/damon.js';
import type { PageGeometry } from '../vocabulary/units.js';

/**
 * Block-sized ranges in the middle of the widest hole between mappings, where the kernel's allocation of addresses,
 * which goes along the edges of holes, comes last. `maps` is /proc/PID/maps.
 */
export function unmappedRanges(maps: string, count: number, geometry: PageGeometry): AddressRange[] {
  const blockBytes = BigInt(geometry.blockBytes);
  const hole = widestHole(maps);
  const middle = (hole.start + hole.end) / 2n / blockBytes;
  return Array.from({ length: count }, (_, index) => {
    const start = (middle + 2n * BigInt(index)) * blockBytes;
    return { start, end: start + blockBytes };
  });
}

function widestHole(maps: string): AddressRange {
  let previous = 0n;
  let widest: AddressRange = { start: 0n, end: 0n };
  for (const [, first, last] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm)) {
    const start = BigInt(`0x${first}`);
    // The vsyscall page lies beyond the addresses that a process can map.
    if (start >= 1n << 63n) break;
    if (start - previous > widest.end - widest.start) widest = { start: previous, end: start };
    previous = BigInt(`0x${last}`);
  }
  return widest;
}
