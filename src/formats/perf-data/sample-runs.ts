/**
 * SAMPLE records that follow each other and have all their fields at constant places: the hot loop of ordinary
 * recordings. What is unusual (another byte order, fields behind variable ones, IBS registers, unknown ids) is left
 * to SampleDecoder, record by record; both give the same rows.
 */
import { NO_PAGE, SAMPLE_FLAG, SAMPLE_KIND } from '../../vocabulary/sample.js';
import { flagsOfDataSource, kindOfDataSource } from '../intel-pebs/data-source.js';
import type { AccessColumns } from './access-columns.js';
import { MISC, RECORD, SAMPLE_FIELD } from './constants.js';
import type { RecordedEvent } from './event-table.js';
import type { SampleDecoder } from './sample-decoder.js';

const TWO_32 = 4294967296;

/** Where fields of an event's samples lie, in words from the record's beginning; 0 when they are absent. */
export interface RunPlan {
  readonly event: number;
  readonly id: number;
  readonly tid: number;
  readonly time: number;
  readonly addr: number;
  readonly period: number;
  readonly weight: number;
  readonly dataSource: number;
  readonly physAddr: number;
  readonly dataPageSize: number;
  /** Least size of a record in bytes. */
  readonly bytes: number;
  readonly kind: number;
  readonly fixedWeight: number;
  /** Keeps the high word of WEIGHT from counting as latency. */
  readonly weightIsStruct: boolean;
}

/** The plan of an event, undefined when its samples need a closer look. */
export function runPlan(event: RecordedEvent, idAt: number): RunPlan | undefined {
  const { offsets, needsWalk } = event.layout;
  const mayHoldRegisters = (event.attr.sampleType & SAMPLE_FIELD.raw) !== 0;
  if (needsWalk || mayHoldRegisters || event.nature === 'ibs') return undefined;
  const isFault = event.nature === 'fault';
  return {
    event: event.index,
    id: idAt >>> 2,
    tid: offsets.tid >>> 2,
    time: offsets.time >>> 2,
    addr: offsets.addr >>> 2,
    period: offsets.period >>> 2,
    weight: offsets.weight >>> 2,
    dataSource: isFault ? 0 : offsets.dataSource >>> 2,
    physAddr: offsets.physAddr >>> 2,
    dataPageSize: offsets.dataPageSize >>> 2,
    bytes: offsets.end,
    kind: isFault ? SAMPLE_KIND.fault : SAMPLE_KIND.unknown,
    fixedWeight: event.fixedWeight,
    weightIsStruct: (event.attr.sampleType & SAMPLE_FIELD.weightStruct) !== 0,
  };
}

/** SAMPLE_FLAG bits of each cpumode. */
const MODE_FLAGS = new Uint8Array(8);
MODE_FLAGS[MISC.kernel] = SAMPLE_FLAG.kernel;
MODE_FLAGS[MISC.guestUser] = SAMPLE_FLAG.guest;
MODE_FLAGS[MISC.guestKernel] = SAMPLE_FLAG.guest | SAMPLE_FLAG.kernel;

/**
 * Decodes records of one event from word `from` of `words` on, into the rows of `out` that are left. Answers the
 * word behind the last record decoded: `from` itself when the first one is none of this event's samples.
 */
export function decodeRun(
  words: Uint32Array,
  from: number,
  end: number,
  plan: RunPlan,
  decoder: SampleDecoder,
  out: AccessColumns,
): number {
  const { event, id, tid, time, addr, period, bytes, kind, fixedWeight } = plan;
  const { lowShift, highFactor } = decoder;
  const idLow = words[from + id];
  const idHigh = words[from + id + 1];
  const hasMore = plan.weight + plan.dataSource + plan.physAddr + plan.dataPageSize !== 0;
  let origin = Number.NaN;
  let row = out.count;
  let others = 0;
  let at = from;
  for (; row < out.capacity && at + 2 <= end && words[at] === RECORD.sample; ) {
    const head = words[at + 1];
    const size = head >>> 16;
    const next = at + (size >>> 2);
    if (size < bytes || (size & 3) !== 0 || next > end) break;
    if (id !== 0 && (words[at + id] !== idLow || words[at + id + 1] !== idHigh)) break;
    const pid = tid === 0 ? -1 : words[at + tid] | 0;
    if (!decoder.wants(pid)) {
      decoder.losses.otherProcess++;
      others++;
      at = next;
      continue;
    }
    const addressLow = addr === 0 ? 0 : words[at + addr];
    const addressHigh = addr === 0 ? 0 : words[at + addr + 1];
    if (time !== 0) {
      if (Number.isNaN(origin)) origin = decoder.originFor(words[at + time], words[at + time + 1]);
      out.time[row] = words[at + time + 1] * TWO_32 - origin + words[at + time] - decoder.originLow;
    } else out.time[row] = Number.NaN;
    out.pid[row] = pid;
    out.tid[row] = tid === 0 ? -1 : words[at + tid + 1];
    out.addressLow[row] = addressLow;
    out.addressHigh[row] = addressHigh;
    out.virtualPage[row] =
      addressLow === 0 && addressHigh === 0 ? NO_PAGE : addressHigh * highFactor + (addressLow >>> lowShift);
    out.weight[row] = period === 0 ? fixedWeight : words[at + period + 1] * TWO_32 + words[at + period];
    out.event[row] = event;
    out.kind[row] = kind;
    out.flags[row] = MODE_FLAGS[head & MISC.cpuModeMask];
    if (hasMore) fillMore(words, at, plan, decoder, out, row);
    else if (decoder.table.hasMoreColumns) clearMore(out, row);
    row++;
    at = next;
  }
  decoder.seen += row - out.count + others;
  out.count = row;
  return at;
}

/** Columns that not every recording has. */
function fillMore(
  words: Uint32Array,
  at: number,
  plan: RunPlan,
  decoder: SampleDecoder,
  out: AccessColumns,
  row: number,
): void {
  const physicalLow = plan.physAddr === 0 ? 0 : words[at + plan.physAddr];
  const physicalHigh = plan.physAddr === 0 ? 0 : words[at + plan.physAddr + 1];
  out.physicalLow[row] = physicalLow;
  out.physicalHigh[row] = physicalHigh;
  out.physicalPage[row] = decoder.page(physicalLow, physicalHigh);
  out.latency[row] = plan.weight === 0 ? 0 : decoder.latencyOf(words, at + plan.weight, plan.weightIsStruct);
  if (plan.dataPageSize !== 0) {
    const pageSize = words[at + plan.dataPageSize + 1] * TWO_32 + words[at + plan.dataPageSize];
    if (pageSize >= decoder.blockBytes) out.flags[row] |= SAMPLE_FLAG.hugeMapped;
  }
  if (plan.dataSource === 0) return;
  const source = words[at + plan.dataSource];
  out.kind[row] = kindOfDataSource(source);
  out.flags[row] |= flagsOfDataSource(source, words[at + plan.dataSource + 1]);
}

function clearMore(out: AccessColumns, row: number): void {
  out.physicalLow[row] = 0;
  out.physicalHigh[row] = 0;
  out.physicalPage[row] = NO_PAGE;
  out.latency[row] = 0;
}
