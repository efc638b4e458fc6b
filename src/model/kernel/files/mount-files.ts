import type { ErrnoName } from '../../../vocabulary/errno.js';
import { writeSplitHugePages } from '../split/debugfs-split.js';
import { type ModelDirectory, type ModelFile, type ModelNode, StaticDirectory } from '../state/file-tree.js';
import type { Kernel } from '../state/kernel.js';
import { CgroupDirectory } from './cgroup-files.js';
import { readKpagecgroup, readKpagecount, readKpageflags } from './page-files.js';
import { ProcessDirectory } from './process-files.js';
import { cpuList } from './status.js';
import { buddyinfoText, meminfoText, vmstatText, writeDropCaches, zoneinfoText } from './system-files.js';
import { thpDirectory } from './thp-files.js';
import { ROOT_VIEWER, type Viewer } from './viewer.js';

/** Puts /proc, /sys and debugfs into the kernel's file tree, as `viewer` sees them. `self`: pid of who looks. */
export function mountFiles(kernel: Kernel, self: number, bootId: string, viewer: Viewer = ROOT_VIEWER): void {
  const { files } = kernel;
  files.mount('/proc', new ProcDirectory(kernel, self, bootId, viewer));
  files.mount('/sys/kernel/mm/transparent_hugepage', thpDirectory(kernel));
  files.mount('/sys/fs/cgroup', new CgroupDirectory(kernel, kernel.rootMemcg));
  files.add(
    '/sys/kernel/mm/lru_gen/enabled',
    show(() => (kernel.features.lruGen ? '0x0007\n' : '0x0000\n'), 0o644),
  );
  files.add(
    '/sys/kernel/security/lockdown',
    show(() => lockdown(kernel), 0o644),
  );
  files.add(
    '/sys/devices/system/cpu/online',
    show(() => `${cpuList(kernel)}\n`),
  );
  files.add(
    '/sys/devices/system/node/online',
    show(() => '0\n'),
  );
  files.mount('/sys/kernel/debug', debugDirectory(kernel));
  if (!kernel.settingsApplied) applySettings(kernel);
}

/** Writes the settings of the options as an init script would. */
function applySettings(kernel: Kernel): void {
  kernel.settingsApplied = true;
  for (const [path, value] of Object.entries(kernel.options.thp)) {
    const file = kernel.files.find(`/sys/kernel/mm/transparent_hugepage/${path}`);
    const error = typeof file === 'object' && file.kind === 'file' ? file.write?.(value) : 'ENOENT';
    if (error !== undefined) throw new RangeError(`thp setting ${path}=${value}: ${error}`);
  }
}

function show(read: () => string, mode = 0o444): ModelFile {
  return { kind: 'file', mode, read };
}

function lockdown(kernel: Kernel): string {
  return `${['none', 'integrity', 'confidentiality'].map((word) => (word === kernel.options.lockdown ? `[${word}]` : word)).join(' ')}\n`;
}

/** Empty where debugfs is not mounted. Lockdown refuses to open what can be written. */
function debugDirectory(kernel: Kernel): StaticDirectory {
  const directory = new StaticDirectory(0o700);
  if (!kernel.options.debugfs) return directory;
  directory.set('split_huge_pages', {
    kind: 'file',
    mode: 0o200,
    refuseOpen: (): ErrnoName | undefined => (kernel.options.lockdown === 'none' ? undefined : 'EPERM'),
    read: () => ({ errno: 'EINVAL' }),
    write: (text) => {
      const done = writeSplitHugePages(kernel, text);
      kernel.clock.spend(done.cost + kernel.costs.systemCall);
      return done.error;
    },
  });
  return directory;
}

/** /proc: system files, and a directory for each process. */
class ProcDirectory implements ModelDirectory {
  readonly kind = 'directory';
  readonly mode = 0o555;
  readonly #kernel: Kernel;
  readonly #viewer: Viewer;
  readonly #fixed: StaticDirectory;

  constructor(kernel: Kernel, self: number, bootId: string, viewer: Viewer) {
    this.#kernel = kernel;
    this.#viewer = viewer;
    this.#fixed = systemDirectory(kernel, self, bootId);
  }

