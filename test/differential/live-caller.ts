/**
 * The child of the live machine: makes system calls on a region of its own, as messages tell it to. The words of its
 * command line are the number of PMD-sized blocks, what stands behind them, and the page offset in that.
 */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import koffi from 'koffi';
import {
  createMemoryFile,
  disableThp,
  lockMemory,
  MAP,
  mapMemory,
  ownGeometry,
  PROT,
  protectMemory,
  reapChild,
  scratchMemory,
  splicePages,
  unlockMemory,
  unmapMemory,
  viewMemory,
} from '../../demo/own-calls.js';
import { WorkloadRefusal } from '../../demo/refusal.js';
import { forkSleeper } from '../../demo/sleeper.js';
import { errnoName } from '../../src/vocabulary/errno.js';
import type { Backing, OwnAnswer, Span } from './test-machine.js';

export type Ask =
  | ({ readonly call: 'read'; readonly step: number } & Span)
  | ({ readonly call: 'write'; readonly step: number } & Span)
  | ({ readonly call: 'madvise'; readonly advice: string } & Span)
  | ({ readonly call: 'mprotect'; readonly access: 'none' | 'r' | 'rw' } & Span)
  | ({ readonly call: 'mremap'; readonly to: number } & Span)
  | ({ readonly call: 'munmap' } & Span)
  | ({ readonly call: 'mlock' } & Span)
  | ({ readonly call: 'munlock' } & Span)
  | ({ readonly call: 'vmsplice' } & Span)
  | ({ readonly call: 'userfault' } & Span)
  | { readonly call: 'prctl'; readonly how: 'no' | 'complete' | 'except-advised' }
  | { readonly call: 'drain' }
  | { readonly call: 'unpin' }
  | { readonly call: 'fork' }
  | { readonly call: 'reap' }
  | { readonly call: 'exit' };

export interface Told {
  readonly answer: OwnAnswer;
}

/** include/uapi/asm-generic/mman-common.h. */
const ADVICE: Readonly<Record<string, number>> = {
  MADV_NORMAL: 0, MADV_RANDOM: 1, MADV_SEQUENTIAL: 2, MADV_WILLNEED: 3, MADV_DONTNEED: 4, MADV_FREE: 8,
  MADV_REMOVE: 9, MADV_DONTFORK: 10, MADV_DOFORK: 11, MADV_HUGEPAGE: 14, MADV_NOHUGEPAGE: 15, MADV_DONTDUMP: 16,
  MADV_DODUMP: 17, MADV_COLD: 20, MADV_PAGEOUT: 21, MADV_POPULATE_READ: 22, MADV_POPULATE_WRITE: 23,
  MADV_COLLAPSE: 25, MADV_GUARD_INSTALL: 102, MADV_GUARD_REMOVE: 103,
}; // biome-ignore format: a table
const MREMAP_MAYMOVE_FIXED = 3;

const libc = koffi.load(null);
const syscall = libc.func('int64_t syscall(int64_t number, int64_t a, int64_t b, int64_t c)');
const ioctl = libc.func('int ioctl(int fd, uint64_t request, uint64_t argument)');
const madvise = libc.func('int madvise(uint64_t at, uint64_t length, int advice)');
const mremap = libc.func(
  'uint64_t mremap(uint64_t at, uint64_t old, uint64_t length, int flags, uint64_t to)',
);

const { pageBytes, blockBytes, pagesPerBlock } = ownGeometry();
const blocks = Number(process.argv[2]);
const kind = process.argv[3] as Backing['kind'];
const offset = Number(process.argv[4]);
const scratch = scratchMemory(65536);
const base = reserve();
const words = new Int32Array(viewMemory(base, 2 * blocks * blockBytes));
const drained = hugeBlock();
const pipes: number[] = [];
const children: number[] = [];

/** The region, and inaccessible room behind it, aligned. Neither is joined with other mappings. */
function reserve(): number {
  const bytes = (2 * blocks + 2) * blockBytes;
  const reserved = mapMemory(0, bytes, PROT.none, MAP.private | MAP.anonymous | MAP.noReserve);
  const start = Math.ceil((reserved + pageBytes) / blockBytes) * blockBytes;
  const bytesMapped = blocks * blockBytes;
  const descriptor = openBacking(bytesMapped + offset * pageBytes);
  const sharing = ['shared', 'memfd', 'tmpfs'].includes(kind) ? MAP.shared : MAP.private;
  const flags = sharing | MAP.fixed | (descriptor < 0 ? MAP.anonymous : 0);
  mapMemory(start, bytesMapped, PROT.write, flags, descriptor, offset * pageBytes);
  return start;
}

/** A descriptor of what stands behind the region; −1 for anonymous memory. Files lose their name at once. */
function openBacking(length: number): number {
  if (kind === 'private' || kind === 'shared') return -1;
  if (kind === 'dev-zero') return openSync('/dev/zero', 'r+');
  const path = `${kind === 'tmpfs' ? '/dev/shm' : tmpdir()}/octavo-live-caller-${process.pid}`;
  const descriptor = kind.endsWith('memfd') ? createMemoryFile('octavo') : openSync(path, 'wx+', 0o600);
  if (!kind.endsWith('memfd')) rmSync(path);
  ftruncateSync(descriptor, length);
  return descriptor;
}

