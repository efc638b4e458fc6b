/**
 * System calls through koffi, the only place that knows of it. Everything embedded in a structure (iovec arrays,
 * scan vectors) lives in one mmap arena that is never unmapped: a pointer into a typed array that the collector
 * may move or free makes the kernel read or write unrelated memory without any error.
 */
import koffi from 'koffi';
import { type ErrnoName, errnoName } from '../../vocabulary/errno.js';

/** System call numbers: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
export const NUMBERS = {
  x64: {
    ioctl: 16,
    madvise: 28,
    socket: 41,
    sendto: 44,
    socketpair: 53,
    wait4: 61,
    fcntl: 72,
    capset: 126,
    sched_setscheduler: 144,
    sched_getscheduler: 145,
    prctl: 157,
    gettid: 186,
    perf_event_open: 298,
    pidfd_open: 434,
    process_madvise: 440,
  },
  arm64: {
    ioctl: 29,
    madvise: 233,
    socket: 198,
    sendto: 206,
    socketpair: 199,
    fcntl: 25,
    wait4: 260,
    capset: 91,
    sched_setscheduler: 119,
    sched_getscheduler: 120,
    prctl: 167,
    gettid: 178,
    perf_event_open: 241,
    pidfd_open: 434,
    process_madvise: 440,
  },
} as const;

/** Name of a system call that Octavo makes. */
export type SystemCall = keyof (typeof NUMBERS)['x64'];

const MAP_FAILED = 0xffffffffffffffffn;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_SHARED = 1;

/** What a system call gave back: its value, or the errno. */
export interface CallResult {
  readonly value: number;
  readonly errno: ErrnoName | undefined;
}

type NativeCall = (...values: (number | bigint)[]) => number | bigint;

/** A mapping of a file. Its view must not be touched after `unmap`: that would end the process. */
export interface SharedMapping {
  readonly memory: ArrayBuffer;
  unmap(): void;
}

/** A span of the arena, viewed once. */
export interface ArenaSpan {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/**
 * Calls libc and raw system calls, and returns their errno, which it reads before anything else can change
 * it.
 */
export class Native {
  readonly #syscall: NativeCall & { async: (...values: unknown[]) => void };
  readonly #mmap: NativeCall;
  readonly #munmap: NativeCall;
  readonly #numbers: Record<SystemCall, number>;

  constructor(architecture: 'x64' | 'arm64') {
    const libc = koffi.load(null);
    const word = 'int64_t';
    this.#syscall = libc.func('syscall', word, Array(7).fill(word)) as never;
    this.#mmap = libc.func('mmap', 'uint64_t', ['uint64_t', 'uint64_t', 'int', 'int', 'int', word]) as never;
    this.#munmap = libc.func('munmap', 'int', ['uint64_t', 'uint64_t']) as never;
    this.#numbers = NUMBERS[architecture];
  }

  call(name: SystemCall, ...values: (number | bigint)[]): CallResult {
    const raw = this.#syscall(this.#numbers[name], ...padded(values));
    const error = koffi.errno();
    return resultOf(raw, error);
  }

  /** The same on a worker thread of libuv, so that a call that blocks does not hold up the event loop. */
  callAsync(name: SystemCall, ...values: (number | bigint)[]): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      this.#syscall.async(
        this.#numbers[name],
        ...padded(values),
        (problem: unknown, raw: number | bigint) => {
          const error = koffi.errno();
          if (problem) reject(problem);
          else resolve(resultOf(raw, error));
        },
      );
    });
  }

  /** Memory at a fixed address for the life of the process. */
  arena(byteLength: number): ArenaSpan {
    const address = BigInt(
      this.#mmap(0, byteLength, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0) as number | bigint,
    );
    const error = koffi.errno();
    if (address === MAP_FAILED) throw new Error(`mmap of ${byteLength} bytes failed: ${errnoName(error)}`);
    return { address, bytes: new Uint8Array(koffi.view(address, byteLength)) };
  }

  /** Maps a file for reading and writing; the errno when the kernel refuses. */
  mapShared(descriptor: number, byteLength: number): SharedMapping | ErrnoName {
    const address = BigInt(
      this.#mmap(0, byteLength, PROT_READ_WRITE, MAP_SHARED, descriptor, 0) as number | bigint,
    );
    const error = koffi.errno();
    if (address === MAP_FAILED) return errnoName(error);
    return { memory: koffi.view(address, byteLength), unmap: () => void this.#munmap(address, byteLength) };
  }
}

/**
 * `error`: errno, read right after the call. Whatever runs in between may change it: in the bundle even the first use of
 * another module, which reads its file.
 */
function resultOf(raw: number | bigint, error: number): CallResult {
  const value = Number(raw);
  return { value, errno: value === -1 ? errnoName(error) : undefined };
}

function padded(values: (number | bigint)[]): (number | bigint)[] {
  return values.length === 6 ? values : [...values, ...Array(6 - values.length).fill(0)];
}
