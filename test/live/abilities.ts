/** Whether tests on live huge pages can run here, and the reason to print when they cannot. */
import { linuxHost } from '../../src/host/linux-host.js';

const THP = '/sys/kernel/mm/transparent_hugepage';

export interface LiveAbilities {
  /** Undefined when everything that a live test needs is there. */
  readonly skip: string | undefined;
  /** Whether folios can be split to a chosen order through debugfs. */
  readonly debugfsSplit: boolean;
}

/**
 * Live tests need root, THP for those who ask for it (`madvise` or `always`), process_madvise, PAGEMAP_SCAN, frame
 * numbers in pagemap and kpageflags. Asked once, changes nothing.
 */
export function liveAbilities(): LiveAbilities {
  known ??= { skip: reasonToSkip(), debugfsSplit: canWrite('/sys/kernel/debug/split_huge_pages') };
  return known;
}

/** The option that node:test takes: false to run, the reason otherwise. */
export function skipUnlessLive(): false | string {
  return liveAbilities().skip ?? false;
}

let known: LiveAbilities | undefined;
const host = linuxHost();

function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'not on Linux';
  const enabled = textOf(`${THP}/enabled`);
  if (enabled === undefined) return `no transparent huge pages (${THP}/enabled is absent)`;
  if (enabled.includes('[never]')) return 'transparent huge pages are switched off';
  if (!host.identity.isPrivileged) return 'needs root';
  for (const advice of ['MADV_COLD', 'MADV_COLLAPSE'] as const) {
    const asked = host.calls.probeAdvice(advice);
    if (!asked.ok) return `${asked.error.call}: ${asked.error.errno}`;
  }
  if (!framesVisible()) return 'pagemap hides frame numbers (needs CAP_SYS_ADMIN)';
  const flags = host.files.open('/proc/kpageflags');
  if (!flags.ok) return `${flags.error.call}: ${flags.error.errno}`;
  flags.value.close();
  return undefined;
}

/** Whether own memory that is certainly present shows a frame number. */
function framesVisible(): boolean {
  const stack = /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(textOf('/proc/self/maps') ?? '');
  if (!stack) return false;
  const { pageBytes } = host.identity.geometry;
  const lastPage = Number(BigInt(`0x${stack[2]}`) / BigInt(pageBytes)) - 1;
  const pagemap = host.files.open('/proc/self/pagemap');
  if (!pagemap.ok) return false;
  const entry = new Uint8Array(8);
  const read = pagemap.value.read(entry, lastPage * 8);
  pagemap.value.close();
  return read.ok && read.value === 8 && entry.subarray(0, 6).some((byte) => byte !== 0);
}

function canWrite(path: string): boolean {
  return host.files.canWrite(path).ok;
}

function textOf(path: string): string | undefined {
  const read = host.files.readText(path);
  return read.ok ? read.value : undefined;
}
