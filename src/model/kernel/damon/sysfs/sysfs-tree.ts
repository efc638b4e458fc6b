/**
 * DAMON's sysfs directories and files as they stand: made from the table, holding only the text-level copy of each
 * value. Nothing here reaches a running kdamond; damon-system.ts carries values over.
 */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import {
  type Parsed,
  parseBoolean,
  parseInt32,
  parseKeyword,
  parseUnsignedInt,
  parseUnsignedLong,
} from '../../numbers/kstrtox.js';
import type { Generation } from '../core/generations.js';
import type { DirectoryRow, FileRow } from './tree-table.js';

/** The value of a file, as its kind has it. */
export type SysfsValue = bigint | boolean | string;

const UNSIGNED_LONG_MAX = (1n << 64n) - 1n;

/** Numbered directories that one tree can hold before it runs out of memory, as kmalloc would. */
const MOST_NUMBERED = 65_536;

/** What all directories of one tree share. */
export interface TreeBudget {
  readonly generation: Generation;
  numbered: number;
}

/** A file with its value. */
export class SysfsFile {
  readonly row: FileRow;
  readonly directory: SysfsDirectory;
  value: SysfsValue;

  constructor(row: FileRow, directory: SysfsDirectory) {
    this.row = row;
    this.directory = directory;
    this.value = row.initial;
  }

  get removed(): boolean {
    return this.directory.removed;
  }

  /** Content as show() prints it: decimal integers, Y or N, words, one newline. */
  get text(): string {
    if (typeof this.value === 'boolean') return this.value ? 'Y\n' : 'N\n';
    return `${this.value}\n`;
  }

  /** Parses what was written by the file's rule; bounds that the file itself checks are EINVAL. */
  parse(text: string, generation: Generation): Parsed<SysfsValue> {
    const parsed = this.#parseKind(text, generation);
    if (!parsed.ok) return this.row.onlyInvalid ? failure('EINVAL') : parsed;
    return this.#isInBounds(parsed.value) ? parsed : failure('EINVAL');
  }

  #parseKind(text: string, generation: Generation): Parsed<SysfsValue> {
    switch (this.row.kind) {
      case 'ulong':
        return parseUnsignedLong(text);
      case 'uint':
        return parseUnsignedInt(text);
      case 'int':
      case 'count':
        return parseInt32(text);
      case 'bool':
        return parseBoolean(text, generation.booleanTakesEnable);
      case 'keyword':
        return parseKeyword(text, this.row.keywords(generation));
      case 'path':
        return success(text);
      default:
        return failure('EINVAL');
    }
  }

  #isInBounds(value: SysfsValue): boolean {
    if (typeof value !== 'bigint') return true;
    const { least, most } = this.row;
    return (least === undefined || value >= least) && (most === undefined || value <= most);
  }
}

/** A directory with its files, its directories and numbered children. */
export class SysfsDirectory {
  readonly name: string;
  readonly row: DirectoryRow;
  readonly parent: SysfsDirectory | undefined;
  removed = false;
  readonly #budget: TreeBudget;
  readonly #files = new Map<string, SysfsFile>();
  readonly #directories = new Map<string, SysfsDirectory>();
  #numbered: (SysfsDirectory | undefined)[] = [];

