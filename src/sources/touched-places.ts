/**
 * Which instructions touch which data objects in each block or page, counted while a recording is read. Bounded: places,
 * and the pairs of object and instruction in each, are dropped from the rarest on when they are too many, and told.
 */

import type { RecordedMapping } from '../formats/perf-data/mappings.js';
import type { PerfSession } from '../formats/perf-data/session.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { SAMPLE_FLAG } from '../vocabulary/sample.js';
import type { Bytes, PageNumber, Pages, ProcessId } from '../vocabulary/units.js';
import { type DataObject, DataObjects, kindOf } from './data-objects.js';
import type { JitNames } from './jit-names.js';
import type { ProgramFile, ProgramFiles } from './program-files.js';

/** Places and pairs kept at once: about 20 MB and 50 MB. */
const MOST_PLACES = 1 << 16;
const MOST_PAIRS = 1 << 19;
/** Pairs of one place: a place that everything touches does not displace the others. */
const MOST_IN_PLACE = 1 << 12;
const MOST_CODE = 1 << 20;
const CODE_RADIX = 2 ** 21;
const TWO_32 = 2 ** 32;

/** An instruction: an address of its file, or in memory where that is not known. */
interface Code {
  readonly file: ProgramFile | undefined;
  /** Signed, so that kernel addresses are exact; NaN when the sample has none. */
  readonly address: number;
  readonly mapping: string;
  /** Where it may be code that the process made at run time. */
  readonly madeBy?: ProcessId;
}

interface Place {
  samples: number;
  accesses: number;
  /** Samples by object × CODE_RADIX + instruction. */
  pairs: Map<number, number>;
}

/** Samples of one instruction on one object. */
export interface Touch {
  readonly samples: number;
  readonly object: { readonly kind: string; readonly name: string; readonly file: string };
  readonly code: {
    /** Function; empty where it is not known. */
    readonly symbol: string;
    readonly offset: Bytes;
    /** Program, library or `[kernel]`; empty where it is not known. */
    readonly file: string;
    /** Of the file, or in memory where the file's is not known; hexadecimal, empty when not recorded. */
    readonly address: string;
  };
}

/** A block or page with what lies there and who touches it. */
export interface TouchedPlace {
  readonly pid: ProcessId;
  /** Byte address in hexadecimal. */
  readonly address: string;
  readonly bytes: Bytes;
  readonly samples: number;
  readonly accesses: number;
  /** The most samples first. */
  readonly touches: readonly Touch[];
  /** Samples of pairs that were dropped or are not listed. */
  readonly furtherSamples: number;
}

/** What the names rest on. */
export interface TouchFacts {
  /** Samples with an address, and those of them whose instruction is known, and known to be the very one. */
  readonly samples: number;
  readonly withCode: number;
  readonly exact: number;
  /** Samples of places that were dropped to bound memory; the others may have lost some, too. */
  readonly dropped: number;
  /** Files whose names are not told, and why. */
  readonly unnamed: Readonly<Record<string, string>>;
  /** Files whose names are told though no build id says that they are those recorded. */
  readonly unverified: readonly string[];
}

/** Counts places while a recording is read. */
export class TouchedPlaces {
  private readonly session: PerfSession;
  private readonly files: ProgramFiles;
  private readonly objects: DataObjects;
  /** Names of code that was made at run time. */
  private readonly jit: JitNames | undefined;
  private readonly pageBytes: Bytes;
  private readonly pagesPerPlace: Pages;
  private readonly firstKernelPage: PageNumber;
  /** By event, then process, then place. */
  private readonly events = new Map<number, Map<ProcessId, Map<number, Place>>>();
  private readonly codes: Code[] = [];
  private readonly codeNumbers = new Map<ProgramFile | string, Map<number, number>>();
  private places = 0;
  private pairs = 0;
  private samples = 0;
  private withCode = 0;
  private exact = 0;
  private dropped = 0;

  constructor(
    session: PerfSession,
    files: ProgramFiles,
    pageBytes: Bytes,
    pagesPerPlace: Pages,
    jit?: JitNames,
  ) {
    this.session = session;
    this.jit = jit;
    this.files = files;
    this.objects = new DataObjects(session.state.mappings, files, pageBytes);
    this.pageBytes = pageBytes;
    this.pagesPerPlace = pagesPerPlace;
    this.firstKernelPage = 2 ** 63 / pageBytes;
  }

  /** Counts the host's samples of user space that have an address. */
  add(batch: AccessColumns): void {
    for (let row = 0; row < batch.count; row++) {
      const page = batch.virtualPage[row];
      if (page < 0 || page >= this.firstKernelPage || (batch.flags[row] & SAMPLE_FLAG.guest) !== 0) continue;
      const pid = batch.pid[row];
      const object = this.objects.numberAt(pid, page, batch.addressLow[row] % this.pageBytes);
      const code = this.codeOf(batch, row);
      const place = this.placeOf(batch.event[row], pid, Math.floor(page / this.pagesPerPlace));
      place.samples++;
      place.accesses += batch.weight[row];
      this.samples++;
      this.count(place, object * CODE_RADIX + code);
    }
    if (this.places > MOST_PLACES || this.pairs > MOST_PAIRS) this.dropRarest();
  }

