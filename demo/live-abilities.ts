/** Whether live huge pages can be worked on here, and the reason when they cannot. Asks once, changes nothing. */
import { linuxHost } from '../src/host/linux/linux-host.js';

const THP = '/sys/kernel/mm/transparent_hugepage';

export interface LiveAbilities {
  /** Undefined when everything that live work needs is there. */
  readonly missing: string | undefined;
  /** Whether folios can be split to a chosen order through debugfs. */
  readonly debugfsSplit: boolean;
}

/**
 * Live work on one's own workload needs root, THP for those who ask for it (`madvise` or `always`), process_madvise,
 * frame numbers in pagemap and kpageflags, and koffi.
 */
export function liveAbilities(): LiveAbilities {
  known ??= { missing: whatIsMissing(), debugfsSplit: canWrite('/sys/kernel/debug/split_huge_pages') };
  return known;
}

let known: LiveAbilities | undefined;
const host = linuxHost();

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  const enabled = textOf(`${THP}/enabled`);
  if (enabled === undefined) return `no transparent huge pages (${THP}/enabled is absent)`;
  if (enabled.includes('[never]')) return `transparent huge pages are switched off (${THP}/enabled)`;
  if (!host.identity.isPrivileged) return 'not root';
  for (const advice of ['MADV_COLD', 'MADV_COLLAPSE'] as const) {
    const asked = host.calls.probeAdvice(advice);
    if (!asked.ok) return `${asked.error.call} is refused (${asked.error.errno})`;
  }
  if (!framesVisible()) return 'pagemap hides frame numbers (no CAP_SYS_ADMIN)';
  const flags = host.files.open('/proc/kpageflags');
  if (!flags.ok) return `${flags.error.call} is refused (${flags.error.errno})`;
  flags.value.close();
  return undefined;
}

/** Whether own memory that is certainly present, the top of the stack, shows a frame number. */
function framesVisible(): boolean {
  const stack = /^[0-9a-f]+-([0-9a-f]+) .*\[stack\]$/m.exec(textOf('/proc/self/maps') ?? '');
  if (!stack) return false;
  const { pageBytes } = host.identity.geometry;
  const lastPage = Number(BigInt(`0x${stack[1]}`) / BigInt(pageBytes)) - 1;
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
