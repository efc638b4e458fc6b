import { chosenWord } from '../formats/proc/system-files.js';
import type { Host } from '../host/host.js';
import type { SizeMode, ThpMode, ThpSettings } from '../vocabulary/thp-settings.js';

export const THP_ROOT = '/sys/kernel/mm/transparent_hugepage';

/** Reads the THP settings as they are now. */
export function readThpSettings(host: Host): ThpSettings {
  const enabled = host.files.readText(`${THP_ROOT}/enabled`);
  return {
    present: enabled.ok,
    enabled: (enabled.ok ? chosenWord(enabled.value) : 'never') as ThpMode,
    sizes: readSizes(host),
    khugepaged: {
      maxPtesNone: knob(host, 'max_ptes_none', host.identity.geometry.pagesPerBlock - 1),
      maxPtesShared: knob(host, 'max_ptes_shared', host.identity.geometry.pagesPerBlock / 2),
      maxPtesSwap: knob(host, 'max_ptes_swap', host.identity.geometry.pagesPerBlock / 8),
      pagesToScan: knob(host, 'pages_to_scan', host.identity.geometry.pagesPerBlock * 8),
      scanSleepMs: knob(host, 'scan_sleep_millisecs', 10_000),
      collapsesSmall: collapsesSmall(host),
    },
  };
}

function readSizes(host: Host): ThpSettings['sizes'] {
  const listed = host.files.list(THP_ROOT);
  const names = listed.ok ? listed.value : [];
  return names
    .flatMap((name) => {
      const match = /^hugepages-(\d+)kB$/.exec(name);
      return match ? [readSize(host, name, Number(match[1]))] : [];
    })
    .sort((left, right) => left.order - right.order);
}

function readSize(host: Host, name: string, kilobytes: number) {
  const text = host.files.readText(`${THP_ROOT}/${name}/enabled`);
  const order = Math.log2((kilobytes * 1024) / host.identity.geometry.pageBytes);
  return { order, enabled: (text.ok ? chosenWord(text.value) : 'absent') as SizeMode };
}

function collapsesSmall(host: Host): boolean {
  const listed = host.files.list(THP_ROOT);
  return (listed.ok ? listed.value : []).some(
    (name) =>
      name.startsWith('hugepages-') && host.files.status(`${THP_ROOT}/${name}/stats/collapse_alloc`).ok,
  );
}

/** The kernel's default stands in for a knob that cannot be read (mm/khugepaged.c, khugepaged_init()). */
function knob(host: Host, name: string, fallback: number): number {
  const text = host.files.readText(`${THP_ROOT}/khugepaged/${name}`);
  const value = text.ok ? Number(text.value.trim()) : Number.NaN;
  return Number.isFinite(value) ? value : fallback;
}
