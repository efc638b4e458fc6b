/**
 * A perf.data file under construction, as `perf record` of Linux 6.1 writes it: file mode, little endian,
 * 128-byte attributes, so that old and new readers take it. Layout: tools/perf/Documentation/perf.data-file-format.
 */
import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';
import { ByteWriter } from './byte-writer.js';

/** Bytes of a perf_event_attr in the file (PERF_ATTR_SIZE_VER7). */
export const ATTR_BYTES = 128;
const HEADER_BYTES = 104;

/** perf_event_sample_format (include/uapi/linux/perf_event.h). */
export const FIELD = {
  ip: 1,
  tid: 1 << 1,
  time: 1 << 2,
  addr: 1 << 3,
  cpu: 1 << 7,
  period: 1 << 8,
  raw: 1 << 10,
  dataSource: 1 << 15,
  identifier: 1 << 16,
  physical: 1 << 19,
  pageSize: 1 << 22,
  weight: 1 << 24,
} as const;

/** Bits of perf_event_attr's flags used here. */
export const ATTR = {
  disabled: 1,
  inherit: 1 << 1,
  mmap: 1 << 8,
  comm: 1 << 9,
  task: 1 << 13,
  mmapData: 1 << 17,
  sampleIdAll: 1 << 18,
  excludeGuest: 1 << 20,
  mmap2: 1 << 23,
  contextSwitch: 1 << 26,
} as const;

const RECORD = {
  comm: 3,
  sample: 9,
  mmap2: 10,
  aux: 11,
  auxtrace: 71,
  auxtraceInfo: 70,
  finishedRound: 68,
  timeConv: 79,
};
const FEATURE = {
  hostname: 3,
  osRelease: 4,
  version: 5,
  arch: 6,
  cpus: 7,
  cpuDescription: 8,
  cpuId: 9,
  commandLine: 11,
  eventDescription: 12,
  pmuMappings: 16,
  auxtrace: 18,
  pmuCaps: 31,
};

/** The fields of an attribute that recordings set; others are 0. */
export interface EventAttr {
  readonly type: number;
  readonly config: number;
  /** High half of config, for filter bits above 31. */
  readonly configHigh?: number;
  readonly config1?: number;
  readonly period: number;
  readonly sampleType: number;
  readonly flags: number;
  /** precise_ip: bits 15 and 16. */
  readonly precise?: number;
  readonly ids: readonly number[];
  readonly name: string;
}

/** What the features say of the machine. */
export interface RecordingHost {
  readonly arch: 'aarch64' | 'x86_64';
  readonly cpuId: string;
  readonly cpuDescription: string;
  readonly cpus: number;
  readonly commandLine: readonly string[];
  readonly pmus: readonly (readonly [type: number, name: string])[];
  readonly pmuCaps?: readonly (readonly [pmu: string, capability: string, value: string])[];
}

/** A thread of the recording, for COMM records. */
export interface RecordedThread {
  readonly pid: number;
  readonly tid: number;
  readonly command: string;
}

/** A mapping of the recording, for MMAP records. */
export interface RecordedArea {
  readonly pid: number;
  readonly address: number;
  readonly bytes: number;
  readonly name: string;
}

/** What the trailer of a record that is no sample says. */
interface Trailer {
  readonly pid?: number;
  readonly tid?: number;
  readonly time?: number;
  readonly cpu?: number;
}

const UNKNOWN = 0xffffffff;

/** Bytes of an AUX buffer as a CPU wrote them. */
export interface TraceBuffer {
  readonly cpu: number;
  readonly time: Nanoseconds;
  /** Bytes of this CPU's trace before it. */
  readonly offset: Bytes;
  /** PERF_AUX_FLAG_*. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Takes records one after the other and returns the file. */
export class PerfWriter {
  readonly #attrs: readonly EventAttr[];
  readonly #data = new ByteWriter();
  readonly #auxtraces: { readonly at: number; readonly bytes: number }[] = [];

  constructor(attrs: readonly EventAttr[]) {
    this.#attrs = attrs;
  }

  /** A record of any type; `body` without the header. */
  record(type: number, misc: number, body: ByteWriter): void {
    const bytes = body.done();
    this.#data
      .u32(type)
      .u16(misc)
      .u16(bytes.length + 8)
      .bytes(bytes);
  }

