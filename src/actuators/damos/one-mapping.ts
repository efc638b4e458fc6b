/** Which blocks lie whole in one mapping: an action across an edge would end there, or act on half a block. Pure. */
import type { BlockNumber, PageGeometry } from '../../vocabulary/units.js';

/** Blocks by whether one mapping holds all of each. */
export interface Placed {
  readonly whole: readonly BlockNumber[];
  readonly cut: readonly BlockNumber[];
}

/** `maps` is /proc/PID/maps. Mappings that touch are still two: they differ in something. */
export function placeBlocks(maps: string, blocks: readonly BlockNumber[], geometry: PageGeometry): Placed {
  const mappings = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm)].map(([, start, end]) => ({
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
  }));
  const size = BigInt(geometry.blockBytes);
  const isWhole = (block: BlockNumber) => {
    const start = BigInt(block) * size;
    const mapping = lastFrom(mappings, start);
    return mapping !== undefined && start + size <= mapping.end;
  };
  return { whole: blocks.filter(isWhole), cut: blocks.filter((block) => !isWhole(block)) };
}

/** The last of ascending mappings that starts at or before an address. */
function lastFrom<Mapping extends { readonly start: bigint }>(
  mappings: readonly Mapping[],
  address: bigint,
): Mapping | undefined {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (mappings[middle].start <= address) low = middle + 1;
    else high = middle;
  }
  return mappings[low - 1];
}
