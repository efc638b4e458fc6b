/**
 * Whether a struct of Thrift's compact protocol says only what its bytes can hold. The library that decodes it believes
 * the length of a list, even of one whose elements take no bytes, so that one flipped bit takes all memory.
 */

const TYPE = { stop: 0, yes: 1, no: 2, byte: 3, int64: 6, double: 7, binary: 8, list: 9, set: 10, map: 11, struct: 12 }; // biome-ignore format: a table
const MOST_DEPTH = 16;
/** 64 bits in groups of seven. */
const LONGEST_VARINT = 10;

/** Walks the struct that begins at `start`; false when it reaches beyond `end` or claims more elements than bytes. */
export function isBoundedThrift(bytes: Uint8Array, start: number, end: number): boolean {
  return new Walk(bytes, start, end).struct(0);
}

class Walk {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  struct(depth: number): boolean {
    if (depth > MOST_DEPTH) return false;
    while (this.#at < this.#end) {
      const header = this.#bytes[this.#at++];
      const type = header & 15;
      if (type === TYPE.stop) return true;
      // Without a difference to the last field its number follows.
      if (header >> 4 === 0 && this.#varint() < 0) return false;
      // The type of a field that is true or false is its value.
      if (type !== TYPE.yes && type !== TYPE.no && !this.#value(type, depth)) return false;
    }
    return false;
  }

  #value(type: number, depth: number): boolean {
    if (type === TYPE.struct) return this.struct(depth + 1);
    if (type === TYPE.list || type === TYPE.set) return this.#list(depth + 1);
    if (type === TYPE.double) return this.#skip(8);
    if (type === TYPE.binary) return this.#skip(this.#varint());
    if (type <= TYPE.byte) return this.#skip(1);
    // No struct of Parquet has a map.
    return type <= TYPE.int64 && this.#varint() >= 0;
  }

  #list(depth: number): boolean {
    if (depth > MOST_DEPTH || this.#at >= this.#end) return false;
    const header = this.#bytes[this.#at++];
    const count = header >> 4 === 15 ? this.#varint() : header >> 4;
    if (count < 0 || count > this.#end - this.#at) return false;
    for (let i = 0; i < count; i++) if (!this.#value(header & 15, depth)) return false;
    return true;
  }

  #skip(length: number): boolean {
    if (length < 0 || length > this.#end - this.#at) return false;
    this.#at += length;
    return true;
  }

  /** −1 when it does not end. */
  #varint(): number {
    let value = 0;
    for (let i = 0; i < LONGEST_VARINT && this.#at < this.#end; i++) {
      const byte = this.#bytes[this.#at++];
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    return -1;
  }
}
