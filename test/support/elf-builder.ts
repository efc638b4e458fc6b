/** Writes ELF files for tests: either class and byte order, with symbols, sections and a build id, and no code. */
import type { ElfKind } from '../../src/formats/elf/words.js';
import { Bytes } from './perf-builder.js';

export interface BuiltSegment {
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes?: number;
  /** 1 executable, 2 writable, 4 readable. */
  readonly flags?: number;
}

export interface BuiltSymbol {
  readonly name: string;
  readonly value: number | bigint;
  readonly size?: number;
  /** STT_FUNC unless told otherwise. */
  readonly type?: number;
  /** STB_GLOBAL unless told otherwise. */
  readonly binding?: number;
  /** 0 is undefined. */
  readonly section?: number;
}

export interface BuiltElf extends Partial<ElfKind> {
  readonly machine?: number;
  readonly segments?: readonly BuiltSegment[];
  readonly symbols?: readonly BuiltSymbol[];
  /** Symbols of .dynsym, which a stripped file still has. */
  readonly dynamic?: readonly BuiltSymbol[];
  readonly sections?: readonly { readonly name: string; readonly address: number; readonly bytes: number }[];
  readonly buildId?: Uint8Array;
  /** The counts stand in the first section, as when there are too many for 16 bits. */
  readonly countsInSection?: boolean;
}

interface Part {
  readonly name: string;
  readonly type: number;
  readonly body: Uint8Array;
  readonly address?: number;
  readonly bytes?: number;
  readonly link?: number;
  readonly entry?: number;
}

export const FUNCTION = 2;
export const OBJECT = 1;

export function builtElf(built: BuiltElf): Uint8Array {
  const kind = { is64: built.is64 ?? true, isBigEndian: built.isBigEndian ?? false };
  const { segments = [], sections = [] } = built;
  const parts: Part[] = [{ name: '', type: 0, body: EMPTY }];
  for (const [name, type, symbols] of [
    ['.symtab', 2, built.symbols],
    ['.dynsym', 11, built.dynamic],
  ] as const) {
    if (symbols === undefined) continue;
    const { table, texts } = symbolTable(symbols, kind);
    parts.push({ name, type, body: table, link: parts.length + 1, entry: kind.is64 ? 24 : 16 });
    parts.push({ name: '.strtab', type: 3, body: texts });
  }
  for (const section of sections) parts.push({ ...section, type: 8, body: EMPTY });
  if (built.buildId !== undefined)
    parts.push({ name: '.note.gnu.build-id', type: 7, body: noteOf(built.buildId, kind) });
  const names = parts.length;
  const texts = stringTable([...parts.map(({ name }) => name), '.shstrtab']);
  parts.push({ name: '.shstrtab', type: 3, body: texts.bytes });
  const [headBytes, segmentBytes, sectionBytes] = kind.is64 ? [64, 56, 64] : [52, 32, 40];
  let at = headBytes + segmentBytes * segments.length;
  const places = parts.map(({ body }) => {
    const place = at;
    at += Math.ceil(body.length / 8) * 8;
    return place;
  });
  const out = wordsOf(kind);
  const wide = (value: number) => out.uint(value, kind.is64 ? 8 : 4);
  out.raw([0x7f, 0x45, 0x4c, 0x46, kind.is64 ? 2 : 1, kind.isBigEndian ? 2 : 1, 1]).zeros(9);
  out
    .u16(3)
    .u16(built.machine ?? 62)
    .u32(1);
  wide(0);
  wide(segments.length === 0 ? 0 : headBytes);
  wide(at);
  out.u32(0).u16(headBytes).u16(segmentBytes).u16(segments.length).u16(sectionBytes);
  if (built.countsInSection) out.u16(0).u16(0xffff);
  else out.u16(parts.length).u16(names);
  for (const segment of segments) putSegment(out, segment, kind);
  parts.forEach(({ body }, index) => {
    out.zeros(places[index] - out.length).raw(body);
  });
  out.zeros(at - out.length);
  parts.forEach((part, index) => {
    const isFirst = index === 0 && built.countsInSection === true;
    const bytes = isFirst ? parts.length : (part.bytes ?? part.body.length);
    out.u32(texts.at[index]).u32(part.type);
    wide(0);
    wide(part.address ?? 0);
    wide(places[index]);
    wide(bytes);
    out.u32(isFirst ? names : (part.link ?? 0)).u32(0);
    wide(8);
    wide(part.entry ?? 0);
  });
  return out.done();
}

const EMPTY = new Uint8Array(0);

const wordsOf = ({ isBigEndian }: ElfKind) => new Bytes(isBigEndian);

function putSegment(out: Bytes, segment: BuiltSegment, { is64 }: ElfKind): void {
  const { offset, address, fileBytes, memoryBytes = fileBytes, flags = 4 } = segment;
  const size = is64 ? 8 : 4;
  out.u32(1);
  if (is64) out.u32(flags);
  for (const value of [offset, address, address, fileBytes, memoryBytes]) out.uint(value, size);
  if (!is64) out.u32(flags);
  out.uint(4096, size);
}

function symbolTable(
  symbols: readonly BuiltSymbol[],
  kind: ElfKind,
): { table: Uint8Array; texts: Uint8Array } {
  const texts = stringTable(symbols.map(({ name }) => name));
  const out = wordsOf(kind).zeros(kind.is64 ? 24 : 16);
  symbols.forEach(({ value, size = 0, type = FUNCTION, section = 1, binding = 1 }, index) => {
    out.u32(texts.at[index]);
    if (kind.is64)
      out
        .u8((binding << 4) | type)
        .u8(0)
        .u16(section)
        .u64(value)
        .u64(size);
    else
      out
        .u32(Number(value))
        .u32(size)
        .u8((binding << 4) | type)
        .u8(0)
        .u16(section);
  });
  return { table: out.done(), texts: texts.bytes };
}

function stringTable(words: readonly string[]): { bytes: Uint8Array; at: number[] } {
  const out = new Bytes().u8(0);
  const at = words.map((word) => {
    const place = out.length;
    out.raw(new TextEncoder().encode(word)).u8(0);
    return place;
  });
  return { bytes: out.done(), at };
}

/** A note of another owner stands before it, of a length that is no multiple of 4. */
function noteOf(id: Uint8Array, kind: ElfKind): Uint8Array {
  const out = wordsOf(kind)
    .u32(5)
    .u32(3)
    .u32(3)
    .raw(new TextEncoder().encode('Go\0\0\0'))
    .zeros(3)
    .raw([1, 2, 3, 0]);
  return out.u32(4).u32(id.length).u32(3).raw(new TextEncoder().encode('GNU\0')).raw(id).done();
}
