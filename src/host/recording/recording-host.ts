/**
 * A host that looks through another one and remembers what it saw. It cannot act: every write to a kernel file and
 * every advice is refused with EROFS, so that any command may run on it. No process memory is kept, only which pages
 * held anything but zeroes; environments, command lines and keys are not kept at all (recording/paths.ts).
 */

import { failure } from '../../base/result.js';
import { SeededRandom } from '../../base/seeded-random.js';
import type { Advice } from '../../vocabulary/abilities.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Bytes, PageRange, ProcessId } from '../../vocabulary/units.js';
import type {
  Answer,
  AppendFile,
  Calls,
  FileStatus,
  Files,
  Host,
  OpenFile,
  PagemapScan,
  ProcessHandle,
  ProcessMemory,
  Program,
  Refusal,
  ScannedRegions,
} from '../host.js';
import { Ledger, type RecordingAccount } from './ledger.js';
import { isKernelPath } from './paths.js';

/** A host that remembers, and what it remembers. */
export interface Recorder {
  readonly host: Host;
  /** Writes what was seen into a folder that is empty or not there yet. Throws FILE_UNWRITABLE. */
  save(folder: string): RecordingAccount;
}

/** Returns a recorder around a host. Acting through it is refused with EROFS. */
export function recordHost(inner: Host): Recorder {
  const ledger = new Ledger(inner.random.uint32(), inner.clock.wallMs());
  const host: Host = {
    files: new RecordingFiles(inner, ledger),
    calls: new RecordingCalls(inner, ledger),
    clock: inner.clock,
    // Seeded, so that a replay draws the same samples.
    random: new SeededRandom(ledger.seed),
    identity: inner.identity,
  };
  return { host, save: (folder) => ledger.save(folder, inner) };
}

class RecordingFiles implements Files {
  readonly #inner: Files;
  readonly #ledger: Ledger;
  readonly #pagesPerBlock: number;

  constructor(inner: Host, ledger: Ledger) {
    this.#inner = inner.files;
    this.#ledger = ledger;
    this.#pagesPerBlock = inner.identity.geometry.pagesPerBlock;
  }

  list(path: string): Answer<readonly string[]> {
    const answer = this.#inner.list(path);
    if (isKernelPath(path)) this.#ledger.note(path, 'list', answer.ok ? answer.value : answer.error.errno);
    return answer;
  }

  status(path: string): Answer<FileStatus> {
    const answer = this.#inner.status(path);
    if (isKernelPath(path)) this.#ledger.note(path, 'status', answer.ok ? answer.value : answer.error.errno);
    return answer;
  }

  link(path: string): Answer<string> {
    const answer = this.#inner.link(path);
    if (isKernelPath(path)) {
      this.#ledger.note(path, 'link', answer.ok ? { to: answer.value } : answer.error.errno);
    }
    return answer;
  }

  readText(path: string): Answer<string> {
    const answer = this.#inner.readText(path);
    if (isKernelPath(path)) {
      const bytes = answer.ok ? { ok: true as const, value: new TextEncoder().encode(answer.value) } : answer;
      this.#ledger.text(path, bytes);
    }
    return answer;
  }

  readBytes(path: string): Answer<Uint8Array> {
    const answer = this.#inner.readBytes(path);
    if (isKernelPath(path)) this.#ledger.bytes(path, answer);
    return answer;
  }

  open(path: string): Answer<OpenFile> {
    const answer = this.#inner.open(path);
    if (!isKernelPath(path)) return answer;
    const isKept = this.#ledger.opened(path, answer);
    if (!answer.ok || !isKept) return answer;
    return { ok: true, value: new RecordingFile(answer.value, this.#ledger, this.#pagesPerBlock) };
  }

  canWrite(path: string): Answer<void> {
    const answer = this.#inner.canWrite(path);
    if (isKernelPath(path)) this.#ledger.note(path, 'write', answer.ok ? 'ok' : answer.error.errno);
    return answer;
  }

  writeKernelFile(path: string): Answer<void> {
    return refused('EROFS', `write ${path}`);
  }

  writeFile(path: string, content: string | Uint8Array): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `write ${path}`) : this.#inner.writeFile(path, content);
  }

  appendTo(path: string): Answer<AppendFile> {
    return isKernelPath(path) ? refused('EROFS', `open for appending ${path}`) : this.#inner.appendTo(path);
  }

  createExclusive(path: string, text: string): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `create ${path}`) : this.#inner.createExclusive(path, text);
  }

  makeDirectory(path: string): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `mkdir ${path}`) : this.#inner.makeDirectory(path);
  }

  remove(path: string): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `remove ${path}`) : this.#inner.remove(path);
  }
}

/** Tables with an entry for each page or frame. */
const PAGE_TABLES = /^\/proc\/(kpage(flags|count|cgroup)|[^/]+\/pagemap)$/;
const ENTRY_BYTES = 8;

/**
 * Of tables of pages the whole huge-page-aligned window around each read is kept, so that a later Octavo, which may
 * read in other pieces, finds what it needs. What the command itself read is kept as it read it.
 */
