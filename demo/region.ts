/** One named mapping and what its pages have to hold. */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PageGeometry } from '../src/vocabulary/units.js';
import { mix32, writePage } from './content.js';
import { advise, createMemoryFile, MAP, mapMemory, PROT, unmapMemory } from './own-calls.js';
import { PageMemory } from './page-memory.js';
import type { MapRequest, MemoryKind, OwnAdvice, Stretch } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';

/** What a page has to hold: nothing but zeroes, its data, or (after MADV_FREE) either. */
export const CONTENT = { zero: 0, data: 1, lazy: 2 } as const;
/** What may be done with a page. */
export const ACCESS = { none: 0, read: 1, write: 2 } as const;

export class Region {
  readonly name: string;
  readonly kind: MemoryKind;
  readonly geometry: PageGeometry;
  readonly address: number;
  readonly pages: number;
  /** Content follows from it; the same for the same name. */
  readonly seed: number;
  readonly memory: PageMemory;
  /** CONTENT of each page. */
  readonly content: Uint8Array;
  /** Finished writes of each page's live word; shared with the threads. */
  readonly counts: Int32Array;
  /** ACCESS of each page. */
  readonly access: Uint8Array;
  readonly #reserved: { readonly address: number; readonly bytes: number };

  constructor(request: MapRequest, geometry: PageGeometry) {
    const pages = Math.ceil(request.bytes / geometry.pageBytes);
    if (!(pages > 0 && pages < 2 ** 30)) throw new WorkloadRefusal('EINVAL', `map ${request.bytes} bytes`);
    this.name = request.name;
    this.kind = request.kind ?? 'anon';
    this.geometry = geometry;
    this.pages = pages;
    this.seed = hashOfName(request.name);
    this.#reserved = reserve(pages * geometry.pageBytes, geometry.blockBytes);
    this.address = aligned(this.#reserved.address + geometry.pageBytes, geometry.blockBytes);
    mapOver(this.address, this.bytes, this.kind, request);
    if (request.huge === 'advise') advise(this.address, this.bytes, 'MADV_HUGEPAGE');
    if (request.huge === 'never') advise(this.address, this.bytes, 'MADV_NOHUGEPAGE');
    if (request.populate) advise(this.address, this.bytes, 'MADV_POPULATE_WRITE');
    this.memory = new PageMemory(this.address, pages, geometry.pageBytes);
    this.content = new Uint8Array(pages);
    this.counts = new Int32Array(new SharedArrayBuffer(pages * 4));
    this.access = new Uint8Array(pages).fill(ACCESS.write);
  }

  get bytes(): number {
    return this.pages * this.geometry.pageBytes;
  }

  /** The span of a request in bytes and pages, inside the region. */
  span(stretch: Stretch): Span {
    const from = stretch.from ?? 0;
    const pages = stretch.pages ?? this.pages - from;
    if (
      !Number.isInteger(from) ||
      !Number.isInteger(pages) ||
      from < 0 ||
      pages < 1 ||
      from + pages > this.pages
    ) {
      throw new WorkloadRefusal('EINVAL', `pages ${from}+${pages} of ${this.pages}`);
    }
    const { pageBytes } = this.geometry;
    return { from, to: from + pages, at: this.address + from * pageBytes, bytes: pages * pageBytes };
  }

  /** Refuses with EACCES when a page of the span does not allow it: a fault there would end the process. */
  require(span: Span, access: number): void {
    for (let page = span.from; page < span.to; page++) {
      if (this.access[page] < access) throw new WorkloadRefusal('EACCES', `page ${page} of ${this.name}`);
    }
  }

  fillPage(page: number): void {
    const { memory } = this;
    writePage(memory.view(page), memory.at(page), memory.wordsPerPage, this.seed, page, 0);
    this.content[page] = CONTENT.data;
    this.counts[page] = 0;
  }

  zeroPage(page: number): void {
    const at = this.memory.at(page);
    this.memory.view(page).fill(0, at, at + this.memory.wordsPerPage);
    this.content[page] = CONTENT.zero;
    this.counts[page] = 0;
  }

  /** What an advice that the kernel took means for the content of a span. */
  noteAdvice(span: Span, advice: OwnAdvice): void {
    if (advice === 'MADV_GUARD_INSTALL') this.access.fill(ACCESS.none, span.from, span.to);
    if (this.kind !== 'anon') return;
    if (advice === 'MADV_DONTNEED') this.content.fill(CONTENT.zero, span.from, span.to);
    if (advice !== 'MADV_FREE') return;
    for (let page = span.from; page < span.to; page++) {
      if (this.content[page] === CONTENT.data) this.content[page] = CONTENT.lazy;
    }
  }

  /** Pages with data that may be used, ascending. */
  usedPages(access: number): Uint32Array {
    const found: number[] = [];
    for (let page = 0; page < this.pages; page++) {
      if (this.content[page] === CONTENT.data && this.access[page] >= access) found.push(page);
    }
    return Uint32Array.from(found);
  }

  /** Gives the whole region back. Nothing may look at it afterwards. */
  release(): void {
    this.access.fill(ACCESS.none);
    unmapMemory(this.#reserved.address, this.#reserved.bytes);
  }
}

export interface Span {
  readonly from: number;
  readonly to: number;
  /** Byte address. */
  readonly at: number;
  readonly bytes: number;
}

/** Address space with a block to spare on either side, so that no other mapping merges with the region. */
function reserve(bytes: number, blockBytes: number) {
  const length = bytes + 2 * blockBytes;
  const flags = MAP.private | MAP.anonymous | MAP.noReserve;
  return { address: mapMemory(0, length, PROT.none, flags), bytes: length };
}

function mapOver(address: number, bytes: number, kind: MemoryKind, request: MapRequest): void {
  if (kind === 'anon') {
    mapMemory(address, bytes, PROT.write, MAP.private | MAP.anonymous | MAP.fixed);
    return;
  }
  const descriptor = kind === 'memfd' ? createMemoryFile(request.name) : openUnnamed(request);
  try {
    ftruncateSync(descriptor, bytes);
    mapMemory(address, bytes, PROT.write, MAP.shared | MAP.fixed, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A file that loses its name at once, so that nothing is left behind. */
function openUnnamed(request: MapRequest): number {
  const path = join(
    request.directory ?? '/dev/shm',
    `octavo-workload-${process.pid}-${hashOfName(request.name)}`,
  );
  try {
    const descriptor = openSync(path, 'wx+', 0o600);
    rmSync(path);
    return descriptor;
  } catch (error) {
    throw new WorkloadRefusal((error as NodeJS.ErrnoException).code ?? 'EIO', `open ${path}`);
  }
}

function aligned(address: number, blockBytes: number): number {
  return Math.ceil(address / blockBytes) * blockBytes;
}

function hashOfName(name: string): number {
  let hash = 0;
  for (const letter of name) hash = mix32(hash + (letter.codePointAt(0) ?? 0));
  return hash >>> 0;
}
