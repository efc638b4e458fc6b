import type { ErrnoName } from '../../../vocabulary/errno.js';
import { oomScore } from '../access/oom.js';
import { readMem } from '../advice/remote-read.js';
import type { ModelDirectory, ModelFile, ModelNode } from '../state/file-tree.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import type { Process } from '../state/process.js';
import { walkRange } from '../translation/walk.js';
import { testAndClearPmdYoung, testAndClearPteYoung } from '../translation/young.js';
import { readPagemap } from './page-files.js';
import { mapsText, rollupText, smapsText } from './smaps.js';
import { processStat, processStatm, processStatus } from './status.js';
import type { Viewer } from './viewer.js';

/** Files of /proc/PID, in the order in which Linux lists them. */
const FILES: Readonly<Record<string, (kernel: Kernel, task: Process, viewer: Viewer) => ModelNode>> = {
  task: (kernel, task, viewer) => taskDirectory(kernel, task, viewer),
  status: (kernel, task) => text(0o444, () => processStatus(kernel, task)),
  personality: () => text(0o400, () => '00000000\n'),
  comm: (_, task) => ({
    ...text(0o644, () => `${task.command}\n`),
    write: (written) => {
      task.command = written.replace(/\n$/, '').slice(0, 15);
      return undefined;
    },
  }),
  cmdline: (_, task) => text(0o444, () => task.commandLine.map((word) => `${word}\0`).join('')),
  stat: (kernel, task) => text(0o444, () => processStat(kernel, task)),
  statm: (_, task) => text(0o444, () => processStatm(task)),
  maps: (kernel, task, viewer) => traced(task, viewer, 0o444, (mm) => mapsText(kernel, mm)),
  mountinfo: (kernel) => text(0o444, () => mountinfo(kernel)),
  mounts: (kernel) => text(0o444, () => mounts(kernel)),
  clear_refs: (kernel, task) => ({
    kind: 'file',
    mode: 0o200,
    write: (written) => clearRefs(kernel, task, written),
  }),
  mem: (kernel, task, viewer) => ({
    kind: 'file',
    mode: 0o600,
    refuseOpen: () => refusal(task, viewer),
    readAt: (into, position) => (task.mm === undefined ? 0 : readMem(kernel, task.mm, into, position)),
  }),
  smaps: (kernel, task, viewer) => traced(task, viewer, 0o444, (mm) => smapsText(kernel, mm)),
  smaps_rollup: (kernel, task, viewer) =>
    task.mm === undefined
      ? failing(0o444, 'ESRCH')
      : traced(task, viewer, 0o444, (mm) => rollupText(kernel, mm)),
  pagemap: (kernel, task, viewer) => ({
    kind: 'file',
    mode: 0o400,
    refuseOpen: () => refusal(task, viewer),
    readAt: (into, position) =>
      task.mm === undefined ? 0 : readPagemap(kernel, task.mm, viewer, into, position),
  }),
  cgroup: (kernel, task) =>
    text(0o444, () => `0::${task.mm === undefined ? '/' : kernel.memcgOf(task.mm).path}\n`),
  oom_score: (kernel, task) => text(0o444, () => `${oomScore(kernel, task)}\n`),
  oom_score_adj: (_, task) => ({
    ...text(0o644, () => `${task.oomScoreAdj}\n`),
    write: (written) => {
      const value = Number(written);
      if (!/^-?\d{1,4}\s*$/.test(written) || Math.abs(value) > 1000) return 'EINVAL';
      task.oomScoreAdj = value;
      return undefined;
    },
  }),
  uid_map: () => text(0o444, () => '         0          0 4294967295\n'),
  setgroups: () => text(0o644, () => 'allow\n'),
};

/** /proc/PID, or /proc/PID/task/TID, which has no threads of its own (fs/proc/base.c, tid_base_stuff). */
export class ProcessDirectory implements ModelDirectory {
  readonly kind = 'directory';
  readonly mode = 0o555;
  readonly #kernel: Kernel;
  readonly #task: Process;
  readonly #viewer: Viewer;
  readonly #names: readonly string[];

  constructor(kernel: Kernel, task: Process, viewer: Viewer, isThread = false) {
    this.#kernel = kernel;
    this.#task = task;
    this.#viewer = viewer;
    this.#names = Object.keys(FILES).filter((name) => !isThread || name !== 'task');
  }

