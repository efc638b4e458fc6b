/**
 * The one door to the world. A live Linux, a recorded folder and the model kernel are three hosts behind this
 * interface; nothing above it can tell which one it stands on.
 *
 * Conventions
 * - A refusal is a value (`Result<…, Refusal>`), never an exception.
 * - Reads are synchronous: kernel files answer at once. Calls that may block for milliseconds return promises.
 * - Memory is named by page numbers and page ranges; byte addresses exist only inside an implementation.
 * - Calls take batches, so that neither a system call nor a model call is paid per page.
 */
import type { Result } from '../base/result.js';
import type { Advice } from '../vocabulary/abilities.js';
import type { ErrnoName } from '../vocabulary/errno.js';
import type {
  Bytes,
  Milliseconds,
  Nanoseconds,
  PageGeometry,
  PageRange,
  Pages,
  ProcessId,
} from '../vocabulary/units.js';

/** What the kernel answered instead of doing it. */
export interface Refusal {
  readonly errno: ErrnoName;
  /** The call and what it was given, for messages: `open /proc/1/pagemap`, `process_madvise pid 12 MADV_COLD`. */
  readonly call: string;
  /** Why the call could not even be made, when no kernel was asked. */
  readonly unasked?: string;
}

/** A value, or the kernel's refusal with errno and call. */
export type Answer<Value> = Result<Value, Refusal>;

/** What a path is. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'other';

/** What lstat tells of a path, as far as anything needs it. */
export interface FileStatus {
  readonly kind: FileKind;
  /** Permission bits, as `0o644`. */
  readonly mode: number;
  readonly bytes: Bytes;
  readonly modifiedMs: Milliseconds;
  /** User id of its owner; absent where that is not known. */
  readonly owner?: number;
}

/** A file that stays open for reads at positions (pagemap, kpageflags, perf.data). Close it when done. */
export interface OpenFile {
  readonly path: string;
  /**
   * Fills `into` from `position`; returns the bytes read, 0 at the end. Short reads are possible. A named pipe has no
   * positions and gives what comes next.
   */
  read(into: Uint8Array, position: number): Answer<number>;
  close(): void;
}

/**
 * A file that only grows (the journal). `append` returns after the data is on stable storage; of an append that is
 * refused (ENOSPC, EDQUOT) nothing stays in the file.
 */
export interface AppendFile {
  append(text: string): Answer<void>;
  close(): void;
}

/** Files of the host. Paths are absolute; every failure is a value. */
export interface Files {
  /** Names in a directory, unsorted, without `.` and `..`. */
  list(path: string): Answer<readonly string[]>;
  status(path: string): Answer<FileStatus>;
  /** Where a symbolic link points. */
  link(path: string): Answer<string>;
  readText(path: string): Answer<string>;
  readBytes(path: string): Answer<Uint8Array>;
  open(path: string): Answer<OpenFile>;
  /** One write(2) of the whole text to an existing file, as sysfs, debugfs and procfs expect it. */
  writeKernelFile(path: string, text: string): Answer<void>;
  /** Whether an existing file can be opened for writing. Opens and closes it, writes nothing. */
  canWrite(path: string): Answer<void>;
  /**
   * Creates or replaces an ordinary file atomically and durably (temporary file, fsync, rename). For its owner only, unless
   * permission bits are given.
   */
  writeFile(path: string, content: string | Uint8Array, mode?: number): Answer<void>;
  /** Opens an ordinary file for durable appends, creating it when absent. */
  appendTo(path: string): Answer<AppendFile>;
  /** Creates an ordinary file with `text` only if it does not exist yet (EEXIST otherwise): the lock primitive. */
  createExclusive(path: string, text: string): Answer<void>;
  makeDirectory(path: string): Answer<void>;
  /** Removes an ordinary file or an empty directory (ENOTEMPTY otherwise). */
  remove(path: string): Answer<void>;
}

/** A process pinned against pid reuse (a pidfd on Linux). Close it when done. */
export interface ProcessHandle {
  readonly pid: ProcessId;
  /** True while the very process that was opened is still there. */
  isAlive(): boolean;
  close(): void;
}

/**
 * The content of a process's memory, for looking. It stays the memory that was opened: a process that ended, ran
 * another program or left its pid to another one reads as nothing. Close it when done.
 */
export interface ProcessMemory {
  readonly pid: ProcessId;
  /**
   * Copies pages of `range` into `into` until the first that is not in memory. Returns the bytes copied, 0 when the
   * first page is not there, or the refusal for the first page. Leaves memory as it is: nothing is faulted in, nobody
   * waits for a userfault, and what a fork shares stays shared.
   */
  read(range: PageRange, into: Uint8Array): Answer<Bytes>;
  close(): void;
}

export type { Advice };

/** Categories of PAGEMAP_SCAN, by bit (include/uapi/linux/fs.h). */
export const PAGE_IS = {
  WPALLOWED: 1,
  WRITTEN: 1 << 1,
  FILE: 1 << 2,
  PRESENT: 1 << 3,
  SWAPPED: 1 << 4,
  PFNZERO: 1 << 5,
  HUGE: 1 << 6,
  SOFT_DIRTY: 1 << 7,
  GUARD: 1 << 8,
  ACCESSED: 1 << 9,
} as const;

