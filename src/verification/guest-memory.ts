/**
 * Whether a process runs a virtual machine, and which of its memory is the guest's. A host sees guest memory from the
 * outside only: what the guest has freed keeps its content and looks used, and what it gave back and takes again is
 * faulted in anew.
 */
import type { Host } from '../host/host.js';
import type { Mapping } from '../vocabulary/mapping.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { type Bytes, MIB, type ProcessId, pageToAddress } from '../vocabulary/units.js';

/** The memory of a virtual machine as its host sees it. */
export interface GuestMemory {
  /** Mappings that are the guest's memory by their size, largest first. */
  readonly mappings: readonly Mapping[];
  readonly bytes: Bytes;
  /** Whether the command line turns on free page reporting; the guest must support it as well. */
  readonly reportsFreePages: boolean;
}

/** The smallest machines have this much in one piece; devices and the monitor itself have less. */
const LEAST_GUEST_BYTES = 64 * MIB;
/** Links that name a machine: /proc/PID/fd of the process that opened /dev/kvm and made one (virt/kvm/kvm_main.c). */
const MACHINE = 'anon_inode:kvm-vm';

/** The guest memory of a process; undefined when it runs no virtual machine, or its files cannot be seen. */
export function guestMemory(host: Host, { process, mappings, geometry }: PageSizes): GuestMemory | undefined {
  if (!runsMachine(host, process.pid)) return undefined;
  const large = mappings
    .filter((mapping) => isGuestLike(mapping, LEAST_GUEST_BYTES / geometry.pageBytes))
    .sort((left, right) => right.end - right.start - (left.end - left.start));
  const pages = large.reduce((sum, { start, end }) => sum + end - start, 0);
  const words = host.files.readText(`/proc/${process.pid}/cmdline`);
  const reportsFreePages =
    words.ok && /free-page-reporting=(on|true)|\bballoon\b.*reporting/.test(words.value);
  return { mappings: large, bytes: pages * geometry.pageBytes, reportsFreePages };
}

function runsMachine(host: Host, pid: ProcessId): boolean {
  const listed = host.files.list(`/proc/${pid}/fd`);
  if (!listed.ok) return false;
  return listed.value.some((name) => {
    const link = host.files.link(`/proc/${pid}/fd/${name}`);
    return link.ok && link.value === MACHINE;
  });
}

function isGuestLike({ kind, permissions, start, end }: Mapping, leastPages: number): boolean {
  const isMemory = kind === 'anon' || kind === 'shmem' || kind === 'hugetlb' || kind === 'file';
  return isMemory && permissions.startsWith('rw') && end - start >= leastPages;
}

/** What a reader of a census or a plan has to know of a process that runs a guest; nothing of others. */
export function guestNotes(host: Host, sizes: PageSizes): readonly string[] {
  const guest = guestMemory(host, sizes);
  if (!guest) return [];
  const { pid } = sizes.process;
  const where = guest.mappings
    .slice(0, 2)
    .map(({ start }) => pageToAddress(start, sizes.geometry))
    .join(', ');
  const which = guest.mappings.length > 0 ? ` in ${Math.round(guest.bytes / MIB)} MiB at ${where}` : '';
  return [
    `process ${pid} runs a virtual machine${which}. What the guest has freed looks used from here, since its content stays. ${cure(guest)}`,
    `guest memory of process ${pid} that was given back and is huge again may have been taken by the guest anew, which is a fault like any other and not khugepaged’s work`,
  ];
}

function cure({ reportsFreePages }: GuestMemory): string {
  const zeroes = 'init_on_free=1 in the guest leaves zeroes, which return-empty finds';
  return reportsFreePages
    ? `Free page reporting is on and gives it back where the guest supports it; ${zeroes}`
    : `Free page reporting (qemu: virtio-balloon with free-page-reporting=on) gives it back; ${zeroes}`;
}