  /** Drops what was counted of a process. */
  forget(pid: ProcessId): void {
    for (const processes of this.events.values()) {
      for (const { pairs } of processes.get(pid)?.values() ?? []) this.pairs -= pairs.size;
      this.places -= processes.get(pid)?.size ?? 0;
      processes.delete(pid);
    }
  }

  /** The places with most accesses, of the events that `counts` takes. */
  hottest(counts: (event: number) => boolean, top: number, touches: number): TouchedPlace[] {
    const merged = this.merged(counts);
    merged.sort((a, b) => b.place.accesses - a.place.accesses || a.pid - b.pid || a.number - b.number);
    return merged.slice(0, top).map(({ pid, number, place }) => this.told(pid, number, place, touches));
  }

  /** Number of places, and accesses in all of them. */
  totals(counts: (event: number) => boolean): { readonly places: number; readonly accesses: number } {
    const merged = this.merged(counts);
    return { places: merged.length, accesses: merged.reduce((sum, { place }) => sum + place.accesses, 0) };
  }

  facts(): TouchFacts {
    const { samples, withCode, exact, dropped } = this;
    const unnamed: Record<string, string> = {};
    const unverified = new Set<string>();
    for (const file of this.filesMet()) {
      const problem = this.files.problemOf(file);
      if (problem !== '') unnamed[file.path] = problem;
      else if (!this.files.isVerified(file)) unverified.add(file.path);
    }
    return { samples, withCode, exact, dropped, unnamed, unverified: [...unverified] };
  }

  private filesMet(): ReadonlySet<ProgramFile> {
    const files = [...this.codes.map(({ file }) => file), ...this.objects.all.map(({ file }) => file)];
    return new Set(files.filter((file) => file !== undefined));
  }

  private codeOf({ instructions, flags, pid }: AccessColumns, row: number): number {
    const low = instructions?.low[row] ?? 0;
    const high = instructions?.high[row] ?? 0;
    if (low === 0 && high === 0) return this.codeNumber('', undefined, Number.NaN);
    this.withCode++;
    this.exact += instructions?.isExact[row] ?? 0;
    const address = (high | 0) * TWO_32 + low;
    if (address < 0 || (flags[row] & SAMPLE_FLAG.kernel) !== 0)
      return this.codeNumber('[kernel]', undefined, address);
    const page = Math.floor(high * (TWO_32 / this.pageBytes) + low / this.pageBytes);
    const mapping = this.session.state.mappings.find(pid[row], page);
    if (mapping === undefined) return this.codeNumber('', undefined, address, pid[row]);
    const image = this.files.imageOf(mapping, pid[row]);
    if (image === undefined) return this.unmappedCode(mapping, pid[row], address);
    const inFile = (page - image.bias) * this.pageBytes + (low % this.pageBytes);
    return this.codeNumber(mapping.name, image.file, inFile);
  }

  /** Code of no ELF file: of another one, or made at run time. */
  private unmappedCode(mapping: RecordedMapping, pid: ProcessId, address: number): number {
    const isMade = kindOf(mapping.name) !== 'file' || /\/jit-\d+\.dump$/.test(mapping.name);
    if (isMade) return this.codeNumber(mapping.name, undefined, address, pid);
    return this.codeNumber(mapping.name, this.files.fileOf(mapping, pid), address);
  }

  private codeNumber(
    mapping: string,
    file: ProgramFile | undefined,
    address: number,
    madeBy?: ProcessId,
  ): number {
    // What processes make at one address is not the same.
    const ofFile = nested(
      this.codeNumbers,
      file ?? (madeBy === undefined ? mapping : `${madeBy} ${mapping}`),
    );
    const known = ofFile.get(address);
    if (known !== undefined) return known;
    // One number is for all that are too many.
    if (this.codes.length >= MOST_CODE) return MOST_CODE - 1;
    const isLast = this.codes.length === MOST_CODE - 1;
    const code = isLast
      ? { file: undefined, address: Number.NaN, mapping: '(further instructions)' }
      : { file, address, mapping, ...(madeBy === undefined ? {} : { madeBy }) };
    const number = this.codes.push(code) - 1;
    if (!isLast) ofFile.set(address, number);
    return number;
  }

  private placeOf(event: number, pid: ProcessId, number: number): Place {
    const processes = nested(this.events, event);
    const places = nested(processes, pid);
    const known = places.get(number);
    if (known !== undefined) return known;
    const fresh: Place = { samples: 0, accesses: 0, pairs: new Map() };
    places.set(number, fresh);
    this.places++;
    return fresh;
  }