/** A read-only PAGEMAP_SCAN: pages whose categories, XOR `inverted`, contain all of `mask` and any of `anyOf`. */
export interface PagemapScan {
  readonly range: PageRange;
  readonly inverted: number;
  readonly mask: number;
  /** 0 for no such condition. */
  readonly anyOf: number;
  /** Categories to report; neighbouring pages with equal reported categories merge. */
  readonly report: number;
}

/** Columns of what PAGEMAP_SCAN found: regions [starts[i], ends[i]) with categories[i]. */
export interface ScannedRegions {
  readonly count: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly categories: Uint32Array;
}

/** A child that Octavo itself started (its own workload, perf). Never a target that Octavo did not start. */
export interface Program {
  readonly pid: ProcessId;
  /** Standard output, as it comes. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Everything written to standard error so far, the last 64 KiB of it. */
  errors(): string;
  write(text: string): void;
  /** Ends when the program has ended: its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
}

/** The ring buffer of a perf event. Drops what is not read in time and says so in LOST records. */
export interface PerfRing {
  /** Copies the oldest unread bytes into `into` and frees their room; returns how many. Records may be cut. */
  read(into: Uint8Array): number;
  /** Lets another thread's event write to this ring, on the same CPU and with the same attr. */
  join(thread: ProcessId): Answer<void>;
  /** Ends the events and gives the memory back. Later reads answer 0. */
  close(): void;
}

/** perf_event_open(2) with a ring buffer. Absent where there is no foreign-function interface. */
export interface PerfEvents {
  /** Opens an event from the bytes of its perf_event_attr for a thread on one CPU; `pages` is a power of two. */
  open(attr: Uint8Array, thread: ProcessId, cpu: number, pages: Pages): Answer<PerfRing>;
}

/** Where a process may get THPs by faults and khugepaged: in ranges it advised, or nowhere. */
export type ThpRule = 'except-advised' | 'never';

/** System calls of the host. Addresses are bytes as bigint, batches are columns. */
export interface Calls {
  /** Perf events of this kernel, where they can be opened directly. */
  readonly perfEvents?: PerfEvents;
  /** Opens a process so that later calls cannot hit another one that got its pid. */
  openProcess(pid: ProcessId): Answer<ProcessHandle>;
  /**
   * process_madvise over all ranges in order, split into as many calls as the kernel's limits need (1024 ranges and
   * under 2 GiB a call). Returns the bytes of the ranges before the first one that was refused, or that refusal when
   * it was the very first; proves nothing about page sizes.
   */
  processMadvise(handle: ProcessHandle, ranges: readonly PageRange[], advice: Advice): Promise<Answer<Bytes>>;
  /**
   * Does beforehand what MADV_COLLAPSE would do first under the target's lock: empties all CPUs' batches of pages that
   * wait for their LRU list. Absent where it makes no difference; harmless where it does not help.
   */
  drainLru?(): Promise<void>;
  /**
   * Runs threads of this process before others until the function returned is called, so that none is preempted with
   * another process's locks in its hands: those that carry out calls (processMadvise), or all, for files that are read or
   * written, such as smaps. Absent where there is no scheduler; no effect without CAP_SYS_NICE.
   */
  hurry?(what: 'calls' | 'files'): Promise<() => void>;
  /** Opens the content of a process's memory. EACCES without the right to trace it, ENOENT when it has ended. */
  openMemory(pid: ProcessId): Answer<ProcessMemory>;
  /** PAGEMAP_SCAN on /proc/PID/pagemap. ENOTTY where the kernel has none, EINVAL for a category it lacks. */
  scanPagemap(pid: ProcessId, scan: PagemapScan): Answer<ScannedRegions>;
  /** Whether the kernel knows an advice for process_madvise, asked with an empty range so that nothing happens. */
  probeAdvice(advice: Advice): Answer<void>;
  /** Starts a program of our own with piped standard streams. ENOENT when there is no such program. */
  start(command: string, parameters: readonly string[]): Answer<Program>;
  /**
   * Turns this very process into another program (execve) under a THP rule that it and its children inherit (prctl
   * PR_SET_THP_DISABLE): same pid, streams, directory, environment and signal dispositions. Returns only when it was
   * refused: EINVAL of prctl where the kernel does not know the rule, ENOENT, EACCES … of execve.
   */
  become(command: string, parameters: readonly string[], rule: ThpRule): Refusal;
}

/** Where pages are served: a Unix socket with these permission bits, or a port of the loopback interface (0: any free). */
export type ListenPlace =
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number }
  | { readonly kind: 'tcp'; readonly address: '127.0.0.1' | '::1'; readonly port: number };

/** Text that is served as it is. */
export interface Page {
  /** `/metrics` */
  readonly path: string;
  /** Media type, with its parameters. */
  readonly type: string;
  readonly body: string;
  /** Only for requests that accept this media type by name; of the pages of a path the first that fits is served. */
  readonly accepts?: string;
  /** Served for so long; from then on the answer is 503 until it is published anew. */
  readonly freshMs?: Milliseconds;
}

