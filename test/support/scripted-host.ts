/**
 * A host made of a map of files and a handful of blocks, for tests of what acts and journals. Memory is one process
 * (pid 100) with one anonymous mapping; process_madvise and debugfs writes change its blocks the way Linux does, and
 * every call is kept in order.
 */
import { failure, success } from '../../src/base/result.js';
import type {
  Advice,
  Answer,
  Calls,
  Clock,
  Files,
  Host,
  OpenFile,
  ProcessHandle,
} from '../../src/host/host.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';
import { GEOMETRY_4K, type PageRange } from '../../src/vocabulary/units.js';
import { FIRST_BLOCK } from './drawing.js';
import { xorshift } from './random.js';

const PAGES = 512;
export const PID = 100;

export interface ScriptedBlock {
  /** Order of all folios of the block; 9 is PMD-mapped. */
  order: number;
  /** Why the kernel leaves it as it is. */
  readonly stuck?: 'pinned' | 'shared';
  /** errno of a collapse. */
  readonly collapseFails?: ErrnoName;
  /** First frame; changes when it is collapsed. */
  frame: number;
  /** Pages that are mapped, the first ones of the block; all when absent. */
  present?: number;
  /** Zero-filled pages at its end: a split frees them. */
  readonly zeroes?: number;
}

export class ScriptedHost implements Host {
  readonly log: string[] = [];
  readonly texts = new Map<string, string>();
  readonly blocks: ScriptedBlock[];
  readonly identity: Host['identity'];
  readonly files: { -readonly [Name in keyof Files]: Files[Name] };
  readonly calls: { -readonly [Name in keyof Calls]: Calls[Name] };
  readonly clock: { -readonly [Name in keyof Clock]: Clock[Name] };
  readonly random;
  vmFlags = 'rd wr mr mw me ac hg';
  /** What is behind the mapping, as maps shows it after the address and permissions. */
  backing = '00000000 00:00 0 ';
  startTicks = 5000;
  alive = true;
  /** Processes that were opened and not closed. */
  openHandles = 0;
  /** Files that were opened for appending and not closed. */
  openFiles = 0;
  failedSplits = 0;
  nowNs = 0;
  nextFrame = 90_000 * PAGES;
  /** Called before every durable write, so that a test can pull the plug. */
  beforeWrite: (path: string) => void = () => undefined;
  debugfs: ErrnoName | undefined;
  /** How long each range of an advice takes, in turn; nothing when empty. */
  advising: readonly number[] = [];
  /** When advices began and ended. */
  readonly held: { readonly beganNs: number; readonly endedNs: number }[] = [];
  /** Counters of /proc/vmstat beside the failed splits. */
  readonly counters: Record<string, number> = {};
  minorFaults = 0;
  /** Files and folders that cannot be read, and the answer. */
  readonly unreadable = new Map<string, ErrnoName>();
  /** Called with the number of each process_madvise, so that a test can have it fail. */
  failAdvice: (call: number) => void = () => undefined;
  #advised = 0;
  /** The disk has no room left. */
  full = false;
  /** The plug is pulled: nothing reaches the disk any more. */
  dead = false;
  /** When files were last written. */
  readonly modified = new Map<string, number>();
  #writes = 0;

