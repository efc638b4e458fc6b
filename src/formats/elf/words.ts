/** Numbers of an ELF file of either class and byte order (elf(5), include/uapi/linux/elf.h). */

/** Bytes of a file at `offset`: fewer than asked for where it ends. */
export type ReadPiece = (offset: number, size: number) => Uint8Array;

/** Class and byte order, from the first bytes of the file. */
export interface ElfKind {
  readonly is64: boolean;
  readonly isBigEndian: boolean;
}

/** A structure of an ELF file, field by field. */
export class Words {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  readonly #is64: boolean;

  constructor(bytes: Uint8Array, { is64, isBigEndian }: ElfKind) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = !isBigEndian;
    this.#is64 = is64;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#isLittle);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#isLittle);
  }

  /** A field of the width of the class; what a double does not hold exactly (no address of user space) is infinite. */
  wide(at: number): number {
    if (!this.#is64) return this.u32(at);
    const value = this.#view.getBigUint64(at, this.#isLittle);
    return value <= MOST_EXACT ? Number(value) : Number.POSITIVE_INFINITY;
  }
}

const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