  names(): readonly string[] {
    return [...[...this.#kernel.processes.keys()].map(String), ...this.#fixed.names()];
  }

  lookup(name: string): ModelNode | undefined {
    if (!/^\d+$/.test(name)) return this.#fixed.lookup(name);
    const task = this.#kernel.processes.get(Number(name));
    return task === undefined ? undefined : new ProcessDirectory(this.#kernel, task, this.#viewer);
  }
}

/** Text files directly in /proc. */
const TEXTS: Readonly<Record<string, (kernel: Kernel) => string>> = {
  buddyinfo: buddyinfoText,
  cmdline: () => 'model\n',
  cpuinfo,
  filesystems: () => 'nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdebugfs\n',
  meminfo: meminfoText,
  stat: (kernel) => `btime ${Math.floor(kernel.bootedAtMs / 1000)}\n`,
  swaps,
  uptime: (kernel) => `${(kernel.clock.now / 1e9).toFixed(2)} 0.00\n`,
  version: (kernel) => `Linux version ${kernel.features.release} (model)\n`,
  vmstat: vmstatText,
  zoneinfo: zoneinfoText,
};

/** Files of one 64-bit word for each frame. */
const WORDS = { kpagecgroup: readKpagecgroup, kpagecount: readKpagecount, kpageflags: readKpageflags };

function systemDirectory(kernel: Kernel, self: number, bootId: string): StaticDirectory {
  const proc = new StaticDirectory(0o555);
  for (const [name, text] of Object.entries(TEXTS))
    proc.set(
      name,
      show(() => text(kernel)),
    );
  for (const [name, read] of Object.entries(WORDS))
    proc.set(
      name,
      binary((into, at) => read(kernel, into, at)),
    );
  proc.set('mounts', { kind: 'symlink', target: '/proc/self/mounts' });
  proc.set('pressure', pressureDirectory(kernel));
  proc.set('self', { kind: 'symlink', target: `/proc/${self}` });
  proc.set('sys', sysctls(kernel, bootId));
  return proc;
}

function binary(readAt: (into: Uint8Array, position: number) => number | ErrnoName): ModelFile {
  return { kind: 'file', mode: 0o400, readAt };
}

function cpuinfo(kernel: Kernel): string {
  const one = (cpu: number) => `processor\t: ${cpu}\nmodel name\t: Model CPU\n\n`;
  return Array.from({ length: kernel.options.cpus }, (_, cpu) => one(cpu)).join('');
}

function swaps(kernel: Kernel): string {
  const header = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
  if (kernel.swap.slots === 0) return header;
  const kb = kernel.geometry.pageBytes / 1024;
  return `${header}/dev/swap                               partition\t${kernel.swap.slots * kb}\t\t${kernel.swap.used * kb}\t\t-2\n`;
}

function pressureDirectory(kernel: Kernel): StaticDirectory {
  const directory = new StaticDirectory(0o555);
  const none = (kind: string) => `${kind} avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`;
  directory.set(
    'cpu',
    show(() => none('some') + none('full')),
  );
  directory.set(
    'io',
    show(() => none('some') + none('full')),
  );
  const lines = () =>
    kernel.pressure.line(kernel.clock.now, 'some') + kernel.pressure.line(kernel.clock.now, 'full');
  directory.set('memory', show(lines));
  return directory;
}

function sysctls(kernel: Kernel, bootId: string): StaticDirectory {
  const sys = new StaticDirectory(0o555);
  const inKernel = new StaticDirectory(0o555);
  const random = new StaticDirectory(0o555);
  random.set(
    'boot_id',
    show(() => `${bootId}\n`),
  );
  inKernel.set('random', random);
  inKernel.set(
    'osrelease',
    show(() => `${kernel.features.release}\n`),
  );
  inKernel.set(
    'ostype',
    show(() => 'Linux\n'),
  );
  inKernel.set(
    'perf_event_paranoid',
    show(() => '2\n', 0o644),
  );
  sys.set('kernel', inKernel);
  const vm = new StaticDirectory(0o555);
  vm.set('drop_caches', { kind: 'file', mode: 0o200, write: (text) => writeDropCaches(kernel, text) });
  vm.set(
    'max_map_count',
    show(() => '65530\n', 0o644),
  );
  vm.set(
    'overcommit_memory',
    show(() => '0\n', 0o644),
  );
  vm.set(
    'swappiness',
    show(() => '60\n', 0o644),
  );
  sys.set('vm', vm);
  return sys;
}