/**
 * Serves pages over HTTP from a thread of its own: a request gets what was published and starts no work. GET and HEAD
 * only; clients, header bytes and times are bounded.
 */
export interface PageServer {
  /** With the port that was chosen. */
  readonly place: ListenPlace;
  /** These are the pages from now on. */
  publish(pages: readonly Page[]): void;
  /** Ends when nothing is served any more: why, when it ended by itself, else undefined. */
  readonly ended: Promise<string | undefined>;
  close(): Promise<void>;
}

/** A request as it came, within the bounds of the server. */
export interface WebRequest {
  readonly method: string;
  /** Path with query, as it was sent. */
  readonly target: string;
  readonly hasBody: boolean;
  /** Its body as text, where the server reads bodies and it is within their bound; never of another method than POST. */
  readonly body?: string;
  /** Value of a header by its name in small letters; several are joined. */
  header(name: string): string | undefined;
}

/** What a request gets. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with its length, or a stream of text that goes on until either side ends it. */
  readonly body: Uint8Array | WebStream;
}

/** What follows a client that stays. */
export interface WebStream {
  /** Told once, when the answer begins. Returns what is to be done when the client has gone. */
  follow(sink: WebSink): () => void;
}

/** A client that stays. */
export interface WebSink {
  /** Sends text; a client that does not take what it was sent is hung up on. */
  send(text: string): void;
  end(): void;
}

/** Bounds on who is served, how long, and by how much memory. */
export interface WebBounds {
  /** Connections at a time. */
  readonly connections: number;
  /** Bytes of answers that wait to be taken: of one stream, and of all connections together. */
  readonly streamBytes: Bytes;
  readonly waitingBytes: Bytes;
  /** For an answer to be taken. */
  readonly answerMs: Milliseconds;
  /** Bytes of the body of a POST at most; bodies are never read when absent. */
  readonly bodyBytes?: Bytes;
}

/** Answers requests of this machine's programs, in the thread of its owner. */
export interface WebServer {
  /** With the port that was chosen. */
  readonly place: ListenPlace;
  /** Bytes of answers that wait to be taken by slow clients. */
  readonly waitingBytes: Bytes;
  close(): Promise<void>;
}

/** Decides what a request gets. It must not throw. */
export type Answerer = (request: WebRequest) => WebAnswer | Promise<WebAnswer>;

/** The network, as far as metrics and pages need it. */
export interface Network {
  /** EADDRINUSE when another serves there, EEXIST for a path that is no socket, EACCES … */
  serve(place: ListenPlace): Promise<Answer<PageServer>>;
  /** Answers each request by `answerer`; refusals as of `serve`. */
  answer(place: ListenPlace, answerer: Answerer, bounds: WebBounds): Promise<Answer<WebServer>>;
  /** A file that was built for the page, beside the program; ENOENT where it was not. */
  pageFile(name: string): Answer<Uint8Array>;
  /**
   * The body of a GET over plain HTTP from a service of this machine. EACCES for another machine's address, ETIMEDOUT,
   * EFBIG; EIO with its status when that is not 200.
   */
  get(url: string, withinMs: Milliseconds, mostBytes: Bytes): Promise<Answer<string>>;
}

/** Who started this process as a service, and watches it. */
export interface ServiceManager {
  /** It expects to be told WATCHDOG=1 at least so often; absent where it does not watch. */
  readonly watchdogMs?: Milliseconds;
  /** Lines as of sd_notify(3): `READY=1`. */
  tell(text: string): Answer<void>;
}

/** The host's time. */
export interface Clock {
  /** Since an arbitrary point, never goes back. */
  monotonicNs(): Nanoseconds;
  /** Milliseconds since 1970. */
  wallMs(): Milliseconds;
  /** The only way anything in Octavo waits. On the model it runs the model forward by that much. */
  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void>;
}

/** The host's randomness, seeded on the model. */
export interface Random {
  /** A 32-bit unsigned integer. */
  uint32(): number;
}

/** What a host is and who we are on it. Does not change while it is open. */
export interface Identity {
  /** What the host is: decides wording only, never behaviour. */
  readonly kind: 'linux' | 'folder' | 'model';
  readonly architecture: 'x64' | 'arm64' | 'other';
  readonly geometry: PageGeometry;
  readonly pid: ProcessId;
  readonly userId: number;
  readonly isPrivileged: boolean;
  /** Identifies this boot of the kernel; pids and start times mean nothing across boots. */
  readonly bootId: string;
  /** Where Octavo keeps journals and back-off state unless told otherwise. */
  readonly stateDirectory: string;
}

/** Everything of the world that Octavo may touch. */
export interface Host {
  readonly files: Files;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: Identity;
  /** Absent where nothing can be served: recordings, and the model. */
  readonly network?: Network;
  /** Absent where no service manager runs this process. */
  readonly serviceManager?: ServiceManager;
}
