/**
 * The C library's memory calls for the workload's own address space, through koffi. Addresses are byte addresses as
 * numbers: user addresses that mmap gives without a hint stay below 2^47 and are exact in a double.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { errnoName } from '../src/vocabulary/errno.js';
import { type PageGeometry, pageGeometry } from '../src/vocabulary/units.js';
import type { OwnAdvice } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';

/** include/uapi/asm-generic/mman-common.h. */
const ADVICE: Record<OwnAdvice, number> = {
  MADV_DONTNEED: 4,
  MADV_FREE: 8,
  MADV_HUGEPAGE: 14,
  MADV_NOHUGEPAGE: 15,
  MADV_COLD: 20,
  MADV_PAGEOUT: 21,
  MADV_POPULATE_READ: 22,
  MADV_POPULATE_WRITE: 23,
  MADV_COLLAPSE: 25,
  MADV_GUARD_INSTALL: 102,
  MADV_GUARD_REMOVE: 103,
};

export const PROT = { none: 0, read: 1, write: 3, execute: 5 } as const;
export const MAP = { shared: 0x01, private: 0x02, fixed: 0x10, anonymous: 0x20, noReserve: 0x4000 } as const;
const MAP_FAILED = 0xffffffffffffffffn;
const SC_PAGESIZE = 30;
const SIGCHLD = 17;
const MFD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;
const PR_SET_THP_DISABLE = 41;
const PR_THP_DISABLE_EXCEPT_ADVISED = 2;
/** A view this long is fine on every supported Node; longer regions get several. */
export const VIEW_BYTES = 2 ** 30;
/** Largest single element copy that a pipe takes before it is full, with its default 16 buffers. */
export const PIPE_PAGES = 16;

const libc = koffi.load(null);
const mmap = libc.func(
  'uint64_t mmap(uint64_t at, uint64_t length, int prot, int flags, int fd, int64_t offset)',
);
const munmap = libc.func('int munmap(uint64_t at, uint64_t length)');
const mprotect = libc.func('int mprotect(uint64_t at, uint64_t length, int prot)');
const madvise = libc.func('int madvise(uint64_t at, uint64_t length, int advice)');
const mlock = libc.func('int mlock(uint64_t at, uint64_t length)');
const munlock = libc.func('int munlock(uint64_t at, uint64_t length)');
const memfdCreate = libc.func('int memfd_create(const char *name, uint32_t flags)');
const pipe2 = libc.func('int pipe2(uint64_t ends, int flags)');
const vmsplice = libc.func('int64_t vmsplice(int fd, uint64_t vector, uint64_t count, uint32_t flags)');
const clone = libc.func('int clone(uint64_t entry, uint64_t stack, int flags, uint64_t argument)');
const waitpid = libc.func('int waitpid(int pid, uint64_t status, int options)');
const prctl = libc.func('int prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)');
const syscall = libc.func('int64_t syscall(int64_t number, int64_t flags)');
const ioctl = libc.func('int ioctl(int fd, uint64_t request, uint64_t argument)');
const sysconf = libc.func('int64_t sysconf(int name)');

/** The kernel's page sizes; without THP, what a page table's span would be. */
export function ownGeometry(): PageGeometry {
  const pageBytes = Number(sysconf(SC_PAGESIZE));
  return pageGeometry(pageBytes, hugeBytes() ?? pageBytes * (pageBytes / 8));
}

function hugeBytes(): number | undefined {
  try {
    return Number(readFileSync('/sys/kernel/mm/transparent_hugepage/hpage_pmd_size', 'latin1')) || undefined;
  } catch {
    return undefined;
  }
}

export function mapMemory(
  at: number,
  bytes: number,
  protection: number,
  flags: number,
  descriptor = -1,
  offset = 0,
): number {
  const found = BigInt(mmap(at, bytes, protection, flags, descriptor, offset));
  if (found === MAP_FAILED) throw refusalOf(`mmap ${bytes} bytes`);
  return Number(found);
}

export function unmapMemory(at: number, bytes: number): void {
  if (munmap(at, bytes) !== 0) throw refusalOf(`munmap ${bytes} bytes`);
}

export function protectMemory(at: number, bytes: number, protection: number): void {
  if (mprotect(at, bytes, protection) !== 0) throw refusalOf(`mprotect ${bytes} bytes`);
}

export function advise(at: number, bytes: number, advice: OwnAdvice): void {
  const value = ADVICE[advice];
  if (value === undefined) throw new WorkloadRefusal('EINVAL', `madvise ${advice}`);
  if (madvise(at, bytes, value) !== 0) throw refusalOf(`madvise ${advice} ${bytes} bytes`);
}

