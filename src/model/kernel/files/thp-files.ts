import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Order } from '../../../vocabulary/units.js';
import { ORDER_STATS, type OrderStat } from '../state/counters.js';
import { type ModelFile, StaticDirectory } from '../state/file-tree.js';
import type { Kernel } from '../state/kernel.js';
import { scheduleScan } from '../thp/khugepaged-list.js';

/** /sys/kernel/mm/transparent_hugepage. */
export function thpDirectory(kernel: Kernel): StaticDirectory {
  const { thp, geometry } = kernel;
  const top = new StaticDirectory();
  top.set('defrag', choice(['always', 'defer', 'defer+madvise', 'madvise', 'never'], thp, 'defrag'));
  top.set('enabled', choice(['always', 'madvise', 'never'], thp, 'enabled'));
  top.set(
    'hpage_pmd_size',
    fixed(() => geometry.blockBytes),
  );
  for (let order = 1; order <= geometry.hugeOrder; order++)
    top.set(`hugepages-${(2 ** order * geometry.pageBytes) / 1024}kB`, orderDirectory(kernel, order));
  top.set('khugepaged', khugepagedDirectory(kernel));
  const shmem = ['always', 'within_size', 'advise', 'never', 'deny', 'force'];
  top.set('shmem_enabled', choice(shmem, thp, 'shmemEnabled'));
  top.set('shrink_underused', flag(thp, 'shrinkUnderused'));
  top.set('use_zero_page', flag(thp, 'useZeroPage'));
  return top;
}

function orderDirectory(kernel: Kernel, order: Order): StaticDirectory {
  const { thp } = kernel;
  const directory = new StaticDirectory();
  if (order > 1)
    directory.set('enabled', choice(['always', 'inherit', 'madvise', 'never'], thp.anonEnabled, order));
  const shmem = ['always', 'inherit', 'within_size', 'advise', 'never'];
  directory.set('shmem_enabled', choice(shmem, thp.orderShmemEnabled, order));
  const stats = new StaticDirectory();
  for (const name of statNames(kernel, order))
    stats.set(
      name,
      fixed(() => kernel.counters.byOrder[name][order]),
    );
  directory.set('stats', stats);
  return directory;
}

/** Statistics that do not exist for order 1, which anonymous memory never has. */
const ANON_ONLY: readonly OrderStat[] = [
  'anon_fault_alloc',
  'anon_fault_fallback',
  'anon_fault_fallback_charge',
  'collapse_exceed_none_pte',
  'collapse_exceed_shared_pte',
  'collapse_exceed_swap_pte',
  'nr_anon',
  'nr_anon_partially_mapped',
  'split_deferred',
];
const AFTER_6_12: readonly OrderStat[] = ['swpin', 'swpin_fallback', 'swpin_fallback_charge', 'zswpout'];

function statNames(kernel: Kernel, order: Order): readonly OrderStat[] {
  const { features } = kernel;
  return ORDER_STATS.filter((name) => {
    if (order === 1 && ANON_ONLY.includes(name)) return false;
    if (name.startsWith('collapse_')) return features.khugepagedMthp;
    return !features.release.startsWith('6.12') || !AFTER_6_12.includes(name);
  });
}

function khugepagedDirectory(kernel: Kernel): StaticDirectory {
  const { thp, geometry } = kernel;
  const most = geometry.pagesPerBlock - 1;
  const wake = () => {
    if (kernel.khugepaged.list.length > 0) scheduleScan(kernel, 0);
  };
  const directory = new StaticDirectory();
  directory.set('alloc_sleep_millisecs', number(thp, 'allocSleepMs', 0, 4294967295, wake));
  directory.set('defrag', flag(thp, 'khugepagedDefrag'));
  directory.set(
    'full_scans',
    fixed(() => thp.fullScans),
  );
  directory.set('max_ptes_none', number(thp, 'maxPtesNone', 0, most));
  directory.set('max_ptes_shared', number(thp, 'maxPtesShared', 0, most));
  directory.set('max_ptes_swap', number(thp, 'maxPtesSwap', 0, most));
  directory.set(
    'pages_collapsed',
    fixed(() => thp.pagesCollapsed),
  );
  directory.set('pages_to_scan', number(thp, 'pagesToScan', 1, 4294967295));
  directory.set('scan_sleep_millisecs', number(thp, 'scanSleepMs', 0, 4294967295, wake));
  return directory;
}

function fixed(read: () => number): ModelFile {
  return { kind: 'file', mode: 0o444, read: () => `${read()}\n` };
}

/** A file of words with the chosen one in brackets. Takes one of the words, alone or with a newline (sysfs_streq()). */
function choice<Key extends string | number>(
  words: readonly string[],
  settings: { [key in Key]: string },
  key: Key,
): ModelFile {
  const chosen = settings as Record<Key, string>;
  return {
    kind: 'file',
    mode: 0o644,
    read: () => `${words.map((word) => (word === chosen[key] ? `[${word}]` : word)).join(' ')}\n`,
    write: (text) => {
      const word = text.replace(/\n$/, '');
      if (!words.includes(word)) return 'EINVAL';
      chosen[key] = word;
      return undefined;
    },
  };
}

function flag<Key extends string>(settings: { [key in Key]: boolean }, key: Key): ModelFile {
  const flags = settings as Record<Key, boolean>;
  return {
    kind: 'file',
    mode: 0o644,
    read: () => `${flags[key] ? 1 : 0}\n`,
    write: (text) => {
      const value = unsigned(text);
      if (value === undefined || value > 1) return 'EINVAL';
      flags[key] = value === 1;
      return undefined;
    },
  };
}

function number<Key extends string>(
  settings: { [key in Key]: number },
  key: Key,
  least: number,
  most: number,
  changed: () => void = () => {},
): ModelFile {
  const numbers = settings as Record<Key, number>;
  return {
    kind: 'file',
    mode: 0o644,
    read: () => `${numbers[key]}\n`,
    write: (text): ErrnoName | undefined => {
      const value = unsigned(text);
      if (value === undefined || value < least || value > most) return 'EINVAL';
      numbers[key] = value;
      changed();
      return undefined;
    },
  };
}

/** kstrtoul() to base 10: digits, with at most a plus before and one newline behind. */
function unsigned(text: string): number | undefined {
  const found = /^\+?(\d{1,19})\n?$/.exec(text);
  return found === null ? undefined : Number(found[1]);
}
