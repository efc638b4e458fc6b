/**
 * Kernels as folder trees, for everything that must work on kernels that are not this one. A kernel is a record of
 * paths and texts plus what its system calls answer; `kernelHost` writes it out and opens it as a recorded host.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { namesFile } from '../../src/formats/btf.js';
import { folderHost } from '../../src/host/folder/folder-host.js';
import { type Host, PAGE_IS } from '../../src/host/host.js';
import { MANIFEST_NAME, type ManifestInput, RECORDING_VERSION } from '../../src/host/recording/manifest.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';

export interface Kernel {
  /** Contents by path; a trailing line end is added to texts. */
  readonly tree: Readonly<Record<string, string | Uint8Array>>;
  readonly manifest: ManifestInput;
}

const THP = '/sys/kernel/mm/transparent_hugepage';
const DAMON = '/sys/kernel/mm/damon/admin/kdamonds';
const PMU = '/sys/bus/event_source/devices';
const PID = 4711;
const ALL_CAPABILITIES = '000001ffffffffff';

const ANON_STATS = [
  'anon_fault_alloc',
  'anon_fault_fallback',
  'anon_fault_fallback_charge',
  'nr_anon',
  'nr_anon_partially_mapped',
  'split',
  'split_deferred',
  'split_failed',
  'swpin',
  'swpout',
  'swpout_fallback',
  'zswpout',
];
const COLLAPSE_STATS = ['collapse_alloc', 'collapse_alloc_failed', 'collapse_exceed_none_pte'];

export interface ThpShape {
  readonly pageKb: number;
  readonly hugeOrder: number;
  readonly enabled: string;
  /** Orders below PMD that are set to something else than never. */
  readonly small: Readonly<Record<number, string>>;
  readonly maxPtesNone: number;
  readonly stats: readonly string[];
}

/** The files of transparent_hugepage for one page geometry. */
export function thpTree(shape: ThpShape): Record<string, string> {
  const { pageKb, hugeOrder } = shape;
  const tree: Record<string, string> = {
    [`${THP}/enabled`]: chosen(['always', 'madvise', 'never'], shape.enabled),
    [`${THP}/defrag`]: 'always defer defer+madvise [madvise] never',
    [`${THP}/shmem_enabled`]: 'always within_size advise [never] deny force',
    [`${THP}/hpage_pmd_size`]: String(pageKb * 1024 * 2 ** hugeOrder),
    [`${THP}/use_zero_page`]: '1',
    [`${THP}/shrink_underused`]: '1',
    [`${THP}/khugepaged/defrag`]: '1',
    [`${THP}/khugepaged/max_ptes_none`]: String(shape.maxPtesNone),
    [`${THP}/khugepaged/max_ptes_swap`]: String(2 ** (hugeOrder - 3)),
    [`${THP}/khugepaged/max_ptes_shared`]: String(2 ** (hugeOrder - 1)),
    [`${THP}/khugepaged/pages_to_scan`]: String(2 ** (hugeOrder + 3)),
    [`${THP}/khugepaged/scan_sleep_millisecs`]: '10000',
    [`${THP}/khugepaged/alloc_sleep_millisecs`]: '60000',
    [`${THP}/khugepaged/pages_collapsed`]: '7',
    [`${THP}/khugepaged/full_scans`]: '3',
  };
  for (let order = 1; order <= hugeOrder; order++) Object.assign(tree, sizeTree(shape, order));
  return tree;
}

function sizeTree(shape: ThpShape, order: number): Record<string, string> {
  const folder = `${THP}/hugepages-${shape.pageKb * 2 ** order}kB`;
  const tree: Record<string, string> = {
    [`${folder}/shmem_enabled`]: 'always inherit within_size advise [never]',
  };
  const word = order === shape.hugeOrder ? 'inherit' : (shape.small[order] ?? 'never');
  // Order 1 cannot serve anonymous memory and has no switch for it.
  if (order > 1) tree[`${folder}/enabled`] = chosen(['always', 'inherit', 'madvise', 'never'], word);
  for (const name of shape.stats) tree[`${folder}/stats/${name}`] = '0';
  return tree;
}

