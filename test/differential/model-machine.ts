/** The model kernel behind the same calls, as the release that the real one is. */

import { modelHost } from '../../src/model/host/model-host.js';
import { access } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { mremap } from '../../src/model/kernel/address-space/mremap.js';
import { createInode, exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { mprotect, munmap } from '../../src/model/kernel/address-space/vmas.js';
import { adviseRange, isAdviceName } from '../../src/model/kernel/advice/madvise.js';
import { setLocked } from '../../src/model/kernel/advice/mlock.js';
import { pin, unpin } from '../../src/model/kernel/advice/pins.js';
import { processVmRead } from '../../src/model/kernel/advice/remote-read.js';
import { boot } from '../../src/model/kernel/boot.js';
import { installDamon } from '../../src/model/kernel/damon/on-model/model-damon.js';
import { drainAll } from '../../src/model/kernel/memory/lru.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import { VM } from '../../src/model/kernel/state/mm.js';
import { type KernelOptions, RELEASES, type Release } from '../../src/model/kernel/state/options.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { MIB } from '../../src/vocabulary/units.js';
import { setContent } from './model-content.js';
import type { Backing, Machine, OwnAnswer, Span } from './test-machine.js';

const FIRST_PAGE = 0x7e0000000000 / 4096;
const PERMISSIONS = { none: 0, r: VM.read, rw: VM.read | VM.write } as const;

/** A fresh model with one process; `options` say in what it differs from a model of `release` with its defaults. */
export function modelMachine(
  blocks: number,
  backing: Backing,
  options: Partial<KernelOptions>,
  release: Release = '6.18',
): Machine & { readonly kernel: Kernel } {
  const kernel = boot({ memoryBytes: 512 * MIB, features: RELEASES[release], ...options });
  if (release !== '6.18') installDamon(kernel, { generation: release });
  const host = modelHost(kernel);
  const task = spawn(kernel, { command: 'node' });
  const mm = task.mm!;
  const pages = blocks * kernel.geometry.pagesPerBlock;
  const inode = inodeOf(kernel, backing, pages);
  const shared = inode !== undefined && backing.kind !== 'private-memfd';
  const flags = VM.read | VM.write | (shared ? VM.shared : 0);
  mmap(kernel, mm, { pages, at: FIRST_PAGE, flags, inode, offset: backing.offset });
  const pins: number[] = [];
  const children: Process[] = [];
  const ends = (span: Span) => [FIRST_PAGE + span.from, FIRST_PAGE + span.from + span.pages] as const;
  const touch = (span: Span, step: number, write: boolean): OwnAnswer => {
    kernel.cpu = task.cpu;
    const [start, end] = ends(span);
    for (let page = start; page < end; page += step) {
      if (access(kernel, mm, page, write) < 0) return 'EFAULT';
      if (write) setContent(kernel, mm, page, page - FIRST_PAGE + 1);
    }
    return 'ok';
  };
  const answered = (error: OwnAnswer | undefined) => error ?? 'ok';
  return {
    kernel,
    host,
    pid: task.pid,
    firstPage: FIRST_PAGE,
    pages,
    read: async (span, step) => touch(span, step, false),
    write: async (span, step) => touch(span, step, true),
    advise: async (span, advice) => {
      if (!isAdviceName(advice)) return 'EINVAL';
      return answered(adviseRange(kernel, mm, ...ends(span), advice).error);
    },
    protect: async (span, how) => answered(mprotect(kernel, mm, ...ends(span), PERMISSIONS[how]).error),
    unmap: async (span) => {
      munmap(kernel, mm, ...ends(span));
      return 'ok';
    },
    move: async (span, to) => answered(mremap(kernel, mm, ...ends(span), FIRST_PAGE + to).error),
    lock: async (span) => answered(setLocked(kernel, mm, ...ends(span), true).error),
    unlock: async (span) => answered(setLocked(kernel, mm, ...ends(span), false).error),
    pin: async (span) => {
      const [start, end] = ends(span);
      for (let page = start; page < end; page++) pins.push(pin(kernel, mm, page));
      return 'ok';
    },
    unpin: async () => {
      for (const head of pins.splice(0)) unpin(kernel, head);
      return 'ok';
    },
    fork: async () => {
      const { child } = fork(kernel, task);
      if (child === undefined) return answered('ENOMEM');
      children.push(child);
      return 'ok';
    },
    reap: async () => {
      for (const child of children.splice(0)) exit(kernel, child);
      return 'ok';
    },
    userfault: async (span) => {
      const vma = mm.vmaOf(ends(span)[0]);
      if (vma) vma.flags |= VM.uffdMissing;
      return vma ? 'ok' : 'EINVAL';
    },
    vmRead: (span) => {
      const [start, end] = ends(span);
      const into = new Uint8Array(span.pages * kernel.geometry.pageBytes);
      return String(processVmRead(kernel, mm, { start, end }, into));
    },
    thpDisable: async (how) => {
      mm.thpDisable = how;
      return 'ok';
    },
    settle: async () => {
      drainAll(kernel);
    },
    end: async () => {
      for (const child of children.splice(0)) exit(kernel, child);
      if (kernel.processes.get(task.pid) === task) exit(kernel, task);
    },
  };
}

const PATHS = {
  shared: ['/dev/zero (deleted)', 'kernel'],
  memfd: ['/memfd:octavo (deleted)', 'kernel'],
  'private-memfd': ['/memfd:octavo (deleted)', 'kernel'],
  tmpfs: ['/dev/shm/octavo (deleted)', 'never'],
  file: ['/tmp/octavo (deleted)', 'file'],
} as const;

function inodeOf(kernel: Kernel, { kind, offset }: Backing, pages: number) {
  if (kind === 'private' || kind === 'dev-zero') return undefined;
  const [path, mount] = PATHS[kind];
  return createInode(kernel, path, pages + offset, mount);
}