class RecordingFile implements OpenFile {
  readonly #inner: OpenFile;
  readonly #ledger: Ledger;
  readonly #window: Uint8Array | undefined;
  readonly #known = new Set<number>();

  constructor(inner: OpenFile, ledger: Ledger, pagesPerBlock: number) {
    this.#inner = inner;
    this.#ledger = ledger;
    if (PAGE_TABLES.test(inner.path)) this.#window = new Uint8Array(pagesPerBlock * ENTRY_BYTES);
  }

  get path(): string {
    return this.#inner.path;
  }

  read(into: Uint8Array, position: number): Answer<number> {
    this.#keepAround(position, position + into.length);
    const answer = this.#inner.read(into, position);
    this.#ledger.piece(this.path, position, into, answer);
    return answer;
  }

  close(): void {
    this.#inner.close();
  }

  #keepAround(from: number, to: number): void {
    const window = this.#window;
    if (!window) return;
    for (let index = Math.floor(from / window.length); index * window.length < to; index++) {
      if (this.#known.has(index)) continue;
      this.#known.add(index);
      const answer = this.#inner.read(window, index * window.length);
      this.#ledger.piece(this.path, index * window.length, window, answer);
    }
  }
}

class RecordingCalls implements Calls {
  readonly #inner: Host;
  readonly #ledger: Ledger;

  constructor(inner: Host, ledger: Ledger) {
    this.#inner = inner;
    this.#ledger = ledger;
  }

  openProcess(pid: ProcessId): Answer<ProcessHandle> {
    const answer = this.#inner.calls.openProcess(pid);
    this.#ledger.process(pid, answer);
    return answer;
  }

  async processMadvise(
    handle: ProcessHandle,
    _: readonly PageRange[],
    advice: Advice,
  ): Promise<Answer<Bytes>> {
    return refused('EROFS', `process_madvise pid ${handle.pid} ${advice}`);
  }

  openMemory(pid: ProcessId): Answer<ProcessMemory> {
    const opened = this.#inner.calls.openMemory(pid);
    if (opened.ok) {
      const { pageBytes } = this.#inner.identity.geometry;
      return { ok: true, value: new RecordingMemory(opened.value, this.#ledger, pageBytes) };
    }
    this.#ledger.memory({ pid, start: 0, end: 0, pages: 0, filled: '', refusal: opened.error.errno });
    return opened;
  }

  scanPagemap(pid: ProcessId, scan: PagemapScan): Answer<ScannedRegions> {
    const answer = this.#inner.calls.scanPagemap(pid, scan);
    const { range, ...conditions } = scan;
    const regions = answer.ok ? flat(answer.value) : answer.error.errno;
    this.#ledger.scan({ pid, ...range, ...conditions, regions });
    return answer;
  }

  probeAdvice(advice: Advice): Answer<void> {
    const answer = this.#inner.calls.probeAdvice(advice);
    this.#ledger.advice(advice, answer);
    return answer;
  }

  start(command: string): Answer<Program> {
    return refused('EROFS', `execve ${command}`);
  }

  become(command: string): Refusal {
    return { errno: 'EROFS', call: `execve ${command}` };
  }
}

/** Keeps for each page that was read whether it held anything but zeroes, and nothing else of it. */
class RecordingMemory implements ProcessMemory {
  readonly #inner: ProcessMemory;
  readonly #ledger: Ledger;
  readonly #pageBytes: Bytes;

  constructor(inner: ProcessMemory, ledger: Ledger, pageBytes: Bytes) {
    this.#inner = inner;
    this.#ledger = ledger;
    this.#pageBytes = pageBytes;
  }

  get pid(): ProcessId {
    return this.#inner.pid;
  }

  read(range: PageRange, into: Uint8Array): Answer<Bytes> {
    const answer = this.#inner.read(range, into);
    const pages = answer.ok ? Math.floor(answer.value / this.#pageBytes) : 0;
    const filled = filledPages(into.subarray(0, pages * this.#pageBytes), this.#pageBytes).toString('base64');
    const refusal = answer.ok ? {} : { refusal: answer.error.errno };
    this.#ledger.memory({ pid: this.pid, ...range, pages, filled, ...refusal });
    return answer;
  }

  close(): void {
    this.#inner.close();
  }
}

function flat({ count, starts, ends, categories }: ScannedRegions): readonly number[] {
  const values: number[] = [];
  for (let row = 0; row < count; row++) values.push(starts[row], ends[row], categories[row]);
  return values;
}

/** One bit for each page, set when it holds anything but zeroes. */
function filledPages(memory: Uint8Array, pageBytes: Bytes): Buffer {
  const pages = Math.floor(memory.length / pageBytes);
  const bits = Buffer.alloc(Math.ceil(pages / 8));
  const zeroes = new Uint8Array(pageBytes);
  for (let page = 0; page < pages; page++) {
    const part = memory.subarray(page * pageBytes, (page + 1) * pageBytes);
    if (Buffer.compare(part, zeroes) !== 0) bits[page >> 3] |= 1 << (page & 7);
  }
  return bits;
}

function refused(errno: ErrnoName, call: string): Answer<never> {
  return failure({ errno, call });
}
