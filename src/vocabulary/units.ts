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
export type Nanoseconds = number;
export type Microseconds = number;
export type Milliseconds = number;
export type ProcessId = number;
/** A share between 0 and 1. */
export type Fraction = number;

export const KIB: Bytes = 1024;
export const MIB: Bytes = 1024 * KIB;
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

export const pagesToBytes = (pages: Pages, geometry: PageGeometry): Bytes => pages * geometry.pageBytes;
export const bytesToPages = (bytes: Bytes, geometry: PageGeometry): Pages => bytes / geometry.pageBytes;
export const pageToBlock = (page: PageNumber, geometry: PageGeometry): BlockNumber =>
  Math.floor(page / geometry.pagesPerBlock);
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