  constructor(blocks: readonly (number | Partial<ScriptedBlock>)[]) {
    this.blocks = blocks.map((block, index) => {
      const given = typeof block === 'number' ? { order: block } : block;
      return { order: 9, frame: (5000 + index) * PAGES, ...given };
    });
    this.identity = {
      kind: 'model',
      architecture: 'x64',
      geometry: GEOMETRY_4K,
      pid: 1,
      userId: 0,
      isPrivileged: true,
      bootId: 'boot-1',
      stateDirectory: '/state',
    };
    this.texts.set('/proc/1/stat', stat(1, 'octavo', 1));
    this.texts.set('/sys/kernel/mm/transparent_hugepage/enabled', 'always [madvise] never');
    this.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}500 500\n`);
    this.texts.set('/proc/pressure/memory', 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n');
    this.files = this.#files();
    this.calls = this.#calls();
    this.clock = {
      monotonicNs: () => (this.nowNs += 1000),
      wallMs: () => 1_700_000_000_000 + Math.floor(this.nowNs / 1e6),
      sleep: async (duration) => {
        this.log.push(`sleep ${Math.round(duration)}`);
        this.nowNs += duration * 1e6;
      },
    };
    const draw = xorshift(3);
    this.random = { uint32: draw };
  }

  /** Puts a file on the disk, at a time of its own. */
  write(path: string, text: string): void {
    this.texts.set(path, text);
    this.modified.set(path, ++this.#writes);
  }

  #read(path: string): string | undefined {
    if (path === '/proc/vmstat')
      return vmstat({ ...this.counters, thp_split_page_failed: this.failedSplits });
    if (!path.startsWith(`/proc/${PID}/`)) return this.texts.get(path);
    if (!this.alive) return undefined;
    const name = path.slice(`/proc/${PID}/`.length);
    const end = FIRST_BLOCK + this.blocks.length;
    const permissions = this.backing.endsWith(' ') ? 'rw-p' : 'rw-s';
    const header = `${hex(FIRST_BLOCK)}-${hex(end)} ${permissions} ${this.backing}\n`;
    if (name === 'stat') return stat(PID, 'db', this.startTicks, this.minorFaults);
    if (name === 'cgroup') return '0::/db.service\n';
    if (name === 'maps') return header;
    if (name === 'smaps') return `${header}Rss: 4 kB\nTHPeligible:    1\nVmFlags: ${this.vmFlags}\n`;
    return undefined;
  }

  #files(): Files {
    const absent = (call: string) => failure({ errno: 'ENOENT' as const, call });
    const store = (path: string, text: string): Answer<void> => {
      this.beforeWrite(path);
      if (this.full) return failure({ errno: 'ENOSPC' as const, call: `write ${path}` });
      this.write(path, text);
      return success(undefined);
    };
    return {
      list: (path) => {
        const errno = this.unreadable.get(path);
        if (errno) return failure({ errno, call: `list ${path}` });
        const below = [...this.texts.keys()].filter((name) => name.startsWith(`${path}/`));
        const names = new Set(below.map((name) => name.slice(path.length + 1).split('/')[0]));
        return names.size > 0 ? success([...names]) : absent(`list ${path}`);
      },
      status: (path) => {
        const text = this.texts.get(path);
        if (text === undefined) return absent(`stat ${path}`);
        const modifiedMs = this.modified.get(path) ?? 0;
        return success({ kind: 'file' as const, mode: 0o600, bytes: Buffer.byteLength(text), modifiedMs });
      },
      link: (path) => absent(`readlink ${path}`),
      readText: (path) => {
        const errno = this.unreadable.get(path);
        if (errno) return failure({ errno, call: `read ${path}` });
        const text = this.#read(path);
        return text === undefined ? absent(`read ${path}`) : success(text);
      },
      readBytes: (path) => absent(`read ${path}`),
      open: (path) => this.#open(path),
      writeKernelFile: (path, text) => {
        this.log.push(`write ${path} ${text}`);
        if (this.debugfs) return failure({ errno: this.debugfs, call: `write ${path}` });
        return this.#debugfsSplit(text);
      },
      canWrite: (path) =>
        this.debugfs ? failure({ errno: this.debugfs, call: `open ${path}` }) : success(undefined),
      writeFile: (path, content) => store(path, String(content)),
      appendTo: (path) => {
        if (!this.texts.has(path)) this.write(path, '');
        this.openFiles++;
        return success({
          append: (text: string) => store(path, (this.texts.get(path) ?? '') + text),
          close: () => void this.openFiles--,
        });
      },
      createExclusive: (path, text) => {
        if (this.texts.has(path)) return failure({ errno: 'EEXIST', call: `create ${path}` });
        return store(path, text);
      },
      makeDirectory: () => success(undefined),
      remove: (path) => {
        if (this.dead) return failure({ errno: 'EIO' as const, call: `remove ${path}` });
        this.texts.delete(path);
        return success(undefined);
      },
    };
  }

  #open(path: string): Answer<OpenFile> {
    if (path === '/proc/kpageflags') return success(this.#entries(path, (frame) => this.#kpageflags(frame)));
    if (path === `/proc/${PID}/pagemap` && this.alive)
      return success(this.#entries(path, (page) => this.#pagemap(page)));
    const errno = this.unreadable.get(path);
    const text = this.texts.get(path);
    if (text === undefined || errno) return failure({ errno: errno ?? 'ENOENT', call: `open ${path}` });
    this.log.push(`open ${path}`);
    this.openFiles++;
    return success({
      path,
      read: (into: Uint8Array, position: number) =>
        success(Buffer.from(text).copy(into, 0, position, position + into.length)),
      close: () => void this.openFiles--,
    });
  }

  #entries(path: string, entry: (index: number) => bigint): OpenFile {
    return {
      path,
      close: () => undefined,
      read: (into, position) => {
        const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
        for (let at = 0; at + 8 <= into.length; at += 8)
          view.setBigUint64(at, entry((position + at) / 8), true);
        return success(into.length);
      },
    };
  }

  #pagemap(page: number): bigint {
    const block = this.blocks[Math.floor(page / PAGES) - FIRST_BLOCK];
    if (!block || page % PAGES >= (block.present ?? PAGES)) return 0n;
    const exclusive = block.stuck === 'shared' ? 0n : 1n << 56n;
    return (1n << 63n) | exclusive | BigInt(block.frame + (page % PAGES));
  }

  #kpageflags(frame: number): bigint {
    const block = this.blocks.find((one) => one.frame <= frame && frame < one.frame + PAGES);
    if (!block || block.order === 0) return 1n << 12n;
    return frame % 2 ** block.order === 0 ? (1n << 15n) | (1n << 22n) : (1n << 16n) | (1n << 22n);
  }

  #calls(): Calls {
    const absent = (call: string) => failure({ errno: 'ENOSYS' as const, call });
    return {
      openProcess: (pid) => {
        if (pid !== PID || !this.alive) return failure({ errno: 'ESRCH', call: `pidfd_open ${pid}` });
        this.openHandles++;
        const handle: ProcessHandle = {
          pid,
          isAlive: () => this.alive,
          close: () => void this.openHandles--,
        };
        return success(handle);
      },
      processMadvise: async (_handle, ranges, advice) => {
        this.failAdvice(++this.#advised);
        return this.#advise(ranges, advice);
      },
      openMemory: (pid) => absent(`open /proc/${pid}/mem`),
      scanPagemap: (pid, scan) => {
        const rows = this.blocks.flatMap((block, index) => {
          const start = Math.max(scan.range.start, (FIRST_BLOCK + index) * PAGES);
          const mapped = (FIRST_BLOCK + index) * PAGES + (block.present ?? PAGES);
          const end = Math.min(scan.range.end, mapped);
          return start < end ? [[start, end, block.order === 9 ? 0x48 : 0x08]] : [];
        });
        if (!this.alive) return absent(`scan ${pid}`);
        return success({
          count: rows.length,
          starts: Float64Array.from(rows, (row) => row[0]),
          ends: Float64Array.from(rows, (row) => row[1]),
          categories: Uint32Array.from(rows, (row) => row[2]),
        });
      },
      probeAdvice: () => success(undefined),
      start: (command) => absent(`execve ${command}`),
      become: (command) => ({ errno: 'ENOENT', call: `execve ${command}` }),
    } as Calls;
  }

  #advise(ranges: readonly PageRange[], advice: Advice): Answer<number> {
    this.log.push(
      `${advice} ${ranges.map(({ start, end }) => `${start - FIRST_BLOCK * PAGES}+${end - start}`).join(' ')}`,
    );
    if (!this.alive) return failure({ errno: 'ESRCH', call: advice });
    let done = 0;
    const beganNs = this.nowNs;
    for (const _ of this.advising.length > 0 ? ranges : [])
      this.nowNs += this.advising[this.held.length % this.advising.length];
    this.held.push({ beganNs, endedNs: this.nowNs });
    for (const range of ranges) {
      const refusal = this.#adviseRange(range, advice);
      if (refusal) return done > 0 ? success(done) : failure({ errno: refusal, call: advice });
      done += (range.end - range.start) * 4096;
    }
    return success(done);
  }

  #adviseRange(range: PageRange, advice: Advice): ErrnoName | undefined {
    const block = this.blocks[Math.floor(range.start / PAGES) - FIRST_BLOCK];
    if (!block) return 'ENOMEM';
    if (advice === 'MADV_COLLAPSE') {
      if (block.collapseFails) return block.collapseFails;
      if (block.order < 9) block.frame = this.nextFrame += PAGES;
      block.order = 9;
      block.present = PAGES;
    } else if (this.vmFlags.split(' ').includes('lo')) return 'EINVAL';
    else if (range.end - range.start < 2 ** block.order) this.#split(block, 0);
    return undefined;
  }

  #split(block: ScriptedBlock, order: number): void {
    if (block.stuck === 'pinned') this.failedSplits++;
    else if (block.stuck === undefined) {
      if (block.order === 9 && block.zeroes !== undefined) block.present = PAGES - block.zeroes;
      block.order = Math.min(block.order, order);
    }
  }

  #debugfsSplit(text: string): Answer<void> {
    const [, start, , order] = text.split(',');
    const block = this.blocks[Math.floor(Number(BigInt(start) >> 12n) / PAGES) - FIRST_BLOCK];
    if (block) this.#split(block, Number(order));
    return success(undefined);
  }
}

function hex(block: number): string {
  return (BigInt(block) * 0x200000n).toString(16);
}

function vmstat(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

function stat(pid: number, command: string, startTicks: number, minorFaults = 0): string {
  const zeroes = Array(40).fill('0');
  zeroes[0] = 'S';
  zeroes[7] = String(minorFaults);
  zeroes[19] = String(startTicks);
  return `${pid} (${command}) ${zeroes.join(' ')}\n`;
}
