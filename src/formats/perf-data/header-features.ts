/** Feature sections: what the recording machine was (tools/perf/util/header.c). Damaged ones are left out. */

import { FEATURE } from '../perf-abi/constants.js';
import { type EventAttr, readAttr } from './attr.js';
import { type BuildIds, readBuildIds } from './build-ids.js';
import { type RecordView, viewOf } from './record-view.js';

/** Longest list read of any feature; the largest real ones have some ten thousand entries. */
const LONGEST_LIST = 1 << 16;

/** An event as the feature EVENT_DESC lists it. */
export interface EventDescription {
  readonly attr: EventAttr;
  readonly name: string;
  readonly ids: readonly number[];
}

/** What the features say of the recording machine; absent where the recording lacks them. */
export interface Features {
  /** Build ids of files by path. */
  buildIds?: BuildIds;
  hostname?: string;
  osRelease?: string;
  version?: string;
  arch?: string;
  cpuId?: string;
  cpuDescription?: string;
  commandLine?: readonly string[];
  cpus?: number;
  /** Events with their names and ids, when the writer described them. */
  events?: readonly EventDescription[];
  /** Names of the PMUs by type number, which differ from boot to boot. */
  pmus?: ReadonlyMap<number, string>;
  /** Capabilities by PMU name. */
  pmuCaps?: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** One moment by the wall clock and by the clock of the samples, in nanoseconds. */
  clock?: { readonly wallNs: bigint; readonly clockNs: bigint };
  /** Which blocks of physical memory each NUMA node has. */
  memory?: MemoryTopology;
  /** Times of the first and last sample in nanoseconds. */
  sampleTime?: { readonly first: bigint; readonly last: bigint };
}

/** Which memory blocks belong to which NUMA node (feature MEM_TOPOLOGY). */
export interface MemoryTopology {
  readonly blockBytes: number;
  /** Bits of the blocks of each node, 32 a word. */
  readonly nodes: readonly { readonly node: number; readonly blocks: Uint32Array }[];
}

/** Features whose bodies are read; the others (BPF, topology) are passed over. */
export const FEATURES_READ: readonly number[] = [
  FEATURE.buildId,
  FEATURE.hostname,
  FEATURE.osRelease,
  FEATURE.version,
  FEATURE.arch,
  FEATURE.cpuCount,
  FEATURE.cpuDescription,
  FEATURE.cpuId,
  FEATURE.commandLine,
  FEATURE.eventDescription,
  FEATURE.pmuMappings,
  FEATURE.sampleTime,
  FEATURE.memoryTopology,
  FEATURE.clockData,
  FEATURE.pmuCaps,
];

/** Adds what the body of feature `id` says to `into`; false when it is damaged or not one of those read. */
export function readFeature(into: Features, id: number, body: Uint8Array, isBigEndian: boolean): boolean {
  if (id === FEATURE.buildId) {
    into.buildIds = readBuildIds(body, isBigEndian);
    return true;
  }
  const reader = new FeatureReader(viewOf(body, isBigEndian), body.length);
  const read: Features = {};
  apply(read, id, reader);
  if (reader.isDamaged || !FEATURES_READ.includes(id)) return false;
  Object.assign(into, read);
  return true;
}

function apply(into: Features, id: number, reader: FeatureReader): void {
  if (id === FEATURE.hostname) into.hostname = reader.string();
  else if (id === FEATURE.osRelease) into.osRelease = reader.string();
  else if (id === FEATURE.version) into.version = reader.string();
  else if (id === FEATURE.arch) into.arch = reader.string();
  else if (id === FEATURE.cpuId) into.cpuId = reader.string();
  else if (id === FEATURE.cpuDescription) into.cpuDescription = reader.string();
  else if (id === FEATURE.cpuCount) into.cpus = reader.u32();
  else if (id === FEATURE.commandLine) into.commandLine = reader.strings();
  else if (id === FEATURE.eventDescription) into.events = readEvents(reader);
  else if (id === FEATURE.pmuMappings) into.pmus = readPmus(reader);
  else if (id === FEATURE.pmuCaps) into.pmuCaps = readPmuCaps(reader);
  else if (id === FEATURE.clockData) into.clock = readClock(reader);
  else if (id === FEATURE.memoryTopology) into.memory = readMemory(reader);
  else if (id === FEATURE.sampleTime) into.sampleTime = { first: reader.big(), last: reader.big() };
}

/** u32 version, u32 clock, then both times. */
function readClock(reader: FeatureReader): NonNullable<Features['clock']> {
  reader.u32();
  reader.u32();
  return { wallNs: reader.big(), clockNs: reader.big() };
}