  private count({ pairs }: Place, pair: number): void {
    const known = pairs.get(pair);
    if (known === undefined) this.pairs++;
    pairs.set(pair, (known ?? 0) + 1);
    if (pairs.size <= MOST_IN_PLACE) return;
    const kept = rarerHalfDropped([...pairs]);
    this.pairs -= pairs.size - kept.length;
    pairs.clear();
    for (const [each, samples] of kept) pairs.set(each, samples);
  }

  /** Drops half of the places, those with fewest samples, and of the others half of their pairs. */
  private dropRarest(): void {
    const counts = [...this.everyPlace()].map(({ place }) => place.samples).sort((a, b) => a - b);
    const least = counts[counts.length >>> 1];
    // Of those that have just as few, as many as are left to be dropped.
    let ties = (counts.length >>> 1) - counts.indexOf(least);
    for (const { places, number, place } of this.everyPlace()) {
      if (place.samples > least || (place.samples === least && ties-- <= 0)) continue;
      places.delete(number);
      this.places--;
      this.pairs -= place.pairs.size;
      this.dropped += place.samples;
    }
    if (this.pairs <= MOST_PAIRS / 2) return;
    for (const { place } of this.everyPlace()) {
      this.pairs -= place.pairs.size;
      place.pairs = new Map(rarerHalfDropped([...place.pairs]));
      this.pairs += place.pairs.size;
    }
  }

  private *everyPlace() {
    for (const [event, processes] of this.events)
      for (const [pid, places] of processes)
        for (const [number, place] of places) yield { event, pid, places, number, place };
  }

  private merged(counts: (event: number) => boolean) {
    const found = new Map<string, { pid: ProcessId; number: number; place: Place }>();
    for (const { event, pid, number, place } of this.everyPlace()) {
      if (!counts(event)) continue;
      const key = `${pid} ${number}`;
      const known = found.get(key)?.place;
      found.set(key, { pid, number, place: known === undefined ? place : joined(known, place) });
    }
    return [...found.values()];
  }

  private told(
    pid: ProcessId,
    number: number,
    { samples, accesses, pairs }: Place,
    most: number,
  ): TouchedPlace {
    const sorted = [...pairs].sort(([, a], [, b]) => b - a).slice(0, most);
    const listed = sorted.reduce((sum, [, count]) => sum + count, 0);
    const bytes = this.pagesPerPlace * this.pageBytes;
    return {
      ...{ pid, address: `0x${(BigInt(number) * BigInt(bytes)).toString(16)}`, bytes, samples, accesses },
      touches: sorted.map(([pair, count]) => ({
        samples: count,
        object: this.objectTold(this.objects.all[Math.floor(pair / CODE_RADIX)]),
        code: this.codeTold(this.codes[pair % CODE_RADIX]),
      })),
      furtherSamples: samples - listed,
    };
  }

  private objectTold({ kind, name, file }: DataObject): Touch['object'] {
    const isNamed = file === undefined || this.files.problemOf(file) === '';
    return { kind, name: isNamed ? name : '', file: file?.path ?? '' };
  }

  private codeTold({ file, address, mapping, madeBy }: Code): Touch['code'] {
    const shown = Number.isNaN(address) ? '' : `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;
    const nowhere = { symbol: '', offset: 0, file: file?.path ?? mapping, address: shown };
    if (madeBy !== undefined) return { ...nowhere, ...this.madeAt(madeBy, address) };
    if (file === undefined || this.files.problemOf(file) !== '') return nowhere;
    const symbols = this.files.symbolsOf(file, 'code');
    const found = symbols?.indexOf(address) ?? -1;
    if (symbols === undefined || found < 0) return nowhere;
    return { ...nowhere, symbol: symbols.nameOf(found), offset: address - symbols.startOf(found) };
  }

  private madeAt(pid: ProcessId, address: number): { readonly symbol?: string; readonly offset?: Bytes } {
    const found = this.jit?.at(pid, address);
    return found === undefined ? {} : { symbol: found.name, offset: address - found.start };
  }
}

function nested<Key, Inner, Value>(maps: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  let found = maps.get(key);
  if (found === undefined) {
    found = new Map();
    maps.set(key, found);
  }
  return found;
}

function rarerHalfDropped(pairs: [number, number][]): [number, number][] {
  return pairs.sort(([, a], [, b]) => b - a).slice(0, Math.ceil(pairs.length / 2));
}

function joined(a: Place, b: Place): Place {
  const pairs = new Map(a.pairs);
  for (const [pair, samples] of b.pairs) pairs.set(pair, (pairs.get(pair) ?? 0) + samples);
  return { samples: a.samples + b.samples, accesses: a.accesses + b.accesses, pairs };
}
