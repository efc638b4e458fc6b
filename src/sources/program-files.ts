/**
 * The files that recorded mappings are of, for the names in them. A file on this machine may be another build than the one
 * that was recorded: it is held against the recorded build id, or else against the time of the recording.
 */
import { type ElfFile, type ElfSegment, readElf } from '../formats/elf/file.js';
import { ElfSymbols, type SymbolUse } from '../formats/elf/symbols.js';
import type { ReadPiece } from '../formats/elf/words.js';
import { isSameBuild } from '../formats/perf-data/build-ids.js';
import type { RecordedMapping } from '../formats/perf-data/mappings.js';
import type { Files } from '../host/host.js';
import type { Bytes, Milliseconds, PageNumber, ProcessId } from '../vocabulary/units.js';
import { pieceReader, textOf } from './file-bytes.js';

/** Symbols kept of all files together take at most 20 bytes each. */
const MOST_SYMBOLS = 6_000_000;
const MOST_FILES = 1 << 14;
/** Mounts are numbered anew in each namespace: their beginning tells. */
const MOUNTS_BYTES = 4096;
/** Where distributions put what they strip. */
const DEBUG_FILES = '/usr/lib/debug/.build-id';

/** Where the files lie, and how the right build is told. */
export interface ProgramFilesOptions {
  /** Directory that holds the recorded machine's files; empty for this machine's own. */
  readonly root: string;
  /** Build id that the recording has for a path, as far as it has been read. */
  readonly buildIdOf: (path: string) => string | undefined;
  /** When the recording was made at the latest, as far as known. */
  readonly recordedMs: () => Milliseconds | undefined;
}

/** A file as it was mapped. */
export class ProgramFile {
  readonly path: string;
  readonly elf: ElfFile | undefined;
  /** Build id of the mapping itself, where its record has one. */
  readonly recordedId: string | undefined;
  readonly modifiedMs: Milliseconds;
  private readonly read: ReadPiece;
  private readonly debugFile: () => ReadPiece | undefined;
  private readonly symbols = new Map<SymbolUse, ElfSymbols>();

  constructor(
    path: string,
    opened: { readonly read: ReadPiece; readonly modifiedMs: Milliseconds } | undefined,
    recordedId: string | undefined,
    debugFile: (buildId: string) => ReadPiece | undefined,
  ) {
    this.path = path;
    this.recordedId = recordedId;
    this.modifiedMs = opened?.modifiedMs ?? 0;
    this.read = opened?.read ?? (() => new Uint8Array(0));
    this.elf = opened === undefined ? undefined : readElf(opened.read);
    const id = this.elf?.buildId ?? '';
    this.debugFile = () => (id === '' ? undefined : debugFile(id));
  }

  /** Symbols of code or data; those of the stripped-off debug file where the file has fewer than that. */
  symbolsOf(use: SymbolUse): ElfSymbols | undefined {
    const known = this.symbols.get(use);
    if (known !== undefined || this.elf === undefined) return known;
    const found = this.bestSymbols(this.elf, use);
    this.symbols.set(use, found);
    return found;
  }

  private bestSymbols(elf: ElfFile, use: SymbolUse): ElfSymbols {
    const own = new ElfSymbols(this.read, elf, use);
    if (elf.sections.some(({ name }) => name === '.symtab')) return own;
    const read = this.debugFile();
    const apart = read === undefined ? undefined : readElf(read);
    if (read === undefined || apart?.buildId !== elf.buildId) return own;
    const better = new ElfSymbols(read, apart, use);
    return better.count >= own.count ? better : own;
  }
}

/** A file where a mapping has put it. */
export interface Image {
  readonly file: ProgramFile;
  readonly elf: ElfFile;
  /** Pages that the file's own addresses are moved up by. */
  readonly bias: PageNumber;
}

/** Opens the files of mappings, each once, and tells why one cannot be used. */
export class ProgramFiles {
  private readonly files: Files;
  private readonly pageBytes: Bytes;
  private readonly options: ProgramFilesOptions;
  private readonly known = new Map<string, ProgramFile>();
  private readonly images = new WeakMap<RecordedMapping, { readonly image: Image | undefined }>();
  private readonly roots = new Map<ProcessId, string>();
  private symbolsLeft = MOST_SYMBOLS;

  constructor(files: Files, pageBytes: Bytes, options: ProgramFilesOptions) {
    this.files = files;
    this.pageBytes = pageBytes;
    this.options = options;
  }