export function lockMemory(at: number, bytes: number): void {
  if (mlock(at, bytes) !== 0) throw refusalOf(`mlock ${bytes} bytes`);
}

export function unlockMemory(at: number, bytes: number): void {
  if (munlock(at, bytes) !== 0) throw refusalOf(`munlock ${bytes} bytes`);
}

/** A file in memory without a name. Returns its descriptor. */
export function createMemoryFile(name: string): number {
  const descriptor = Number(memfdCreate(name, MFD_CLOEXEC));
  if (descriptor < 0) throw refusalOf(`memfd_create ${name}`);
  return descriptor;
}

/** The memory at an address as an ArrayBuffer. Never touch it after the address is unmapped: that ends the process. */
export function viewMemory(at: number, bytes: number): ArrayBuffer {
  return koffi.view(BigInt(at), bytes);
}

/** Both ends of a pipe that holds references on pages. `scratch` is 16 bytes of mapped memory and its view. */
export function splicePages(at: number, bytes: number, scratch: Scratch): readonly [number, number, number] {
  if (pipe2(scratch.address, O_CLOEXEC) !== 0) throw refusalOf('pipe2');
  const ends = new Int32Array(scratch.view, 0, 2);
  const [readEnd, writeEnd] = ends;
  const vector = new BigUint64Array(scratch.view, 0, 2);
  vector[0] = BigInt(at);
  vector[1] = BigInt(bytes);
  const spliced = Number(vmsplice(writeEnd, scratch.address, 1, 0));
  if (spliced < 0) throw refusalOf(`vmsplice ${bytes} bytes`);
  return [readEnd, writeEnd, spliced];
}

/** Memory at a fixed address for structures that the kernel reads and writes. */
export interface Scratch {
  readonly address: number;
  readonly view: ArrayBuffer;
}

export function scratchMemory(bytes: number): Scratch {
  const address = mapMemory(0, bytes, PROT.write, MAP.private | MAP.anonymous);
  return { address, view: viewMemory(address, bytes) };
}

/** A child with a copy of this address space that runs native code at `entry` and never comes back here. */
export function cloneInto(entry: number, stackTop: number): number {
  const pid = Number(clone(entry, stackTop, SIGCHLD, 0));
  if (pid < 0) throw refusalOf('clone');
  return pid;
}

/** Waits for a child that has ended or is about to. */
export function reapChild(pid: number): void {
  if (Number(waitpid(pid, 0, 0)) !== pid) throw refusalOf(`waitpid ${pid}`);
}

export function disableThp(how: 'no' | 'completely' | 'except-advised'): void {
  const flags = how === 'except-advised' ? PR_THP_DISABLE_EXCEPT_ADVISED : 0;
  if (prctl(PR_SET_THP_DISABLE, how === 'no' ? 0 : 1, flags, 0, 0) !== 0) {
    throw refusalOf(`prctl PR_SET_THP_DISABLE ${how}`);
  }
}

/** System call numbers of userfaultfd, which the C library does not wrap. */
const USERFAULTFD: Readonly<Record<string, number>> = { x64: 323, arm64: 282 };
/** _IOWR(0xAA, 0x3F, struct uffdio_api) and _IOWR(0xAA, 0x00, struct uffdio_register). */
const UFFDIO_API = 0xc018aa3fn;
const UFFDIO_REGISTER = 0xc020aa00n;
const UFFD_API = 0xaan;
const MODE_MISSING = 1n;

/** Has the kernel ask a descriptor that is never read for every missing page of a range. */
export function armUserfaults(at: number, bytes: number, scratch: Scratch): void {
  const number = USERFAULTFD[process.arch];
  if (number === undefined) throw new WorkloadRefusal('ENOSYS', 'userfaultfd');
  const descriptor = Number(syscall(number, O_CLOEXEC));
  if (descriptor < 0) throw refusalOf('userfaultfd');
  const words = new BigUint64Array(scratch.view, 0, 4);
  words.set([UFFD_API, 0n, 0n, 0n]);
  if (ioctl(descriptor, UFFDIO_API, scratch.address) !== 0) throw refusalOf('ioctl UFFDIO_API');
  words.set([BigInt(at), BigInt(bytes), MODE_MISSING, 0n]);
  if (ioctl(descriptor, UFFDIO_REGISTER, scratch.address) !== 0) throw refusalOf('ioctl UFFDIO_REGISTER');
}

/** Right after a call that answered −1; errno means nothing at any other time. */
function refusalOf(call: string): WorkloadRefusal {
  return new WorkloadRefusal(errnoName(koffi.errno()), call);
}