function chosen(words: readonly string[], word: string): string {
  return words.map((candidate) => (candidate === word ? `[${candidate}]` : candidate)).join(' ');
}

const ACTIONS = ['WILLNEED', 'COLD', 'PAGEOUT', 'HUGEPAGE', 'NOHUGEPAGE', 'STAT'].map(
  (name) => `DAMOS_${name}`,
);

/** One pagemap entry of a present page in frame 0x1234. */
const PRESENT_ENTRY = Buffer.from('3412000000000080', 'hex');
const HIDDEN_ENTRY = Buffer.from('0000000000000080', 'hex');

function ownProcess(
  capabilities: string,
  frames: boolean,
  pageKb: number,
): Record<string, string | Uint8Array> {
  const first = 0x10;
  const entries = Buffer.alloc((first + 1) * 8);
  (frames ? PRESENT_ENTRY : HIDDEN_ENTRY).copy(entries, first * 8);
  const start = first * pageKb * 1024;
  const range = [start, start + pageKb * 1024]
    .map((address) => address.toString(16).padStart(8, '0'))
    .join('-');
  return {
    '/proc/self/status': `Name:\toctavo\nCapEff:\t${capabilities}\n`,
    '/proc/self/uid_map': '         0          0 4294967295',
    '/proc/self/maps': `${range} rw-p 00000000 00:00 0                          [stack]\n`,
    '/proc/self/pagemap': entries,
    [`/proc/${PID}/stat`]: `${PID} (octavo) R 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0`,
  };
}

const MACHINE = {
  '/proc/filesystems': 'nodev\tproc\nnodev\tsysfs\nnodev\tdebugfs\nnodev\tcgroup2\n\text4',
  '/proc/sys/kernel/osrelease': '7.7.0-test',
  '/proc/sys/kernel/perf_event_paranoid': '2',
  '/proc/pressure/memory':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0',
  '/proc/meminfo':
    'MemTotal:       16777216 kB\nMemFree:         8388608 kB\nMemAvailable:   12582912 kB\nSwapTotal:       2097152 kB',
  '/sys/module/zswap/parameters/enabled': 'Y',
  '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids',
  '/sys/kernel/security/lockdown': '[none] integrity confidentiality',
} as const;

const BUDDY_4K =
  'Node 0, zone   Normal      1      2      3      4      5      6      7      8      9     10     11';
const MOUNTS = [
  'proc /proc proc rw 0 0',
  'sysfs /sys sysfs rw 0 0',
  'debugfs /sys/kernel/debug debugfs rw 0 0',
  'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0',
].join('\n');

function manifest(
  pageKb: number,
  hugeOrder: number,
  scan: readonly (keyof typeof PAGE_IS)[] | ErrnoName,
): ManifestInput {
  return {
    octavo: 'host-recording',
    version: RECORDING_VERSION,
    complete: true,
    recordedAtMs: 1_700_000_000_000,
    identity: {
      architecture: pageKb === 4 ? 'x64' : 'arm64',
      pageBytes: pageKb * 1024,
      blockBytes: pageKb * 1024 * 2 ** hugeOrder,
      pid: PID,
      userId: 0,
      isPrivileged: true,
      bootId: '00000000-0000-4000-8000-000000000001',
    },
    files: { '/sys/kernel/debug/split_huge_pages': { write: 'ok' } },
    advices: { MADV_WILLNEED: 'ok', MADV_COLD: 'ok', MADV_PAGEOUT: 'ok', MADV_COLLAPSE: 'ok' },
    scans: Object.entries(PAGE_IS).map(([name, bit]) => ({
      pid: PID,
      start: 16,
      end: 17,
      inverted: 0,
      mask: 0,
      anyOf: bit,
      report: bit,
      regions: typeof scan === 'string' ? scan : scan.includes(name as keyof typeof PAGE_IS) ? [] : 'EINVAL',
    })),
  };
}

const EVERY_CATEGORY = Object.keys(PAGE_IS) as (keyof typeof PAGE_IS)[];
const SHAPE_4K: ThpShape = {
  pageKb: 4,
  hugeOrder: 9,
  enabled: 'madvise',
  small: { 4: 'madvise' },
  maxPtesNone: 100,
  stats: [...ANON_STATS, ...COLLAPSE_STATS],
};

