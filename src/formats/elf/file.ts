/**
 * What an ELF file says of itself: its loaded segments, its sections, its build id. Only headers and notes are read,
 * bounded whatever the file claims. Debug information (DWARF lines, inlined functions) is not read.
 */
import { type ElfKind, type ReadPiece, Words } from './words.js';

/** A part of the file that the loader maps. */
export interface ElfSegment {
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  /** More than `fileBytes` where zeroes follow (.bss). */
  readonly memoryBytes: number;
  readonly isExecutable: boolean;
  readonly isWritable: boolean;
}

/** A section header. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
  readonly entryBytes: number;
}

/** The headers of an ELF file. */
export interface ElfFile extends ElfKind {
  readonly machine: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  /** Hexadecimal; empty without one. */
  readonly buildId: string;
}

/** Values of sh_type that are read. */
export const SECTION = { symbols: 2, strings: 3, dynamicSymbols: 11 } as const;

const IDENTITY_BYTES = 16;
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const SEGMENT_TYPE = { load: 1, note: 4 } as const;
const SEGMENT_FLAG = { execute: 1, write: 2 } as const;
const SECTION_NOTE = 7;
/** Far more than linkers make. */
const MOST_SEGMENTS = 1024;
const MOST_SECTIONS = 1 << 16;
const MOST_NAME_BYTES = 1 << 22;
const MOST_NOTE_BYTES = 1 << 16;
const NOTE_BUILD_ID = 3;
/** Of an ELF header, a program header and a section header, by class. */
const SIZES = { wide: [64, 56, 64], narrow: [52, 32, 40] } as const;

/** Reads the headers of a file; undefined when it is none that could be read. */
export function readElf(read: ReadPiece): ElfFile | undefined {
  const kind = kindOf(read(0, IDENTITY_BYTES));
  if (kind === undefined) return undefined;
  const [headerBytes, segmentBytes, sectionBytes] = kind.is64 ? SIZES.wide : SIZES.narrow;
  const head = read(0, headerBytes);
  if (head.length < headerBytes) return undefined;
  const words = new Words(head, kind);
  const at = kind.is64
    ? { segments: 32, sections: 40, counts: 52 }
    : { segments: 28, sections: 32, counts: 40 };
  const [, segmentEntry, segmentCount, sectionEntry, sectionCount, nameIndex] = [0, 2, 4, 6, 8, 10].map(
    (offset) => words.u16(at.counts + offset),
  );
  const segmentTable = { at: words.wide(at.segments), entry: segmentEntry, least: segmentBytes };
  const sectionTable = { at: words.wide(at.sections), entry: sectionEntry, least: sectionBytes };
  const raw = rows(read, { ...segmentTable, count: Math.min(segmentCount, MOST_SEGMENTS) }).map((row) =>
    programHeader(row, kind),
  );
  const sections = readSections(read, kind, sectionTable, sectionCount, nameIndex);
  const notes = [
    ...raw.filter(({ type }) => type === SEGMENT_TYPE.note).map(({ segment }) => segment),
    ...sections
      .filter(({ type }) => type === SECTION_NOTE)
      .map(({ offset, bytes }) => ({ offset, fileBytes: bytes })),
  ];
  return {
    ...kind,
    machine: words.u16(18),
    segments: raw.filter(({ type }) => type === SEGMENT_TYPE.load).map(({ segment }) => segment),
    sections,
    buildId:
      notes.map((note) => buildIdIn(read(note.offset, sizeOf(note.fileBytes)), kind)).find(Boolean) ?? '',
  };
}

const sizeOf = (bytes: number) => Math.min(bytes, MOST_NOTE_BYTES);

function kindOf(identity: Uint8Array): ElfKind | undefined {
  const [, , , , wideness, order] = identity;
  if (identity.length < IDENTITY_BYTES || MAGIC.some((byte, at) => identity[at] !== byte)) return undefined;
  if ((wideness !== 1 && wideness !== 2) || (order !== 1 && order !== 2)) return undefined;
  return { is64: wideness === 2, isBigEndian: order === 2 };
}

