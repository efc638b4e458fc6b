/**
 * Where each field of a sample lies. Fields before READ have constant offsets for an attr; those after a field
 * of variable length need a walk (perf_event_output order: kernel/events/core.c perf_output_sample()).
 */

import { BRANCH_FORMAT, SAMPLE_FIELD as F, READ_FORMAT, RECORD_HEADER_BYTES } from '../perf-abi/constants.js';
import type { EventAttr } from './attr.js';
import type { RecordView } from './record-view.js';

/** Byte offsets in the record; 0 for a field that samples of this event do not have. */
export interface SampleOffsets {
  ip: number;
  tid: number;
  time: number;
  addr: number;
  cpu: number;
  period: number;
  raw: number;
  weight: number;
  dataSource: number;
  physAddr: number;
  cgroup: number;
  dataPageSize: number;
  /** End of the fixed part, or of all fields after a walk. */
  end: number;
}

const VARIABLE = F.read | F.callchain | F.raw | F.branchStack | F.regsUser | F.stackUser | F.regsIntr | F.aux;
const ADDR_DEPENDENTS =
  F.weight | F.weightStruct | F.dataSource | F.physAddr | F.cgroup | F.dataPageSize | F.raw;

/** time_enabled and time_running of a READ field at `at`; undefined when it has not both. */
export function timesOfRead(
  view: RecordView,
  at: number,
  format: number,
): { readonly enabled: number; readonly running: number } | undefined {
  const both = READ_FORMAT.enabled | READ_FORMAT.running;
  if ((format & both) !== both || at + 24 > view.size) return undefined;
  return { enabled: view.u64(at + 8), running: view.u64(at + 16) };
}

/** Byte offsets of the fields of one attr's samples. */
export class SampleLayout {
  readonly offsets: SampleOffsets;
  /** True when fields of interest lie behind one of variable length, so that `walk` is needed for each sample. */
  readonly needsWalk: boolean;
  readonly #attr: EventAttr;
  /** Where the READ field is, if there is one. */
  readonly variableAt: number;

  constructor(attr: EventAttr) {
    this.#attr = attr;
    this.offsets = fixedOffsets(attr.sampleType);
    this.variableAt = this.offsets.end;
    const wanted = attr.sampleType & ADDR_DEPENDENTS;
    this.needsWalk = (attr.sampleType & VARIABLE) !== 0 && wanted !== 0;
    if ((attr.sampleType & VARIABLE) === 0) placeTail(this.offsets, attr.sampleType, this.offsets.end);
  }