  /** The file of a mapping by its path, as its process sees it; undefined of memory that is of no file. */
  fileOf({ name, buildId }: RecordedMapping, pid?: ProcessId): ProgramFile | undefined {
    if (!name.startsWith('/') || name.startsWith('//')) return undefined;
    const root = pid === undefined ? this.options.root : this.rootOf(pid);
    const key = `${root}\0${name}\0${buildId ?? ''}`;
    const known = this.known.get(key);
    if (known !== undefined || this.known.size >= MOST_FILES) return known;
    const opened = this.open(root + name) ?? this.open(this.options.root + name);
    const fresh = new ProgramFile(name, opened, buildId, (id) => {
      const path = `${DEBUG_FILES}/${id.slice(0, 2)}/${id.slice(2)}.debug`;
      return (this.open(root + path) ?? this.open(this.options.root + path))?.read;
    });
    this.known.set(key, fresh);
    return fresh;
  }

  /** Where a process's own files are: below /proc/PID/root when it still runs and sees other mounts than this program. */
  private rootOf(pid: ProcessId): string {
    if (this.options.root !== '') return this.options.root;
    const known = this.roots.get(pid);
    if (known !== undefined) return known;
    const [own, theirs] = ['self', pid].map((name) =>
      textOf(this.files, `/proc/${name}/mountinfo`, MOUNTS_BYTES),
    );
    const root = own === theirs || theirs === undefined || theirs === '' ? '' : `/proc/${pid}/root`;
    if (this.roots.size < MOST_FILES) this.roots.set(pid, root);
    return root;
  }

  /** Where a mapping puts its file, when that is an ELF file of which it maps a loaded segment. */
  imageOf(mapping: RecordedMapping, pid?: ProcessId): Image | undefined {
    const known = this.images.get(mapping);
    if (known !== undefined) return known.image;
    const image = this.findImage(mapping, pid);
    this.images.set(mapping, { image });
    return image;
  }

  /** Symbols of a file, as long as those of all files together are not too many. */
  symbolsOf(file: ProgramFile, use: SymbolUse): ElfSymbols | undefined {
    if (this.symbolsLeft <= 0) return undefined;
    const key = `${use}${file.path}\0${file.recordedId}`;
    const isFirst = !this.counted.has(key);
    const symbols = file.symbolsOf(use);
    if (isFirst) {
      this.counted.add(key);
      this.symbolsLeft -= symbols?.count ?? 0;
    }
    return symbols;
  }
  private readonly counted = new Set<string>();

  /** Why the names in a file cannot be told; empty when they can. */
  problemOf(file: ProgramFile): string {
    if (file.elf === undefined) return 'not on this machine, or no ELF file';
    const recorded = file.recordedId ?? this.options.buildIdOf(file.path);
    if (recorded !== undefined)
      return isSameBuild(file.elf.buildId, recorded) ? '' : 'another build than the one recorded';
    const recordedMs = this.options.recordedMs();
    return recordedMs !== undefined && file.modifiedMs > recordedMs ? 'changed after the recording' : '';
  }

  /** Whether a build id says that the file is the one that was recorded. */
  isVerified(file: ProgramFile): boolean {
    return (file.recordedId ?? this.options.buildIdOf(file.path)) !== undefined;
  }

  private findImage(mapping: RecordedMapping, pid: ProcessId | undefined): Image | undefined {
    const file = this.fileOf(mapping, pid);
    const { fileStart, start } = mapping;
    if (file?.elf === undefined || fileStart === undefined) return undefined;
    const segment = segmentAt(file.elf, (start - fileStart) * this.pageBytes, this.pageBytes);
    if (segment === undefined) return undefined;
    const bias = fileStart - (segment.address - segment.offset) / this.pageBytes;
    return Number.isInteger(bias) ? { file, elf: file.elf, bias } : undefined;
  }

  /** Ordinary files alone: a recording may name anything. Each piece opens the file anew, so that few are open. */
  private open(path: string): { readonly read: ReadPiece; readonly modifiedMs: Milliseconds } | undefined {
    const status = this.files.status(path);
    if (!status.ok || status.value.kind !== 'file') return undefined;
    const { bytes, modifiedMs } = status.value;
    const read: ReadPiece = (offset, size) => {
      const opened = this.files.open(path);
      if (!opened.ok) return new Uint8Array(0);
      try {
        return pieceReader(opened.value, bytes)(offset, size);
      } finally {
        opened.value.close();
      }
    };
    return { read, modifiedMs };
  }
}

/**
 * The loaded segment whose pages begin at an offset of the file, else the last one that has it: a page of the file may
 * be mapped for two segments, and what a mapping was cut into lies within one.
 */
function segmentAt(elf: ElfFile, offset: Bytes, pageBytes: Bytes): ElfSegment | undefined {
  const pageOf = (bytes: Bytes) => Math.floor(bytes / pageBytes) * pageBytes;
  const holding = elf.segments.filter(
    (segment) => pageOf(segment.offset) <= offset && offset < segment.offset + segment.fileBytes,
  );
  return holding.filter((segment) => pageOf(segment.offset) === offset).at(-1) ?? holding.at(-1);
}
