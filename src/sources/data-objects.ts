/** What lies at a data address: heap, stack, anonymous memory, a file, or a variable of a program or library. */
import type { MappingTable, RecordedMapping } from '../formats/perf-data/mappings.js';
import type { Bytes, PageNumber, ProcessId } from '../vocabulary/units.js';
import type { Image, ProgramFile, ProgramFiles } from './program-files.js';

/** What an address may lie in, in the order of reports. */
export const OBJECT_KINDS = ['variable', 'heap', 'stack', 'anonymous', 'shared', 'file', 'kernel', 'special', 'not recorded'] as const; // biome-ignore format: one list
/** One of `OBJECT_KINDS`. */
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** What lies at an address. */
export interface DataObject {
  readonly kind: ObjectKind;
  /** The variable, or the section of those without a symbol; else the mapping. */
  readonly name: string;
  /** The file that a variable is of. */
  readonly file?: ProgramFile;
}

/** Mappings below an address in which its program's may be: text, constants, data, and cuts of them. */
const MOST_BELOW = 8;
const MOST_OBJECTS = 1 << 18;

/** Finds the object at an address of a process, and numbers objects. */
export class DataObjects {
  readonly all: DataObject[] = [];
  private readonly mappings: MappingTable;
  private readonly files: ProgramFiles;
  private readonly pageBytes: Bytes;
  private readonly byMapping = new Map<string, number>();
  private readonly byVariable = new Map<ProgramFile, Map<number | string, number>>();

  constructor(mappings: MappingTable, files: ProgramFiles, pageBytes: Bytes) {
    this.mappings = mappings;
    this.files = files;
    this.pageBytes = pageBytes;
  }

  /** Number (in `all`) of what lies at byte `within` of a page of a process by now. */
  numberAt(pid: ProcessId, page: PageNumber, within: Bytes): number {
    const near = this.mappings.near(pid, page, MOST_BELOW);
    const own = near.find(({ start, end }) => start <= page && page < end);
    const image = own === undefined ? undefined : this.files.imageOf(own, pid);
    if (own !== undefined && image !== undefined)
      return this.variable(image, page, within) ?? this.mapped(own);
    // Zeroed data lie behind the file in anonymous memory; without `perf record -d` only code is recorded.
    if (own === undefined || isUnnamed(own)) {
      for (const below of near) {
        const lower = this.files.imageOf(below, pid);
        const found = lower === undefined ? undefined : this.variable(lower, page, within);
        if (found !== undefined) return found;
      }
    }
    return own === undefined ? this.named('not recorded', '') : this.mapped(own);
  }

  kernel(): number {
    return this.named('kernel', 'kernel memory');
  }

  private mapped(mapping: RecordedMapping): number {
    return this.named(kindOf(mapping.name), mapping.name);
  }

  private named(kind: ObjectKind, name: string): number {
    const known = this.byMapping.get(name || kind);
    if (known !== undefined) return known;
    const number = this.add({ kind, name: name || kind });
    this.byMapping.set(name || kind, number);
    return number;
  }

  /** Undefined when the address is none of the file's. */
  private variable({ file, elf, bias }: Image, page: PageNumber, within: Bytes): number | undefined {
    const address = (page - bias) * this.pageBytes + within;
    const isIn = elf.segments.some(
      (each) => address >= each.address && address < each.address + each.memoryBytes,
    );
    if (!isIn) return undefined;
    const symbols = this.files.symbolsOf(file, 'data');
    const symbol = symbols?.indexOf(address) ?? -1;
    const isNamed = symbols !== undefined && symbol >= 0;
    const name = isNamed ? symbols.nameOf(symbol) : sectionAt(elf.sections, address);
    const key = isNamed ? symbol : name;
    const ofFile = this.byVariable.get(file) ?? new Map<number | string, number>();
    this.byVariable.set(file, ofFile);
    const known = ofFile.get(key);
    if (known !== undefined) return known;
    const number = this.add({ kind: 'variable', name, file });
    ofFile.set(key, number);
    return number;
  }

  private add(object: DataObject): number {
    if (this.all.length >= MOST_OBJECTS) return this.all.length - 1;
    if (this.all.length === MOST_OBJECTS - 1)
      return this.all.push({ kind: 'special', name: '(further objects)' }) - 1;
    return this.all.push(object) - 1;
  }
}

const isUnnamed = ({ name }: RecordedMapping) =>
  name === '' || name.startsWith('//anon') || name === '[heap]';

/** Name of the section that holds an address and takes memory (thread-local ones have templates only). */
function sectionAt(
  sections: readonly { readonly name: string; readonly address: number; readonly bytes: number }[],
  address: number,
): string {
  const found = sections.find(
    (each) =>
      each.address > 0 &&
      address >= each.address &&
      address < each.address + each.bytes &&
      !/^\.t(bss|data)$/.test(each.name),
  );
  return found?.name ?? '(no section)';
}

/** By the name that the kernel gives a mapping (fs/proc/task_mmu.c, perf_event_mmap_event()). */
export function kindOf(name: string): ObjectKind {
  if (name === '[heap]') return 'heap';
  if (/^\[stack/.test(name)) return 'stack';
  if (name === '' || /^\/\/anon|^\[anon[:\]]|^anon_inode:/.test(name)) return 'anonymous';
  if (/^\/memfd:|^\/SYSV|^\/dev\/shm\/|^\/dev\/zero|^\[anon_shmem:/.test(name)) return 'shared';
  return name.startsWith('[') ? 'special' : 'file';
}