  /** Finds the fields of this very sample; false when they do not fit into the record. */
  walk(view: RecordView): boolean {
    const type = this.#attr.sampleType;
    let at = this.variableAt;
    if (type & F.read) at = afterRead(view, at, this.#attr.readFormat);
    if (type & F.callchain) at = afterArray(view, at, 8);
    if (type & F.raw) at = this.#afterRaw(view, at);
    if (type & F.branchStack) at = afterBranches(view, at, this.#attr.branchSampleType);
    if (type & F.regsUser) at = afterRegisters(view, at, this.#attr.userRegisters);
    if (type & F.stackUser) at = afterStack(view, at);
    if (at > view.size) return false;
    at = placeWeights(this.offsets, type, at);
    if (type & F.regsIntr) at = afterRegisters(view, at, this.#attr.interruptRegisters);
    at = placePages(this.offsets, type, at);
    if (type & F.aux) at = afterArray(view, at, 1);
    this.offsets.end = at;
    return at <= view.size && at % 8 === 0;
  }

  #afterRaw(view: RecordView, at: number): number {
    this.offsets.raw = at;
    return at + 4 > view.size ? Number.POSITIVE_INFINITY : at + 4 + view.u32(at);
  }
}

function fixedOffsets(type: number): SampleOffsets {
  let at = RECORD_HEADER_BYTES;
  const place = (field: number) => {
    if ((type & field) === 0) return 0;
    at += 8;
    return at - 8;
  };
  place(F.identifier);
  const head = { ip: place(F.ip), tid: place(F.tid), time: place(F.time), addr: place(F.addr) };
  place(F.id);
  place(F.streamId);
  const tail = { cpu: place(F.cpu), period: place(F.period) };
  return {
    ...head,
    ...tail,
    raw: 0,
    weight: 0,
    dataSource: 0,
    physAddr: 0,
    cgroup: 0,
    dataPageSize: 0,
    end: at,
  };
}

function placeTail(offsets: SampleOffsets, type: number, start: number): void {
  offsets.end = placePages(offsets, type, placeWeights(offsets, type, start));
}

function placeWeights(offsets: SampleOffsets, type: number, start: number): number {
  let at = start;
  if (type & (F.weight | F.weightStruct)) {
    offsets.weight = at;
    at += 8;
  }
  if (type & F.dataSource) {
    offsets.dataSource = at;
    at += 8;
  }
  return type & F.transaction ? at + 8 : at;
}

function placePages(offsets: SampleOffsets, type: number, start: number): number {
  let at = start;
  if (type & F.physAddr) {
    offsets.physAddr = at;
    at += 8;
  }
  if (type & F.cgroup) {
    offsets.cgroup = at;
    at += 8;
  }
  if (type & F.dataPageSize) {
    offsets.dataPageSize = at;
    at += 8;
  }
  return type & F.codePageSize ? at + 8 : at;
}

const NOWHERE = Number.POSITIVE_INFINITY;

/** The 64-bit count at `at`, or a number that puts everything behind it out of the record. */
function countAt(view: RecordView, at: number): number {
  return at + 8 > view.size ? NOWHERE : view.u64(at);
}

function afterArray(view: RecordView, at: number, elementBytes: number): number {
  return at + 8 + countAt(view, at) * elementBytes;
}

function afterRead(view: RecordView, at: number, format: number): number {
  const times = 8 * (bit(format, READ_FORMAT.enabled) + bit(format, READ_FORMAT.running));
  const perValue = 8 * (1 + bit(format, READ_FORMAT.id) + bit(format, READ_FORMAT.lost));
  if ((format & READ_FORMAT.group) === 0) return at + times + perValue;
  return at + 8 + times + countAt(view, at) * perValue;
}

function afterBranches(view: RecordView, at: number, branchType: number): number {
  const entries = countAt(view, at);
  const perEntry = 24 + 8 * bit(branchType, BRANCH_FORMAT.counters);
  return at + 8 + 8 * bit(branchType, BRANCH_FORMAT.hardwareIndex) + entries * perEntry;
}

function afterRegisters(view: RecordView, at: number, registers: number): number {
  const abi = countAt(view, at);
  return abi === NOWHERE ? NOWHERE : at + 8 + (abi === 0 ? 0 : registers * 8);
}

function afterStack(view: RecordView, at: number): number {
  const size = countAt(view, at);
  return at + 8 + size + (size === 0 ? 0 : 8);
}

function bit(value: number, mask: number): 0 | 1 {
  return (value & mask) !== 0 ? 1 : 0;
}

/**
 * Offsets from the end of a record of the fields in the sample_id trailer that kernel records carry when
 * sample_id_all is set (perf_event__output_id_sample()); 0 for an absent field.
 */
export interface TrailerLayout {
  readonly bytes: number;
  readonly tid: number;
  readonly time: number;
  readonly cpu: number;
}

/**
 * Returns where time, thread and CPU lie in the trailer of other records (sample_id_all), counted from their
 * end.
 */
export function trailerLayout(attr: EventAttr): TrailerLayout {
  if (!attr.sampleIdAll) return { bytes: 0, tid: 0, time: 0, cpu: 0 };
  const fields = [F.tid, F.time, F.id, F.streamId, F.cpu, F.identifier].filter((f) => attr.sampleType & f);
  const fromEnd = (field: number) => {
    const index = fields.indexOf(field as never);
    return index < 0 ? 0 : 8 * (fields.length - index);
  };
  return { bytes: 8 * fields.length, tid: fromEnd(F.tid), time: fromEnd(F.time), cpu: fromEnd(F.cpu) };
}

/** Offset of the id in a SAMPLE, as the first event of a file fixes it for all (evsel__calc_id_pos()); 0 without. */
export function sampleIdOffset(sampleType: number): number {
  if (sampleType & F.identifier) return RECORD_HEADER_BYTES;
  if ((sampleType & F.id) === 0) return 0;
  const before = [F.ip, F.tid, F.time, F.addr].filter((field) => sampleType & field).length;
  return RECORD_HEADER_BYTES + 8 * before;
}

/** Distance of the id from the end of a record that is no sample (evsel__calc_is_pos()); 0 without. */
export function trailerIdOffset(sampleType: number): number {
  if (sampleType & F.identifier) return 8;
  if ((sampleType & F.id) === 0) return 0;
  return 8 * (1 + [F.cpu, F.streamId].filter((field) => sampleType & field).length);
}
