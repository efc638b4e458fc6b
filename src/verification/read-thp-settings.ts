import { probeThp } from '../host/features/thp.js';
import type { Host } from '../host/host.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';

/** Reads the THP settings as they are now. The kernel's defaults stand in for knobs that cannot be read. */
export function readThpSettings(host: Host): ThpSettings {
  const { geometry } = host.identity;
  const thp = probeThp(host.files, geometry);
  const knobs = thp.khugepaged;
  return {
    present: thp.enabled !== null,
    enabled: thp.enabled ?? 'never',
    sizes: thp.sizes.map(({ order, enabled, shmemEnabled }) => ({
      order,
      enabled: enabled ?? 'absent',
      ...(shmemEnabled === null ? {} : { shmem: shmemEnabled }),
    })),
    shmemEnabled: thp.shmemEnabled ?? 'never',
    // mm/khugepaged.c khugepaged_init(): shares of a block's pages; all but one may be empty.
    khugepaged: {
      maxPtesNone: knobs?.maxPtesNone ?? geometry.pagesPerBlock - 1,
      maxPtesShared: knobs?.maxPtesShared ?? geometry.pagesPerBlock / 2,
      maxPtesSwap: knobs?.maxPtesSwap ?? geometry.pagesPerBlock / 8,
      pagesToScan: knobs?.pagesToScan ?? geometry.pagesPerBlock * 8,
      scanSleepMs: knobs?.scanSleepMs ?? 10_000,
      collapsesSmall: thp.khugepagedMultiSize.answer === 'yes',
    },
  };
}