  comm(attr: EventAttr, thread: RecordedThread): void {
    const body = new ByteWriter().u32(thread.pid).u32(thread.tid).text(thread.command, 8);
    this.record(RECORD.comm, 0, this.#trailer(body, attr, thread));
  }

  /** An anonymous mapping; misc bit 13 marks data mappings. */
  mmap(attr: EventAttr, area: RecordedArea): void {
    const body = new ByteWriter().u32(area.pid).u32(area.pid).u64(area.address).u64(area.bytes).u64(0);
    body.u32(0).u32(0).u64(0).u64(0).u32(3).u32(2).text(area.name, 8);
    this.record(RECORD.mmap2, 2 | (1 << 13), this.#trailer(body, attr, { pid: area.pid, tid: area.pid }));
  }

  sample(body: ByteWriter, misc: number): void {
    this.record(RECORD.sample, misc, body);
  }

  finishedRound(): void {
    this.record(RECORD.finishedRound, 0, new ByteWriter());
  }

  /** Counter ticks to nanoseconds: ns = zero + (ticks * mult >> shift). */
  timeConversion(shift: number, mult: number, zero: number): void {
    const body = new ByteWriter().u64(shift).u64(mult).u64(zero).u64(0).words(UNKNOWN, UNKNOWN).u8(1).u8(0);
    this.record(RECORD.timeConv, 0, body.zeroes(6));
  }

  /** AUXTRACE_INFO in its first version: type of the trace, its PMU's number, one buffer a CPU. */
  auxtraceInfo(traceType: number, pmuType: number): void {
    this.record(RECORD.auxtraceInfo, 0, new ByteWriter().u32(traceType).u32(0).u64(pmuType).u64(1));
  }

  /** One buffer of trace bytes from a CPU, with the record that says what was written. */
  auxtrace(attr: EventAttr, { cpu, time, offset, flags, payload }: TraceBuffer): void {
    const said = new ByteWriter().u64(offset).u64(payload.length).u64(flags);
    this.record(RECORD.aux, 0, this.#trailer(said, attr, { pid: UNKNOWN, tid: UNKNOWN, time, cpu }));
    this.#auxtraces.push({ at: this.#data.length, bytes: 48 });
    const body = new ByteWriter()
      .u64(payload.length)
      .u64(offset)
      .u64(time)
      .u32(cpu)
      .u32(UNKNOWN)
      .u32(cpu)
      .u32(0);
    this.record(RECORD.auxtrace, 0, body);
    this.#data.bytes(payload);
  }

  #trailer(body: ByteWriter, attr: EventAttr, of: Trailer): ByteWriter {
    const type = attr.sampleType;
    if (type & FIELD.tid) body.u32(of.pid ?? 0).u32(of.tid ?? 0);
    if (type & FIELD.time) body.u64(of.time ?? 0);
    if (type & FIELD.cpu) body.u32(of.cpu ?? 0).u32(0);
    if (type & FIELD.identifier) body.u64(attr.ids[Math.min(of.cpu ?? 0, attr.ids.length - 1)]);
    return body;
  }

  /** The whole file. */
  finish(host: RecordingHost): Uint8Array {
    const ids = new ByteWriter();
    const attrs = new ByteWriter();
    for (const attr of this.#attrs) {
      const at = HEADER_BYTES + ids.length;
      for (const id of attr.ids) ids.u64(id);
      writeAttr(attrs, attr)
        .u64(at)
        .u64(attr.ids.length * 8);
    }
    const attrsAt = HEADER_BYTES + ids.length;
    const dataAt = attrsAt + attrs.length;
    const features = this.#features(host, dataAt);
    const file = new ByteWriter();
    const attrsPart = { at: attrsAt, bytes: attrs.length };
    writeHeader(file, attrsPart, { at: dataAt, bytes: this.#data.length }, [...features.keys()]);
    file.bytes(ids.done()).bytes(attrs.done()).bytes(this.#data.done());
    let bodyAt = file.length + features.size * 16;
    for (const body of features.values()) {
      file.u64(bodyAt).u64(body.length);
      bodyAt += body.length;
    }
    for (const body of features.values()) file.bytes(body.done());
    return file.done();
  }

  /** Feature sections in ascending order of their bits. */
  #features(host: RecordingHost, dataAt: number): Map<number, ByteWriter> {
    const made = new Map<number, ByteWriter>();
    const text = (value: string) => featureText(new ByteWriter(), value);
    made.set(FEATURE.hostname, text('model'));
    made.set(FEATURE.osRelease, text('6.1.0'));
    made.set(FEATURE.version, text('6.1.0'));
    made.set(FEATURE.arch, text(host.arch));
    made.set(FEATURE.cpus, new ByteWriter().u32(host.cpus).u32(host.cpus));
    made.set(FEATURE.cpuDescription, text(host.cpuDescription));
    made.set(FEATURE.cpuId, text(host.cpuId));
    made.set(FEATURE.commandLine, manyTexts(new ByteWriter(), host.commandLine));
    made.set(FEATURE.eventDescription, this.#eventDescription());
    made.set(FEATURE.pmuMappings, pmuMappings(host));
    if (this.#auxtraces.length > 0) made.set(FEATURE.auxtrace, this.#auxtraceIndex(dataAt));
    if (host.pmuCaps !== undefined) made.set(FEATURE.pmuCaps, pmuCaps(host.pmuCaps));
    return made;
  }

  #eventDescription(): ByteWriter {
    const body = new ByteWriter().u32(this.#attrs.length).u32(ATTR_BYTES);
    for (const attr of this.#attrs) {
      writeAttr(body, attr).u32(attr.ids.length);
      featureText(body, attr.name);
      for (const id of attr.ids) body.u64(id);
    }
    return body;
  }

  #auxtraceIndex(dataAt: number): ByteWriter {
    const body = new ByteWriter().u64(this.#auxtraces.length);
    for (const { at, bytes } of this.#auxtraces) body.u64(dataAt + at).u64(bytes);
    return body;
  }
}

function writeAttr(into: ByteWriter, attr: EventAttr): ByteWriter {
  const flags = attr.flags | ((attr.precise ?? 0) << 15);
  into
    .u32(attr.type)
    .u32(ATTR_BYTES)
    .words(attr.config, attr.configHigh ?? 0)
    .u64(attr.period);
  into.u64(attr.sampleType).u64(READ_FORMAT_ID).words(flags, 0).u32(0).u32(0);
  return into.u64(attr.config1 ?? 0).zeroes(ATTR_BYTES - 64);
}

/** PERF_FORMAT_ID. */
const READ_FORMAT_ID = 4;

interface FilePart {
  readonly at: Bytes;
  readonly bytes: Bytes;
}

function writeHeader(file: ByteWriter, attrs: FilePart, data: FilePart, features: readonly number[]): void {
  file
    .bytes(new TextEncoder().encode('PERFILE2'))
    .u64(HEADER_BYTES)
    .u64(ATTR_BYTES + 16);
  file.u64(attrs.at).u64(attrs.bytes).u64(data.at).u64(data.bytes).u64(0).u64(0);
  const bits = features.reduce((sum, bit) => sum + 2 ** bit, 0);
  file.u64(bits).u64(0).u64(0).u64(0);
}

/** A string of a feature section: length (a multiple of 64), then that many bytes. */
function featureText(into: ByteWriter, value: string): ByteWriter {
  const bytes = new TextEncoder().encode(value).length;
  return into.u32(bytes + 64 - (bytes % 64)).text(value, 64);
}

function manyTexts(into: ByteWriter, values: readonly string[]): ByteWriter {
  into.u32(values.length);
  for (const value of values) featureText(into, value);
  return into;
}

function pmuMappings(host: RecordingHost): ByteWriter {
  const body = new ByteWriter().u32(host.pmus.length);
  for (const [type, name] of host.pmus) featureText(body.u32(type), name);
  return body;
}

function pmuCaps(caps: NonNullable<RecordingHost['pmuCaps']>): ByteWriter {
  const body = new ByteWriter().u32(caps.length);
  for (const [pmu, capability, value] of caps) {
    featureText(featureText(body.u32(1), capability), value);
    featureText(body, pmu);
  }
  return body;
}
