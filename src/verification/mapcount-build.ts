import { configurationOfKernel } from '../host/features/kernel-names.js';
import type { Host } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';

/**
 * Whether the kernel counts mappings of a folio as a whole (CONFIG_NO_PAGE_MAPCOUNT, Linux 6.15): it shows the average for each
 * page, and counts all pages of a folio as mapped as long as one is. False where no configuration can be read.
 */
export function countsWholeFolios({ files }: Host): boolean {
  const built = ifRecorded(() => {
    const release = files.readText('/proc/sys/kernel/osrelease');
    return configurationOfKernel(files, release.ok ? release.value.trim() : '');
  });
  return built?.option('NO_PAGE_MAPCOUNT') === 'y';
}
