/** Symbols of an ELF file: which function or data object an address lies in. */
import { type ElfFile, SECTION, textAt } from './file.js';
import { type ReadPiece, Words } from './words.js';

/** What symbols are of. */
export type SymbolUse = 'code' | 'data';

/** ClickHouse, among the largest programs, has about a million; 21 bytes are kept of each. */
const MOST_SYMBOLS = 2_000_000;
const CHUNK_BYTES = 1 << 20;
const MOST_TABLE_BYTES = 1 << 28;
const LONGEST_NAME = 1024;
/** STT_OBJECT, STT_COMMON; STT_FUNC, STT_GNU_IFUNC. */
const TYPES: Readonly<Record<SymbolUse, readonly number[]>> = { data: [1, 5], code: [2, 10] };
/** Bindings from the one that is preferred least: STB_LOCAL, STB_WEAK, STB_GLOBAL. */
const EXPORTED = [0, 2, 1];
/** EM_ARM: bit 0 of a function's address says that it is Thumb code. */
const ARM = 40;
/** Symbols that begin before one and end after it are met within so many. */
const MOST_NESTED = 16;

/** Symbols sorted by address; reads names only of those that are asked for. */
export class ElfSymbols {
  /** Symbols that were too many to keep. */
  readonly ignored: number;
  readonly #read: ReadPiece;
  readonly #texts: { readonly offset: number; readonly bytes: number };
  /** Ascending. */
  readonly #addresses: Float64Array;
  readonly #sizes: Float64Array;
  readonly #names: Uint32Array;

  constructor(read: ReadPiece, elf: ElfFile, use: SymbolUse) {
    this.#read = read;
    const table = [SECTION.symbols, SECTION.dynamicSymbols]
      .map((type) => elf.sections.find((section) => section.type === type && section.bytes > 0))
      .find((section) => section !== undefined);
    const strings = table === undefined ? undefined : elf.sections[table.link];
    this.#texts = strings ?? { offset: 0, bytes: 0 };
    const found = new SymbolList();
    if (table !== undefined && strings !== undefined) readTable(read, elf, table, TYPES[use], found);
    this.ignored = found.ignored;
    const { addresses, sizes, names } = found.sorted();
    [this.#addresses, this.#sizes, this.#names] = [addresses, sizes, names];
  }

  get count(): number {
    return this.#addresses.length;
  }

  /** Number of the symbol that an address of the file lies in, −1 without one. One without a size reaches to the next. */
  indexOf(address: number): number {
    const after = firstAbove(this.#addresses, address);
    for (let at = after - 1; at >= 0 && at >= after - MOST_NESTED; at--) {
      const start = this.#addresses[at];
      const isIn = this.#sizes[at] === 0 ? at === after - 1 : address < start + this.#sizes[at];
      if (isIn) return at;
    }
    return -1;
  }

  /** Where a symbol begins. */
  startOf(at: number): number {
    return this.#addresses[at];
  }

  nameOf(at: number): string {
    const { offset, bytes } = this.#texts;
    const left = Math.max(0, bytes - this.#names[at]);
    return textAt(this.#read(offset + this.#names[at], Math.min(left, LONGEST_NAME)), 0);
  }
}

/** Symbols as they come, in typed arrays that double. */
class SymbolList {
  ignored = 0;
  #count = 0;
  #addresses = new Float64Array(1024);
  #sizes = new Float64Array(1024);
  #names = new Uint32Array(1024);
  #bindings = new Uint8Array(1024);

  add(address: number, size: number, name: number, binding: number): void {
    if (this.#count === MOST_SYMBOLS) {
      this.ignored++;
      return;
    }
    if (this.#count === this.#addresses.length) this.#grow();
    this.#addresses[this.#count] = address;
    this.#sizes[this.#count] = size;
    this.#names[this.#count] = name;
    this.#bindings[this.#count] = binding;
    this.#count++;
  }

  /** By address; of those with one address the longest last, which is met first, of these one that is exported. */
  sorted(): { addresses: Float64Array; sizes: Float64Array; names: Uint32Array } {
    const addresses = this.#addresses;
    const sizes = this.#sizes;
    const names = this.#names;
    const bindings = this.#bindings;
    const rank = (at: number) => EXPORTED.indexOf(bindings[at]);
    const order = Uint32Array.from({ length: this.#count }, (_, at) => at);
    order.sort((a, b) => addresses[a] - addresses[b] || sizes[a] - sizes[b] || rank(a) - rank(b) || b - a);
    return {
      addresses: Float64Array.from(order, (at) => addresses[at]),
      sizes: Float64Array.from(order, (at) => sizes[at]),
      names: Uint32Array.from(order, (at) => names[at]),
    };
  }

  #grow(): void {
    const more = <Column extends Float64Array | Uint32Array | Uint8Array>(
      column: Column,
      fresh: Column,
    ): Column => {
      fresh.set(column);
      return fresh;
    };
    this.#addresses = more(this.#addresses, new Float64Array(2 * this.#count));
    this.#sizes = more(this.#sizes, new Float64Array(2 * this.#count));
    this.#names = more(this.#names, new Uint32Array(2 * this.#count));
    this.#bindings = more(this.#bindings, new Uint8Array(2 * this.#count));
  }
}

/** Defined symbols of some types. A table that is cut gives those that are there. */
function readTable(
  read: ReadPiece,
  elf: ElfFile,
  table: { readonly offset: number; readonly bytes: number; readonly entryBytes: number },
  types: readonly number[],
  found: SymbolList,
): void {
  const least = elf.is64 ? 24 : 16;
  const at = elf.is64
    ? { info: 4, section: 6, value: 8, size: 16 }
    : { info: 12, section: 14, value: 4, size: 8 };
  const { entryBytes } = table;
  if (entryBytes < least || entryBytes > CHUNK_BYTES || !Number.isFinite(table.offset)) return;
  const perChunk = Math.floor(CHUNK_BYTES / entryBytes);
  const thumb = elf.machine === ARM && types === TYPES.code ? 1 : 0;
  const all = Math.min(table.bytes, MOST_TABLE_BYTES);
  for (let done = 0; done < all; ) {
    const wanted = Math.min(perChunk * entryBytes, all - done);
    const bytes = read(table.offset + done, wanted);
    const words = new Words(bytes, elf);
    for (let row = 0; row + entryBytes <= bytes.length; row += entryBytes) {
      const info = words.u8(row + at.info);
      if (!types.includes(info & 15) || words.u16(row + at.section) === 0) continue;
      const address = words.wide(row + at.value) - (words.wide(row + at.value) & thumb);
      if (Number.isFinite(address)) found.add(address, words.wide(row + at.size), words.u32(row), info >>> 4);
    }
    if (bytes.length < wanted) return;
    done += wanted;
  }
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
