/**
 * The batch being filled: addresses of its columns, which src/vocabulary/access-columns.ts describes. They are
 * constants, so that a store into one of them needs no more than the row's number.
 */
import { TABLES_END } from './layout';

export const CAPACITY: i32 = 8192;
const COLUMN: usize = <usize>CAPACITY;

export const TIME: usize = TABLES_END;
export const VIRTUAL_PAGE: usize = TIME + 8 * COLUMN;
export const PHYSICAL_PAGE: usize = VIRTUAL_PAGE + 8 * COLUMN;
export const WEIGHT: usize = PHYSICAL_PAGE + 8 * COLUMN;
export const PID: usize = WEIGHT + 8 * COLUMN;
export const TID: usize = PID + 4 * COLUMN;
export const ADDRESS_LOW: usize = TID + 4 * COLUMN;
export const ADDRESS_HIGH: usize = ADDRESS_LOW + 4 * COLUMN;
export const PHYSICAL_LOW: usize = ADDRESS_HIGH + 4 * COLUMN;
export const PHYSICAL_HIGH: usize = PHYSICAL_LOW + 4 * COLUMN;
export const LATENCY: usize = PHYSICAL_HIGH + 4 * COLUMN;
export const FLAGS: usize = LATENCY + 4 * COLUMN;
export const EVENT: usize = FLAGS + 2 * COLUMN;
export const KIND: usize = EVENT + 2 * COLUMN;
export const FREE: usize = KIND + COLUMN;

export class Geometry {
  /** log2 of the page size. */
  static pageShift: u64 = 12;
  /** Bytes of a PMD-sized page. */
  static blockBytes: u64 = 0;
}

export function setGeometry(pageShift: i32, blockBytes: f64): void {
  Geometry.pageShift = <u64>pageShift;
  Geometry.blockBytes = <u64>blockBytes;
}

/** Page number of an address, −1 for address 0, which means that there is none. */
export function pageOf(address: u64, pageShift: u64): f64 {
  return address == 0 ? -1 : <f64>(<i64>(address >> pageShift));
}

/** The physical columns and the latency, which not every recording fills. */
export function putMore(row: i32, physical: u64, latency: u32, pageShift: u64): void {
  store<u32>((<usize>row) << 2, <u32>physical, PHYSICAL_LOW);
  store<u32>((<usize>row) << 2, <u32>(physical >> 32), PHYSICAL_HIGH);
  store<f64>((<usize>row) << 3, pageOf(physical, pageShift), PHYSICAL_PAGE);
  store<u32>((<usize>row) << 2, latency, LATENCY);
}
