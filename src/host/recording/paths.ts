/** Which paths belong to the recorded host, and which of their contents are nobody's business. */
import { posix } from 'node:path';

const KERNEL_ROOTS = ['/proc', '/sys', '/boot', '/lib/modules'];

/**
 * Whether a path is the kernel's. All others (perf.data files, plans, the journal) are ordinary files of the machine
 * that Octavo runs on: a recording neither holds nor shadows them.
 */
export function isKernelPath(path: string): boolean {
  const plain = posix.normalize(path);
  return KERNEL_ROOTS.some((root) => plain === root || plain.startsWith(`${root}/`));
}

/** Files of /proc/PID that say how memory is laid out and who the process is. */
const PROCESS_FILES = new Set([
  'cgroup',
  'comm',
  'exe',
  'limits',
  'maps',
  'mountinfo',
  'mounts',
  'numa_maps',
  'oom_score_adj',
  'pagemap',
  'smaps',
  'smaps_rollup',
  'stat',
  'statm',
  'status',
  'task',
  'uid_map',
]);
/** Kernel memory, keys, logs and the addresses that defeat address-space randomisation. */
const SECRET_FILES = new Set(['kallsyms', 'kcore', 'key-users', 'keys', 'kmsg', 'vmallocinfo', 'iomem']);

/**
 * Whether contents of a path are never recorded: of a process everything but the list above (so neither its
 * environment, its command line, its memory nor its descriptors), of the kernel what is secret.
 */
export function isWithheld(path: string): boolean {
  const [root, owner = '', ...names] = posix.normalize(path).split('/').slice(1);
  if (root !== 'proc') return false;
  if (!/^(\d+|self|thread-self)$/.test(owner)) return SECRET_FILES.has(owner);
  const name = names[0] === 'task' && names.length > 1 ? names[2] : names[0];
  return name !== undefined && !PROCESS_FILES.has(name);
}

/** The kernel's own types, megabytes of which only the names are kept. */
export const TYPE_INFORMATION = '/sys/kernel/btf/vmlinux';
/** Of the kernel's type information a recording keeps the names that concern memory: a hundredth of its megabytes. */
export const KEPT_NAMES = /damo[ns]|folio|huge|thp|khugepaged|collapse|madv|pagemap|target_order/i;