/** Root on bare metal with a patched DAMON: nothing is missing but the other vendors' hardware. */
export function kernelWithEverything(): Kernel {
  return {
    tree: {
      ...MACHINE,
      ...ownProcess(ALL_CAPABILITIES, true, 4),
      ...thpTree(SHAPE_4K),
      '/proc/self/mounts': MOUNTS,
      '/proc/buddyinfo': BUDDY_4K,
      '/proc/cpuinfo': 'flags\t\t: fpu pse de ds pebs',
      '/proc/kpageflags': new Uint8Array(8),
      '/proc/kpagecount': new Uint8Array(8),
      '/sys/kernel/debug/split_huge_pages': '',
      '/sys/kernel/btf/vmlinux': namesFile([
        ...ACTIONS,
        'DAMOS_COLLAPSE',
        'DAMOS_SPLIT',
        'DAMOS_FILTER_TYPE_ANON',
        'target_order',
        'folio_split',
      ]),
      [`${DAMON}/nr_kdamonds`]: '0',
      '/proc/config.gz': gzipSync('CONFIG_DAMON=y\nCONFIG_DAMON_VADDR=y\nCONFIG_DAMON_PADDR=y\n'),
      '/sys/module/damon_stat/parameters/enabled': 'N',
      '/sys/module/damon_stat/parameters/kdamond_pid': '-1',
      [`${PMU}/cpu/type`]: '4',
      [`${PMU}/cpu/caps/max_precise`]: '3',
      [`${PMU}/cpu/events/mem-loads`]: 'event=0xcd,umask=0x1,ldlat=3',
      [`${PMU}/software/type`]: '1',
    },
    manifest: manifest(4, 9, EVERY_CATEGORY),
  };
}

/** CONFIG_TRANSPARENT_HUGEPAGE and CONFIG_DAMON unset, an ordinary user, nothing mounted that may be left out. */
export function kernelWithoutThp(): Kernel {
  const base = manifest(4, 9, EVERY_CATEGORY.slice(0, 7));
  const denied = { open: 'EACCES', read: 'EACCES' } as const;
  return {
    tree: {
      ...without(MACHINE, '/sys/kernel/security/lockdown', '/proc/pressure/memory'),
      ...ownProcess('0000000000000000', false, 4),
      '/proc/self/mounts': 'proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0',
      '/proc/filesystems': 'nodev\tproc\nnodev\tsysfs\n\text4',
      '/proc/meminfo':
        'MemTotal:        1048576 kB\nMemFree:          524288 kB\nSwapTotal:             0 kB',
      '/proc/cpuinfo': 'flags\t\t: fpu hypervisor',
      '/proc/buddyinfo': BUDDY_4K,
      '/proc/sys/kernel/perf_event_paranoid': '4',
      '/sys/module/zswap/parameters/enabled': 'N',
      [`${PMU}/software/type`]: '1',
    },
    manifest: {
      ...base,
      identity: { ...base.identity, userId: 1000, isPrivileged: false },
      files: { '/proc/kpageflags': denied, '/proc/kpagecount': denied },
      advices: { MADV_WILLNEED: 'ok', MADV_COLD: 'ok', MADV_PAGEOUT: 'ok', MADV_COLLAPSE: 'EINVAL' },
    },
  };
}

/** Secure Boot: the split file is there and opens for nobody. DAMON_STAT, on by default, holds DAMON. */
export function kernelUnderLockdown(): Kernel {
  const everything = kernelWithEverything();
  return {
    tree: {
      ...everything.tree,
      '/sys/kernel/security/lockdown': 'none [integrity] confidentiality',
      '/sys/kernel/btf/vmlinux': namesFile([...ACTIONS, 'DAMOS_COLLAPSE', 'folio_split']),
      '/sys/module/damon_stat/parameters/enabled': 'Y',
      '/sys/module/damon_stat/parameters/kdamond_pid': '88',
    },
    manifest: { ...everything.manifest, files: { '/sys/kernel/debug/split_huge_pages': { write: 'EPERM' } } },
  };
}