  constructor(name: string, row: DirectoryRow, parent: SysfsDirectory | undefined, budget: TreeBudget) {
    this.name = name;
    this.row = row;
    this.parent = parent;
    this.#budget = budget;
    for (const file of row.files) {
      if (this.#has(file.only)) this.#files.set(file.name, new SysfsFile(file, this));
    }
    for (const child of row.directories) {
      if (this.#has(child.only)) this.#directories.set(child.name, this.#make(child.name, child));
    }
  }

  get generation(): Generation {
    return this.#budget.generation;
  }

  /** Number of numbered children. */
  get count(): number {
    return this.#numbered.length;
  }

  /** Names of everything in the directory, files first. */
  names(): string[] {
    return [...this.#files.keys(), ...this.#directories.keys(), ...this.#numbered.keys()].map(String);
  }

  entry(name: string): SysfsDirectory | SysfsFile | undefined {
    return this.#files.get(name) ?? this.#directories.get(name) ?? this.#numberedByName(name);
  }

  file(name: string): SysfsFile | undefined {
    return this.#files.get(name);
  }

  /** A directory that the table says is always there. */
  directory(name: string): SysfsDirectory {
    const found = this.#directories.get(name);
    if (found === undefined) throw new Error(`assertion failed: ${this.name} has no directory ${name}`);
    return found;
  }

  hasDirectory(name: string): boolean {
    return this.#directories.has(name);
  }

  /** Numbered child `index`, made when it is first asked for. */
  child(index: number): SysfsDirectory {
    const row = this.row.numbered;
    if (row === undefined || index >= this.#numbered.length) {
      throw new Error(`assertion failed: ${this.name} has no child ${index}`);
    }
    const made = this.#numbered[index] ?? this.#make(String(index), row);
    this.#numbered[index] = made;
    return made;
  }

  *children(): Generator<SysfsDirectory> {
    for (let index = 0; index < this.#numbered.length; index++) yield this.child(index);
  }

  /** Destroys all numbered children and creates `count` new ones. ENOMEM leaves none. */
  recreate(count: number): Result<void, ErrnoName> {
    this.removeNumbered();
    if (this.#budget.numbered + count > MOST_NUMBERED) return failure('ENOMEM');
    this.#budget.numbered += count;
    this.#numbered = new Array(count).fill(undefined);
    return success(undefined);
  }

  /** Adds one numbered child of a row that the kernel fills in. Undefined when memory ran out. */
  append(row: DirectoryRow): SysfsDirectory | undefined {
    if (this.#budget.numbered >= MOST_NUMBERED) return undefined;
    this.#budget.numbered++;
    const child = this.#make(String(this.#numbered.length), row);
    this.#numbered.push(child);
    return child;
  }

  removeNumbered(): void {
    for (const child of this.#numbered) if (child !== undefined) child.#remove();
    this.#budget.numbered -= this.#numbered.length;
    this.#numbered = [];
  }

  integer(name: string): bigint {
    const value = this.#files.get(name)?.value;
    return typeof value === 'bigint' ? value : 0n;
  }

  /** The value as a double: exact up to 2^53 and for page-aligned 64-bit addresses. */
  number(name: string): number {
    return Number(this.integer(name));
  }

  flag(name: string): boolean {
    return this.#files.get(name)?.value === true;
  }

  word(name: string): string {
    const value = this.#files.get(name)?.value;
    return typeof value === 'string' ? value : '';
  }

  set(name: string, value: SysfsValue): void {
    const file = this.#files.get(name);
    if (file !== undefined) file.value = value;
  }

  /** Stores an unsigned long; a double at the top of the 64-bit range stands for ULONG_MAX. */
  setNumber(name: string, value: number): void {
    this.set(name, value >= 2 ** 64 ? UNSIGNED_LONG_MAX : BigInt(Math.floor(value)));
  }

  #remove(): void {
    this.removed = true;
    for (const child of this.#directories.values()) child.#remove();
    this.removeNumbered();
  }

  #has(only: FileRow['only']): boolean {
    return only === undefined || this.#budget.generation.features.has(only);
  }

  #make(name: string, row: DirectoryRow): SysfsDirectory {
    return new SysfsDirectory(name, row, this, this.#budget);
  }

  #numberedByName(name: string): SysfsDirectory | undefined {
    if (!/^(0|[1-9]\d*)$/.test(name)) return undefined;
    const index = Number(name);
    if (index >= this.#numbered.length) return undefined;
    return this.row.numbered === undefined ? this.#numbered[index] : this.child(index);
  }
}
