/**
 * What a number counts. The names are aliases, not brands: hot loops stay plain arithmetic, and signatures
 * still say what they take. Conversions carry both ends in their name.
 */

/** A count of bytes. */
export type Bytes = number;
/** Address divided by the base page size. Virtual page numbers stay below 2^52 and are exact in a double. */
export type PageNumber = number;
/** Physical page frame number. */
export type FrameNumber = number;
/** Virtual page number divided by the pages of a PMD-sized block. */
export type BlockNumber = number;
/** log2 of a folio's size in base pages. */
export type Order = number;
/** A count of base pages. */
export type Pages = number;
/** A duration, or a time of a clock that is named beside it. */
export type Nanoseconds = number;
/** A duration. */
export type Microseconds = number;
/** A duration, or a wall time since 1970. */
export type Milliseconds = number;
/** A pid, or where named so a thread id. */
export type ProcessId = number;
/** A share between 0 and 1. */
export type Fraction = number;

/** 2^10 bytes. */
export const KIB: Bytes = 1024;
/** 2^20 bytes. */
export const MIB: Bytes = 1024 * KIB;
/** 2^30 bytes. */
export const GIB: Bytes = 1024 * MIB;

/** The kernel's page sizes, read from the host and never assumed. */
export interface PageGeometry {
  /** Base page size: 4096 on x86-64; 4096, 16384 or 65536 on arm64. */
  readonly pageBytes: Bytes;
  /** log2(pageBytes). */
  readonly pageShift: number;
  /** Order of a PMD-sized folio: 9 with 4 KiB pages, 11 with 16 KiB, 13 with 64 KiB. */
  readonly hugeOrder: Order;
  /** Base pages in a PMD-sized block: 2^hugeOrder. */
  readonly pagesPerBlock: Pages;
  /** Size of a PMD-sized block: 2 MiB with 4 KiB pages. */
  readonly blockBytes: Bytes;
}

/** Geometry from the two sizes a host can report. Both must be powers of two. */
export function pageGeometry(pageBytes: Bytes, blockBytes: Bytes): PageGeometry {
  const pageShift = Math.log2(pageBytes);
  const hugeOrder = Math.log2(blockBytes / pageBytes);
  if (!Number.isInteger(pageShift) || !Number.isInteger(hugeOrder) || hugeOrder < 1) {
    throw new RangeError(`impossible page geometry: ${pageBytes} byte pages, ${blockBytes} byte blocks`);
  }
  return Object.freeze({ pageBytes, pageShift, hugeOrder, pagesPerBlock: 2 ** hugeOrder, blockBytes });
}

/** x86-64, and arm64 with 4 KiB pages. */
export const GEOMETRY_4K: PageGeometry = pageGeometry(4096, 2 * MIB);

/** Returns the bytes of base pages. */
export const pagesToBytes = (pages: Pages, geometry: PageGeometry): Bytes => pages * geometry.pageBytes;
/** Returns how many base pages bytes are, with a fraction where they are not whole. */
export const bytesToPages = (bytes: Bytes, geometry: PageGeometry): Pages => bytes / geometry.pageBytes;
/** Returns the block that a page lies in. */
export const pageToBlock = (page: PageNumber, geometry: PageGeometry): BlockNumber =>
  Math.floor(page / geometry.pagesPerBlock);
/** Returns the first page of a block. */
export const blockToPage = (block: BlockNumber, geometry: PageGeometry): PageNumber =>
  block * geometry.pagesPerBlock;

/** Hexadecimal byte address of a page, exact for every 64-bit address. */
export function pageToAddress(page: PageNumber, geometry: PageGeometry): string {
  return `0x${(BigInt(page) << BigInt(geometry.pageShift)).toString(16)}`;
}

/** Page number of a byte address written in hexadecimal (with 0x) or decimal; the offset in the page is dropped. */
export function addressToPage(address: string, geometry: PageGeometry): PageNumber | undefined {
  if (!/^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(address)) return undefined;
  const value = BigInt(address);
  return value < 1n << 64n ? Number(value >> BigInt(geometry.pageShift)) : undefined;
}

/** Pages [start, end). */
export interface PageRange {
  readonly start: PageNumber;
  readonly end: PageNumber;
}