/** An older kernel: one huge size, no PAGEMAP_SCAN, no advice to collapse, no type information, no configuration. */
export function kernelWithoutScan(): Kernel {
  const everything = kernelWithEverything();
  const small = Object.keys(everything.tree).filter((path) => path.includes('/hugepages-'));
  return {
    tree: {
      ...without(
        everything.tree,
        ...small,
        `${THP}/shrink_underused`,
        '/sys/kernel/btf/vmlinux',
        '/proc/config.gz',
        '/sys/module/damon_stat/parameters/enabled',
        '/sys/module/damon_stat/parameters/kdamond_pid',
      ),
      '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu pids',
    },
    manifest: {
      ...manifest(4, 9, 'ENOTTY'),
      advices: { MADV_WILLNEED: 'ok', MADV_COLD: 'ok', MADV_PAGEOUT: 'ok', MADV_COLLAPSE: 'EINVAL' },
    },
  };
}

/** arm64 with 64 KiB pages and 512 MiB blocks, SPE, and another user's kdamond that runs. */
export function kernelOfArm64(): Kernel {
  const context = `${DAMON}/0/contexts/0`;
  return {
    tree: {
      ...MACHINE,
      ...ownProcess(ALL_CAPABILITIES, true, 64),
      ...thpTree({
        ...SHAPE_4K,
        pageKb: 64,
        hugeOrder: 13,
        enabled: 'always',
        small: { 5: 'inherit' },
        maxPtesNone: 8191,
      }),
      '/proc/self/mounts': MOUNTS,
      '/proc/buddyinfo': `${BUDDY_4K}     12     13     14`,
      '/proc/cpuinfo': 'Features\t: fp asimd',
      '/proc/kpageflags': new Uint8Array(8),
      '/proc/kpagecount': new Uint8Array(8),
      '/sys/kernel/debug/split_huge_pages': '',
      '/sys/kernel/btf/vmlinux': namesFile([...ACTIONS, 'DAMOS_COLLAPSE', 'folio_split']),
      [`${DAMON}/nr_kdamonds`]: '1',
      [`${DAMON}/0/state`]: 'on',
      [`${DAMON}/0/pid`]: '321',
      [`${context}/avail_operations`]: 'vaddr\nfvaddr\npaddr',
      [`${context}/operations`]: 'vaddr',
      [`${context}/addr_unit`]: '1',
      [`${context}/targets/0/pid_target`]: '99',
      [`${context}/schemes/0/action`]: 'stat',
      [`${context}/schemes/0/core_filters/nr_filters`]: '0',
      [`${PMU}/arm_spe_0/type`]: '9',
      [`${PMU}/armv8_pmuv3_0/type`]: '8',
    },
    manifest: manifest(64, 13, EVERY_CATEGORY),
  };
}

function without<Value>(
  tree: Readonly<Record<string, Value>>,
  ...paths: readonly string[]
): Record<string, Value> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !paths.includes(path)));
}

/** Writes a kernel into a new temporary folder, gone when the tests end, and returns its path. */
export function writeKernel({ tree, manifest: description }: Kernel): string {
  const folder = temporaryFolder('kernel');
  for (const [path, content] of Object.entries(tree)) {
    const file = join(folder, 'tree', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? `${content}\n` : content);
  }
  writeFileSync(join(folder, MANIFEST_NAME), JSON.stringify(description));
  return folder;
}

/** A kernel as a host. Hosts of the same kernel share its files, which such a host cannot change. */
export function kernelHost(kernel: Kernel): Host {
  const key = JSON.stringify(kernel, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  const folder = written.get(key) ?? writeKernel(kernel);
  written.set(key, folder);
  return folderHost(folder, join(tmpdir(), 'octavo-kernel-state'));
}

const written = new Map<string, string>();

/** A new folder that is removed when this process ends. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `octavo-${name}-`));
  if (temporary.length === 0) process.on('exit', removeAll);
  temporary.push(folder);
  return folder;
}

const temporary: string[] = [];

function removeAll(): void {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
}
