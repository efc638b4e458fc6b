/** Walking the folios of a region of the physical address space (mm/damon/paddr.c). */
import type { Context } from './context.js';
import type { FolioFacts, MonitoredMemory } from './monitored-memory.js';
import type { RegionList } from './region-list.js';

/**
 * Visits each folio that the region reaches, in address order, with the bytes of it inside the region. Only
 * system RAM has folios, so a region beyond it costs nothing.
 */
export function eachFolioOf(
  context: Context,
  { physical, geometry }: Pick<MonitoredMemory, 'physical' | 'geometry'>,
  regions: RegionList,
  index: number,
  visit: (folio: FolioFacts, bytes: number) => void,
): void {
  const ram = physical.systemRam();
  const { pageBytes } = geometry;
  const end = Math.min(regions.end[index] * context.addressUnit, ram.end);
  let address = Math.max(regions.start[index] * context.addressUnit, ram.start);
  while (address < end) {
    const folio = physical.folioAt(Math.floor(address / pageBytes));
    if (folio === undefined) {
      address = (Math.floor(address / pageBytes) + 1) * pageBytes;
      continue;
    }
    const next = (folio.firstFrame + folio.pages) * pageBytes;
    visit(folio, Math.min(next, end) - address);
    address = next;
  }
}