interface Table {
  readonly at: number;
  /** Bytes from one row to the next, and those that a row must have. */
  readonly entry: number;
  readonly least: number;
}

/** Whole rows of a table; none where it lies beyond the file. */
function rows(
  read: ReadPiece,
  { at, entry, least, count }: Table & { readonly count: number },
): Uint8Array[] {
  if (at === 0 || !Number.isFinite(at) || entry < least) return [];
  const bytes = read(at, entry * count);
  const whole = Math.floor(bytes.length / entry);
  return Array.from({ length: whole }, (_, row) => bytes.subarray(row * entry, (row + 1) * entry));
}

function programHeader(row: Uint8Array, kind: ElfKind): { type: number; segment: ElfSegment } {
  const words = new Words(row, kind);
  const [flags, offset, address, fileBytes, memoryBytes] = kind.is64
    ? [4, 8, 16, 32, 40]
    : [24, 4, 8, 16, 20];
  const bits = words.u32(flags);
  return {
    type: words.u32(0),
    segment: {
      offset: words.wide(offset),
      address: words.wide(address),
      fileBytes: words.wide(fileBytes),
      memoryBytes: words.wide(memoryBytes),
      isExecutable: (bits & SEGMENT_FLAG.execute) !== 0,
      isWritable: (bits & SEGMENT_FLAG.write) !== 0,
    },
  };
}

/** More sections than 16 bits hold are counted in the first of them, as is the index of their names. */
function readSections(
  read: ReadPiece,
  kind: ElfKind,
  table: Table,
  count: number,
  nameIndex: number,
): readonly ElfSection[] {
  const [first] = rows(read, { ...table, count: 1 }).map((row) => sectionHeader(row, kind));
  if (first === undefined) return [];
  const all = Math.min(count === 0 ? first.bytes : count, MOST_SECTIONS);
  const names = nameIndex === 0xffff ? first.link : nameIndex;
  const raw = rows(read, { ...table, count: all }).map((row) => sectionHeader(row, kind));
  const texts = raw[names];
  const bytes = texts === undefined ? EMPTY : read(texts.offset, Math.min(texts.bytes, MOST_NAME_BYTES));
  return raw.map(({ nameAt, ...section }) => ({ ...section, name: textAt(bytes, nameAt) }));
}

function sectionHeader(row: Uint8Array, kind: ElfKind): Omit<ElfSection, 'name'> & { nameAt: number } {
  const words = new Words(row, kind);
  const [address, offset, bytes, link, entryBytes] = kind.is64 ? [16, 24, 32, 40, 56] : [12, 16, 20, 24, 36];
  return {
    nameAt: words.u32(0),
    type: words.u32(4),
    address: words.wide(address),
    offset: words.wide(offset),
    bytes: words.wide(bytes),
    link: words.u32(link),
    entryBytes: words.wide(entryBytes),
  };
}

/** `{u32 name bytes, u32 description bytes, u32 type}`, then both, each padded to 4. */
function buildIdIn(bytes: Uint8Array, kind: ElfKind): string {
  const words = new Words(bytes, kind);
  for (let at = 0; at + 12 <= bytes.length; ) {
    const nameBytes = words.u32(at);
    const idBytes = words.u32(at + 4);
    const idAt = at + 12 + padded(nameBytes);
    const isGnu = nameBytes === 4 && textAt(bytes, at + 12) === 'GNU';
    if (isGnu && words.u32(at + 8) === NOTE_BUILD_ID && idBytes > 0 && idAt + idBytes <= bytes.length)
      return hexOf(bytes.subarray(idAt, idAt + idBytes));
    at = idAt + padded(idBytes);
  }
  return '';
}

const padded = (bytes: number) => Math.ceil(bytes / 4) * 4;

/** Returns bytes as hexadecimal digits. */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** NUL-terminated text; what has no end is clipped. */
export function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return TEXT.decode(bytes.subarray(at, end < 0 ? bytes.length : end));
}

const TEXT = new TextDecoder('latin1');
const EMPTY = new Uint8Array(0);
