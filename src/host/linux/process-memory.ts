/**
 * /proc/PID/mem beside /proc/PID/pagemap. The kernel reads `mem` with references to pages (FOLL_GET in
 * __access_remote_vm(), mm/memory.c). process_vm_readv pins them (FOLL_PIN), and for a pin the kernel first unshares
 * what a fork shares: it splits the PMD mapping and copies each page (gup_must_unshare()). A page that is
 * not there would be faulted in, so pagemap is asked first. In the instant between the two a page may go; then the read
 * brings the zero page, or EIO where a userfault would have been: `mem` never waits for one.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { failure, success } from '../../base/result.js';
import { PAGEMAP_ENTRY_BYTES, PAGEMAP_HIGH } from '../../formats/proc/pagemap.js';
import type { Bytes, PageRange, Pages, ProcessId } from '../../vocabulary/units.js';
import type { Answer, ProcessMemory } from '../host.js';
import { errnoOf } from './files.js';

/** Pages read in one go: little time between the look at pagemap and the read, few calls for a huge page. */
const PAGES_AT_ONCE: Pages = 512;

/** Opens the memory of a process for reading. Refused with the errno of the file that cannot be opened. */
export function openProcessMemory(pid: ProcessId, pageBytes: Bytes): Answer<ProcessMemory> {
  const opened: number[] = [];
  let call = '';
  try {
    for (const name of ['mem', 'pagemap']) {
      call = `open /proc/${pid}/${name}`;
      opened.push(openSync(`/proc/${pid}/${name}`, 'r'));
    }
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    return failure({ errno: errnoOf(error), call });
  }
  const [memory, pagemap] = opened;
  return success(new LinuxProcessMemory(pid, pageBytes, memory, pagemap));
}

class LinuxProcessMemory implements ProcessMemory {
  readonly pid: ProcessId;
  readonly #pageBytes: Bytes;
  readonly #memory: number;
  readonly #pagemap: number;
  readonly #entries = new Uint8Array(PAGES_AT_ONCE * PAGEMAP_ENTRY_BYTES);
  readonly #words = new Uint32Array(this.#entries.buffer);

  constructor(pid: ProcessId, pageBytes: Bytes, memory: number, pagemap: number) {
    this.pid = pid;
    this.#pageBytes = pageBytes;
    this.#memory = memory;
    this.#pagemap = pagemap;
  }

  read({ start, end }: PageRange, into: Uint8Array): Answer<Bytes> {
    let done = 0;
    try {
      for (let page = start; page < end; page += PAGES_AT_ONCE) {
        const wanted = Math.min(PAGES_AT_ONCE, end - page);
        const got = this.#copy(page, this.#present(page, wanted), into, done);
        done += got;
        if (got < wanted * this.#pageBytes) break;
      }
    } catch (error) {
      if (done === 0) return failure({ errno: errnoOf(error), call: `read /proc/${this.pid}/mem` });
    }
    return success(done);
  }

  close(): void {
    closeSync(this.#memory);
    closeSync(this.#pagemap);
  }

  /** How many of `count` pages from `page` on are in memory, up to the first that is not. */
  #present(page: number, count: Pages): Pages {
    const bytes = count * PAGEMAP_ENTRY_BYTES;
    const read = readSync(this.#pagemap, this.#entries, 0, bytes, page * PAGEMAP_ENTRY_BYTES);
    const known = Math.floor(read / PAGEMAP_ENTRY_BYTES);
    for (let at = 0; at < known; at++) {
      if ((this.#words[2 * at + 1] & PAGEMAP_HIGH.present) === 0) return at;
    }
    return known;
  }

  #copy(page: number, count: Pages, into: Uint8Array, offset: Bytes): Bytes {
    const bytes = Math.min(count * this.#pageBytes, into.length - offset);
    // Addresses of five-level page tables are beyond the exact integers of a number.
    const position = BigInt(page) * BigInt(this.#pageBytes);
    return bytes <= 0 ? 0 : readSync(this.#memory, into, offset, bytes, position);
  }
}
