import { defined } from '../../../base/assert.js';
import type { FrameNumber, PageNumber, Pages } from '../../../vocabulary/units.js';

/** Pages of an inode's cache are looked up in chunks of this many. */
const CHUNK = 512;

/** How a tmpfs mount or a shared anonymous mapping takes huge folios. */
export type ShmemHuge = 'never' | 'always' | 'within_size' | 'advise';

/** What an inode is from the start. */
export interface InodeFacts {
  readonly number: number;
  readonly path: string;
  readonly kind: 'shmem' | 'file';
  readonly pages: Pages;
  readonly mount: 'kernel' | ShmemHuge;
  readonly device: string;
}

/**
 * A file's page cache (address_space): shmem, tmpfs, or an ordinary file such as a program's text. `Mapper` is the address
 * space of a process that maps it: a cache knows which there are, and nothing of what they are.
 */
export class Inode<Mapper extends object> {
  readonly number: number;
  /** Path, or `dev/zero` for shared anonymous memory. */
  readonly path: string;
  readonly kind: 'shmem' | 'file';
  /** `kernel` for shared anonymous memory, which obeys shmem_enabled; else the huge= option of the mount. */
  readonly mount: 'kernel' | ShmemHuge;
  pages: Pages;
  cached: Pages = 0;
  /** memcg that first-touched pages are charged to when no process is known. */
  readonly device: string;
  /** Address spaces that map this inode; a mapping counts once. */
  readonly mappers: { mm: Mapper; count: number }[] = [];
  /** Behind the last page that was ever there. */
  private end = 0;
  /** Value of a slot: 0 nothing, frame + 1 when cached, −(swap slot + 1) when swapped out. */
  private readonly chunks = new Map<number, Float64Array>();

  constructor({ number, path, kind, pages, mount, device }: InodeFacts) {
    this.number = number;
    this.path = path;
    this.kind = kind;
    this.pages = pages;
    this.mount = mount;
    this.device = device;
  }

  /** Frame of a page in the cache, −1 when it is not there. */
  frameAt(offset: PageNumber): FrameNumber {
    const slot = this.slotAt(offset);
    return slot > 0 ? slot - 1 : -1;
  }

  /** Swap slot of a page that was swapped out, −1 when it was not. */
  swapAt(offset: PageNumber): number {
    const slot = this.slotAt(offset);
    return slot < 0 ? -slot - 1 : -1;
  }

  setFrame(offset: PageNumber, frame: FrameNumber): void {
    this.setSlot(offset, frame + 1);
  }

  setSwap(offset: PageNumber, slot: number): void {
    this.setSlot(offset, -slot - 1);
  }

  clear(offset: PageNumber): void {
    this.setSlot(offset, 0);
  }

  /** Offsets with anything in them, ascending. */
  *offsets(): Generator<PageNumber> {
    const bases = [...this.chunks.keys()].sort((a, b) => a - b);
    for (const base of bases) {
      const chunk = defined(this.chunks.get(base), 'its bases are those of its chunks');
      const end = Math.min(CHUNK, this.end - base * CHUNK);
      for (let i = 0; i < end; i++) if (chunk[i] !== 0) yield base * CHUNK + i;
    }
  }

  addMapper(mm: Mapper): void {
    const found = this.mappers.find((mapper) => mapper.mm === mm);
    if (found === undefined) this.mappers.push({ mm, count: 1 });
    else found.count++;
  }

  removeMapper(mm: Mapper): void {
    const index = this.mappers.findIndex((mapper) => mapper.mm === mm);
    if (index >= 0 && --this.mappers[index].count === 0) this.mappers.splice(index, 1);
  }

  private slotAt(offset: PageNumber): number {
    const chunk = this.chunks.get(Math.floor(offset / CHUNK));
    return chunk === undefined ? 0 : chunk[offset % CHUNK];
  }

  private setSlot(offset: PageNumber, value: number): void {
    const base = Math.floor(offset / CHUNK);
    let chunk = this.chunks.get(base);
    if (chunk === undefined) {
      if (value === 0) return;
      chunk = new Float64Array(CHUNK);
      this.chunks.set(base, chunk);
    }
    this.end = Math.max(this.end, offset + 1);
    if (chunk[offset % CHUNK] > 0) this.cached--;
    if (value > 0) this.cached++;
    chunk[offset % CHUNK] = value;
  }
}
