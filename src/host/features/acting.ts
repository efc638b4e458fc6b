/** Ways to change page sizes: process_madvise and the split file of debugfs. Nothing is advised and nothing written. */
import type { KernelNames } from '../../formats/btf.js';
import {
  ADVICES,
  type Advice,
  type Probed,
  type SplitFileFeatures,
  type ThpFeatures,
} from '../../vocabulary/abilities.js';
import type { Host, Refusal } from '../host.js';
import { no, partly, told, unknown, yes } from './probed.js';
import { heldCapabilities, isFirstUserNamespace, type Mount } from './system.js';

/** Returns for each advice whether process_madvise takes it, asked with an empty range. */
export function probeAdvices(host: Host): Readonly<Record<Advice, Probed>> {
  const entries = ADVICES.map((advice) => [advice, probeAdvice(host, advice)]);
  return Object.fromEntries(entries) as Record<Advice, Probed>;
}

/** The kernel knows an advice if it takes it with an empty range; another process needs rights besides. */
export function probeAdvice(host: Host, advice: Advice): Probed {
  const asked = host.calls.probeAdvice(advice);
  if (!asked.ok) return no(told(asked.error), adviceNeeds(advice, asked.error));
  const held = heldCapabilities(host.files);
  if (held === null) return unknown('known; /proc/self/status does not tell the rights', 'CAP_SYS_NICE');
  const missing = ['CAP_SYS_NICE', 'CAP_SYS_PTRACE'].filter((name) => !held.includes(name));
  if (missing.includes('CAP_SYS_NICE')) {
    return no(`${advice} is known, but this user may not give it to another process`, missing.join(' and '));
  }
  if (missing.length > 0) return partly('known, for processes of this user only', missing.join(' and '));
  if (!isFirstUserNamespace(host.files)) {
    return partly('known; this is a user namespace of its own', 'CAP_SYS_NICE in the first user namespace');
  }
  return yes('known, and this user may give it to any process');
}

function adviceNeeds(advice: Advice, { errno, unasked }: Refusal): string {
  if (unasked !== undefined) return 'koffi for this CPU and C library (`npm ci` in the folder of Octavo)';
  if (errno === 'EPERM') return 'a sandbox that allows pidfd_open and process_madvise';
  return errno === 'ENOSYS'
    ? 'a kernel with pidfd_open and process_madvise'
    : `a kernel that takes ${advice} in process_madvise`;
}

/** mm/huge_memory.c split_huge_pages_write(). open() fails with EPERM under lockdown (fs/debugfs/file.c). */
export function probeSplitFile(
  host: Host,
  mounts: readonly Mount[],
  thp: ThpFeatures,
  names: KernelNames | undefined,
): SplitFileFeatures {
  const mount = mounts.find((candidate) => candidate.type === 'debugfs');
  const path = mount ? `${mount.point}/split_huge_pages` : null;
  const writable = path === null ? notMounted(host) : openable(host, path, thp);
  const reachable = writable.answer === 'yes' || writable.answer === 'unknown';
  return {
    writable,
    path,
    order: reachable ? takesOrder(thp) : writable,
    buddy: reachable ? takesOffset(names) : writable,
  };
}

function notMounted(host: Host): Probed {
  const known = host.files.readText('/proc/filesystems');
  if (known.ok && !/\bdebugfs$/m.test(known.value)) {
    return no('this kernel has no debugfs', 'a kernel with CONFIG_DEBUG_FS');
  }
  return no(
    'debugfs is not mounted',
    'root: mount -t debugfs none /sys/kernel/debug (not possible under lockdown)',
  );
}

function openable(host: Host, path: string, thp: ThpFeatures): Probed {
  const opened = host.files.canWrite(path);
  if (opened.ok) return yes(`${path} can be opened for writing`);
  const { errno } = opened.error;
  if (errno === 'EPERM') return no(told(opened.error), 'a kernel without lockdown (Secure Boot turns it on)');
  if (errno === 'EACCES') return no(told(opened.error), 'root');
  if (errno === 'ENOENT' && thp.present.answer === 'no') return no(thp.present.fact, thp.present.needs);
  return no(told(opened.error), 'a kernel with CONFIG_DEBUG_FS and split_huge_pages');
}

/** The target order was taken before per-size split counters came, so the counters prove it. */
function takesOrder(thp: ThpFeatures): Probed {
  return thp.sizes.some((size) => size.stats.includes('split'))
    ? yes('the kernel counts splits by size (stats/split), so it takes a target order')
    : unknown('no stats/split to infer it from', 'trying it on a block of one’s own');
}

/** Non-uniform splits and the offset argument came together with folio_split(). */
function takesOffset(names: KernelNames | undefined): Probed {
  if (!names) return unknown('no type information to infer it from', 'trying it on a block of one’s own');
  return names.has('folio_split')
    ? yes('the kernel has folio_split(), which serves it')
    : no('the kernel has no folio_split()', 'a kernel with non-uniform folio splits');
}