/** u64 version, block size, nodes; of each node u64 number, bits, bits again, then the bitmap as u64 words. */
function readMemory(reader: FeatureReader): MemoryTopology {
  reader.u64();
  const blockBytes = reader.u64();
  const count = reader.u64();
  const nodes: { node: number; blocks: Uint32Array }[] = [];
  for (let i = 0; i < count && !reader.isDamaged; i++) {
    const node = reader.u64();
    reader.u64();
    const blocks = reader.bits(reader.u64());
    if (!reader.isDamaged) nodes.push({ node, blocks });
  }
  return { blockBytes, nodes };
}

function readEvents(reader: FeatureReader): EventDescription[] {
  const count = reader.count();
  const attrBytes = reader.u32();
  const events: EventDescription[] = [];
  for (let i = 0; i < count && !reader.isDamaged; i++) {
    const attr = reader.attr(attrBytes);
    const ids = reader.count();
    const name = reader.string();
    const list = Array.from({ length: ids }, () => reader.u64());
    if (attr !== undefined && !reader.isDamaged) events.push({ attr, name, ids: list });
  }
  return events;
}

function readPmus(reader: FeatureReader): Map<number, string> {
  const pmus = new Map<number, string>();
  const count = reader.count();
  for (let i = 0; i < count && !reader.isDamaged; i++) {
    const type = reader.u32();
    pmus.set(type, reader.string());
  }
  return pmus;
}

function readPmuCaps(reader: FeatureReader): Map<string, ReadonlyMap<string, string>> {
  const byPmu = new Map<string, ReadonlyMap<string, string>>();
  const count = reader.count();
  for (let i = 0; i < count && !reader.isDamaged; i++) {
    const caps = new Map<string, string>();
    const entries = reader.count();
    for (let j = 0; j < entries && !reader.isDamaged; j++) {
      const name = reader.string();
      caps.set(name, reader.string());
    }
    byPmu.set(reader.string(), caps);
  }
  return byPmu;
}

/** Reads fields one after the other; past the end everything is empty and `isDamaged`. */
class FeatureReader {
  isDamaged = false;
  #at = 0;
  readonly #view: RecordView;
  readonly #end: number;

  constructor(view: RecordView, end: number) {
    this.#view = view;
    this.#end = end;
  }

  /** Byte by byte: strings may leave the fields after them at any offset. */
  u32(): number {
    if (!this.#has(4)) return 0;
    const at = this.#step(4);
    let value = 0;
    for (let i = 0; i < 4; i++)
      value += this.#view.u8(at + i) * 2 ** (8 * (this.#view.isBigEndian ? 3 - i : i));
    return value;
  }

  u64(): number {
    return Number(this.big());
  }

  big(): bigint {
    const first = BigInt(this.u32());
    const second = BigInt(this.u32());
    return this.#view.isBigEndian ? (first << 32n) | second : (second << 32n) | first;
  }

  /** A count that cannot be larger than what is left could hold. */
  count(): number {
    const count = this.u32();
    if (count <= LONGEST_LIST && count <= this.#end - this.#at) return count;
    this.isDamaged = true;
    return 0;
  }

  /** A bitmap of so many bits in u64 words, as words of 32, the low one first. */
  bits(count: number): Uint32Array {
    const words = Math.ceil(count / 64);
    if (!this.#has(8 * words)) return new Uint32Array(0);
    const bits = new Uint32Array(2 * words);
    for (let word = 0; word < words; word++) {
      const value = this.big();
      bits[2 * word] = Number(value & 0xffffffffn);
      bits[2 * word + 1] = Number(value >> 32n);
    }
    return bits;
  }

  string(): string {
    const length = this.u32();
    if (!this.#has(length)) return '';
    const at = this.#step(length);
    return this.#view.text(at, at + length);
  }

  strings(): string[] {
    const count = this.count();
    const strings: string[] = [];
    for (let i = 0; i < count && !this.isDamaged; i++) strings.push(this.string());
    return strings;
  }

  attr(bytes: number): EventAttr | undefined {
    if (bytes < 8 || !this.#has(bytes)) {
      this.isDamaged = true;
      return undefined;
    }
    const at = this.#step(bytes);
    return readAttr(viewOf(this.#view.slice(at, at + bytes), this.#view.isBigEndian), 0, bytes);
  }

  #has(bytes: number): boolean {
    if (this.#at + bytes > this.#end) this.isDamaged = true;
    return !this.isDamaged;
  }

  #step(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
