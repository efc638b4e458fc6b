/** The head of a perf.data file or pipe: which of them it is, in which byte order, and where its parts lie. */
import { readAttr } from './attr.js';
import type { EventTable } from './event-table.js';
import { FEATURES_READ } from './header-features.js';
import { viewOf } from './record-view.js';

/** Bytes that tell what the input is. */
export const MAGIC_BYTES = 16;
/** struct perf_file_header. */
export const FILE_HEADER_BYTES = 104;
const LITTLE = 'PERFILE2';
const BIG = '2ELIFREP';
const PIPE_HEADER_SIZE = 16;
/** Sections longer than these are damage. */
const MOST_ATTR_BYTES = 8 << 20;
const MOST_ID_BYTES = 32 << 20;
const MOST_FEATURE_BYTES = 16 << 20;

/** A part of the file: byte offset and size (struct perf_file_section). */
export interface Section {
  readonly offset: number;
  readonly size: number;
}

/** What the first bytes are of, and the byte order of all that follows. */
export type Container =
  | { readonly kind: 'file'; readonly isBigEndian: boolean }
  | { readonly kind: 'pipe'; readonly isBigEndian: boolean }
  | { readonly kind: 'unknown'; readonly problem: string };

/** The header of a file (struct perf_file_header). */
export interface FileHeader {
  readonly isBigEndian: boolean;
  readonly attrSize: number;
  readonly attrs: Section;
  /** Size 0 when perf record was killed: the data then go on to the end of the file. */
  readonly data: Section;
  /** Numbers of the features whose sections follow the data, ascending. */
  readonly features: readonly number[];
}

/** Tells from the first 16 bytes what an input is. */
export function identify(head: Uint8Array): Container {
  if (head.length < MAGIC_BYTES) return { kind: 'unknown', problem: 'is shorter than a header' };
  const magic = String.fromCharCode(...head.subarray(0, 8));
  if (magic === 'PERFFILE') return { kind: 'unknown', problem: 'is of the format before Linux 2.6.34' };
  if (magic !== LITTLE && magic !== BIG) return { kind: 'unknown', problem: 'does not begin with PERFILE2' };
  const isBigEndian = magic === BIG;
  const size = viewOf(head.subarray(0, MAGIC_BYTES), isBigEndian).u64(8);
  return { kind: size === PIPE_HEADER_SIZE ? 'pipe' : 'file', isBigEndian };
}

/** Reads the 104 bytes of a file's header; a string says what is wrong with them. */
export function readFileHeader(bytes: Uint8Array, isBigEndian: boolean): FileHeader | string {
  if (bytes.length < FILE_HEADER_BYTES) return 'ends within its header';
  const view = viewOf(bytes.subarray(0, FILE_HEADER_BYTES), isBigEndian);
  const section = (at: number): Section => ({ offset: view.u64(at), size: view.u64(at + 8) });
  const attrSize = view.u64(16);
  const attrs = section(24);
  const data = section(40);
  if (attrSize < 80 || attrSize > 4112 || attrSize % 8 !== 0)
    return `has impossible attrs of ${attrSize} bytes`;
  if (attrs.size > MOST_ATTR_BYTES) return `has an impossible ${attrs.size} bytes of attrs`;
  if (data.offset < FILE_HEADER_BYTES || data.offset > 2 ** 50) return `puts its data at byte ${data.offset}`;
  const features: number[] = [];
  for (let bit = 0; bit < 256; bit++) {
    const word = bit & 32 ? view.high(72 + (bit >>> 6) * 8) : view.low(72 + (bit >>> 6) * 8);
    if ((word >>> (bit & 31)) & 1) features.push(bit);
  }
  return { isBigEndian, attrSize, attrs, data, features };
}

/** Reads bytes [offset, offset + size) of the input; fewer at its end. */
export type ReadAt = (offset: number, size: number) => Uint8Array;

/** Adds the events of a file; returns what was damaged of them. */
export function readAttrs(header: FileHeader, readAt: ReadAt, events: EventTable): number {
  const bytes = readAt(header.attrs.offset, header.attrs.size);
  const view = viewOf(bytes, header.isBigEndian);
  let damaged = header.attrs.size - bytes.length;
  for (let at = 0; at + header.attrSize <= bytes.length; at += header.attrSize) {
    const attr = readAttr(view, at, header.attrSize - 16);
    const event = attr === undefined ? -1 : events.add(attr);
    if (event < 0) damaged += header.attrSize;
    else {
      const ids = { offset: view.u64(at + header.attrSize - 16), size: view.u64(at + header.attrSize - 8) };
      damaged += readIds(ids, header.isBigEndian, readAt, events, event);
    }
  }
  return damaged;
}

function readIds(
  ids: Section,
  isBigEndian: boolean,
  readAt: ReadAt,
  events: EventTable,
  event: number,
): number {
  if (ids.size === 0) return 0;
  if (ids.size > MOST_ID_BYTES || ids.offset > 2 ** 50) return 16;
  const bytes = readAt(ids.offset, ids.size);
  const view = viewOf(bytes, isBigEndian);
  for (let at = 0; at + 8 <= bytes.length; at += 8) events.addId(view.low(at), view.high(at), event);
  return ids.size - bytes.length;
}

/** Where the feature sections that are read lie; empty when the recording was cut before they were written. */
export function locateFeatures(header: FileHeader, readAt: ReadAt): readonly (Section & { id: number })[] {
  if (header.data.size === 0) return [];
  const table = readAt(header.data.offset + header.data.size, header.features.length * 16);
  const view = viewOf(table, header.isBigEndian);
  return header.features.flatMap((id, index) => {
    const at = index * 16;
    if (at + 16 > table.length || !FEATURES_READ.includes(id)) return [];
    const section = { id, offset: view.u64(at), size: view.u64(at + 8) };
    return section.size <= MOST_FEATURE_BYTES && section.offset < 2 ** 50 ? [section] : [];
  });
}