  names(): readonly string[] {
    return [...this.#names, 'exe'];
  }

  lookup(name: string): ModelNode | undefined {
    if (name === 'exe') return { kind: 'symlink', target: `/bin/${this.#task.command}` };
    return this.#names.includes(name) ? FILES[name](this.#kernel, this.#task, this.#viewer) : undefined;
  }
}

function text(mode: number, read: () => string): ModelFile {
  return { kind: 'file', mode, read };
}

function failing(mode: number, errno: ErrnoName): ModelFile {
  return { kind: 'file', mode, read: () => ({ errno }) };
}

/** PTRACE_MODE_READ: one's own processes, or CAP_SYS_PTRACE. */
function refusal(task: Process, viewer: Viewer): ErrnoName | undefined {
  return viewer.mayTrace || viewer.userId === task.userId ? undefined : 'EACCES';
}

function traced(task: Process, viewer: Viewer, mode: number, read: (mm: Mm) => string): ModelFile {
  return {
    kind: 'file',
    mode,
    refuseOpen: () => refusal(task, viewer),
    read: () => (task.mm === undefined ? '' : read(task.mm)),
  };
}

function taskDirectory(kernel: Kernel, task: Process, viewer: Viewer): ModelDirectory {
  const own = String(task.pid);
  return {
    kind: 'directory',
    mode: 0o555,
    names: () => [own],
    lookup: (name) => (name === own ? new ProcessDirectory(kernel, task, viewer, true) : undefined),
  };
}

/** Writes to clear_refs: 1 all, 2 anonymous, 3 file mappings lose their references; 4 soft-dirty bits; 5 peak RSS. */
function clearRefs(kernel: Kernel, task: Process, written: string): ErrnoName | undefined {
  const kind = Number(written.trim());
  if (!/^\s*[1-5]\s*$/.test(written)) return 'EINVAL';
  const { mm } = task;
  if (mm === undefined) return undefined;
  if (kind === 5) mm.peakRss = mm.rss;
  else if (kind < 4) clearReferences(kernel, mm, kind);
  else if (kernel.features.softDirty) clearSoftDirty(kernel, mm);
  return undefined;
}

function clearSoftDirty(kernel: Kernel, mm: Mm): void {
  for (const vma of mm.vmas) {
    vma.flags &= ~VM.softDirty;
    walkRange(kernel, mm, vma.start, vma.end, {
      pmd: (pmd) => {
        kernel.tables.pmdBits[pmd] &= ~(ENTRY.softDirty | ENTRY.writable);
        return undefined;
      },
      pte: (entry) => {
        kernel.tables.pteBits[entry] &= ~(ENTRY.softDirty | ENTRY.writable);
        return undefined;
      },
    });
    kernel.flushes.tell(mm.id, vma.start, vma.end);
  }
}

function clearReferences(kernel: Kernel, mm: Mm, kind: number): void {
  const { tables, folios } = kernel;
  const forget = (frame: number) => folios.clear(folios.headOf(frame), FOLIO.young | FOLIO.referenced);
  for (const vma of mm.vmas) {
    if ((kind === 2 && !vma.isAnonymous) || (kind === 3 && vma.isAnonymous)) continue;
    walkRange(kernel, mm, vma.start, vma.end, {
      pmd: (pmd) => {
        testAndClearPmdYoung(kernel, pmd);
        if ((tables.pmdBits[pmd] & ENTRY.zero) === 0) forget(tables.pmdValue[pmd]);
        return undefined;
      },
      pte: (entry) => {
        if ((tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) !== ENTRY.present) return undefined;
        testAndClearPteYoung(kernel, entry);
        forget(tables.pteValue[entry]);
        return undefined;
      },
    });
  }
}

/** Returns the text of /proc/PID/mounts. */
export function mounts(kernel: Kernel): string {
  return mountTable(kernel)
    .map(([device, path, type, options]) => `${device} ${path} ${type} ${options} 0 0\n`)
    .join('');
}

function mountinfo(kernel: Kernel): string {
  return mountTable(kernel)
    .map(
      ([device, path, type, options, own = 'rw'], i) =>
        `${22 + i} 21 0:${20 + i} / ${path} ${options} - ${type} ${device} ${own}\n`,
    )
    .join('');
}

/** Device, mount point, type, options of the mount, and of the file system where they are more than `rw`. */
type MountRow = [string, string, string, string, string?];

function mountTable(kernel: Kernel): MountRow[] {
  const table: MountRow[] = [
    ['proc', '/proc', 'proc', 'rw,nosuid,nodev,noexec,relatime'],
    ['sysfs', '/sys', 'sysfs', 'rw,nosuid,nodev,noexec,relatime'],
    ['cgroup2', '/sys/fs/cgroup', 'cgroup2', 'rw,nosuid,nodev,noexec,relatime'],
    ['securityfs', '/sys/kernel/security', 'securityfs', 'rw,nosuid,nodev,noexec,relatime'],
  ];
  if (kernel.options.debugfs)
    table.push(['debugfs', '/sys/kernel/debug', 'debugfs', 'rw,nosuid,nodev,noexec,relatime']);
  return [...table, ...tmpfsRows(kernel)];
}

/** A tmpfs stands on each directory that holds a file of one; `huge=never` is the default and not shown. */
function tmpfsRows(kernel: Kernel): MountRow[] {
  const points = new Map<string, string>();
  for (const { path, kind, mount } of kernel.inodes.values()) {
    if (kind === 'shmem' && mount !== 'kernel')
      points.set(path.slice(0, path.lastIndexOf('/')) || '/', mount);
  }
  return [...points].map(([point, huge]) => {
    const own = huge === 'never' ? 'rw' : `rw,huge=${huge}`;
    return ['tmpfs', point, 'tmpfs', 'rw,relatime', own];
  });
}