function answer(ask: Ask): OwnAnswer {
  try {
    (CALLS[ask.call] as (ask: Ask) => void)(ask);
    return 'ok';
  } catch (problem) {
    if (problem instanceof WorkloadRefusal) return problem.errno as OwnAnswer;
    throw problem;
  }
}

const PROTECTION = { none: PROT.none, r: PROT.read, rw: PROT.write } as const;

const CALLS: { [Call in Ask['call']]: (ask: Extract<Ask, { call: Call }>) => void } = {
  read: (ask) => touch(ask, ask.step, false),
  write: (ask) => touch(ask, ask.step, true),
  madvise: (ask) => refuseUnlessZero(madvise(at(ask), length(ask), ADVICE[ask.advice])),
  mprotect: (ask) => protectMemory(at(ask), length(ask), PROTECTION[ask.access]),
  mremap: move,
  munmap: (ask) => unmapMemory(at(ask), length(ask)),
  mlock: (ask) => lockMemory(at(ask), length(ask)),
  munlock: (ask) => unlockMemory(at(ask), length(ask)),
  vmsplice: (ask) => {
    const [readEnd, writeEnd] = splicePages(at(ask), length(ask), scratch);
    pipes.push(readEnd, writeEnd);
  },
  unpin: () => {
    for (const end of pipes.splice(0)) closeSync(end);
  },
  userfault: (ask) => registerUserfault(at(ask), length(ask)),
  prctl: (ask) => disableThp(ask.how === 'complete' ? 'completely' : ask.how),
  drain,
  fork: () => {
    children.push(forkSleeper());
  },
  reap: endChildren,
  exit: endChildren,
};

const SYS_USERFAULTFD: Readonly<Record<string, number>> = { x64: 323, arm64: 282 };
/** _IOWR(0xaa, 0x3f, 24 bytes) and _IOWR(0xaa, 0x00, 32 bytes) of include/uapi/linux/userfaultfd.h. */
const UFFDIO_API = 0xc018aa3f;
const UFFDIO_REGISTER = 0xc020aa00;
const UFFD_API = 0xaan;
const REGISTER_MODE_MISSING = 1n;

/** Its faults are not served: pages of the span that are missing must not be touched afterwards. */
function registerUserfault(start: number, bytes: number): void {
  const descriptor = Number(syscall(SYS_USERFAULTFD[process.arch] ?? -1, 0, 0, 0));
  const argument = new BigUint64Array(scratch.view, 0, 4);
  argument.set([UFFD_API, 0n, 0n, 0n]);
  if (descriptor < 0 || ioctl(descriptor, UFFDIO_API, scratch.address) !== 0)
    throw new WorkloadRefusal(errnoName(koffi.errno()), 'userfaultfd');
  argument.set([BigInt(start), BigInt(bytes), REGISTER_MODE_MISSING, 0n]);
  if (ioctl(descriptor, UFFDIO_REGISTER, scratch.address) !== 0)
    throw new WorkloadRefusal(errnoName(koffi.errno()), 'UFFDIO_REGISTER');
}

function endChildren(): void {
  for (const child of children.splice(0)) {
    process.kill(child, 'SIGKILL');
    reapChild(child);
  }
}

/** MADV_COLLAPSE empties the batches of all CPUs, also when all that it is asked for is huge already. */
function drain(): void {
  refuseUnlessZero(madvise(drained, blockBytes, ADVICE.MADV_COLLAPSE));
}

/** A huge block for `drain`. */
function hugeBlock(): number {
  const reserved = mapMemory(0, 2 * blockBytes, PROT.write, MAP.private | MAP.anonymous);
  const start = Math.ceil(reserved / blockBytes) * blockBytes;
  new Int32Array(viewMemory(start, pageBytes))[0] = 1;
  return start;
}

function touch(span: Span, step: number, write: boolean): void {
  const wordsPerPage = pageBytes / 4;
  for (let page = span.from; page < span.from + span.pages; page += step) {
    if (write) Atomics.store(words, page * wordsPerPage, page + 1);
    else Atomics.load(words, page * wordsPerPage);
  }
}

function move({ from, pages, to }: Span & { to: number }): void {
  const bytes = pages * pageBytes;
  const found = BigInt(
    mremap(at({ from, pages }), bytes, bytes, MREMAP_MAYMOVE_FIXED, base + to * pageBytes),
  );
  if (found === 0xffffffffffffffffn) throw new WorkloadRefusal(errnoName(koffi.errno()), 'mremap');
}

function refuseUnlessZero(result: number): void {
  if (result !== 0) throw new WorkloadRefusal(errnoName(koffi.errno()), 'madvise');
}

function at(span: Span): number {
  return base + span.from * pageBytes;
}

function length(span: Span): number {
  return span.pages * pageBytes;
}

process.on('message', (ask: Ask) => {
  const told: Told = { answer: answer(ask) };
  if (ask.call === 'exit') process.disconnect();
  else process.send?.(told);
});
process.send?.({ firstPage: base / pageBytes, pages: blocks * pagesPerBlock });
