/** Arm SPE: packets in AUXTRACE buffers, one queue a CPU (Arm ARM, Statistical Profiling Extension). */
import type { SpeFigures } from '../../model/cpus/cpu.js';
import { emptySample, type PmuSample } from '../../model/hardware/pmu-samples.js';
import { OUTCOME } from '../../model/hardware/tlb.js';
import { ByteWriter } from './byte-writer.js';
import { ATTR, type EventAttr, FIELD, PerfWriter } from './perf-writer.js';
import type { Recording } from './recording.js';

const AUXTRACE_ARM_SPE = 4;
const PMU_TYPE = 12;
/** 25 MHz generic timer: 40 ns a tick. */
const TIME = { shift: 10, mult: 40_960, zero: 1_000_000, nsPerTick: 40 };
/** Buffers are handed over when they reach this size. */
const BUFFER_BYTES = 64 * 1024;
const PACKET = { timestamp: 0x71, events16: 0x52, source8: 0x43, contextEl1: 0x64, operation: 0x49, pad: 0 };
const ADDRESS = { pc: 0xb0, virtual: 0xb2, physical: 0xb3 };
const COUNTER = { total: 0x98, issue: 0x99, translation: 0x9a };
const EVENT = {
  retired: 2,
  l1Access: 4,
  l1Refill: 8,
  tlbAccess: 16,
  tlbWalk: 32,
  llcAccess: 256,
  llcMiss: 512,
};
/** Data source payloads of the Neoverse family: L1D, L2, system cache, DRAM. */
const SOURCE = [0, 8, 0xb, 0xe];
const NON_SECURE = 0x80000000;
/** A place in the program's text; the model has no instructions. */
const PROGRAM_COUNTER = 0x400100;

/** Returns the perf.data that `perf record -e arm_spe//` would have written of the samples. */
export function speRecording(recording: Recording, figures: SpeFigures): Uint8Array {
  const cpus = recording.cpus;
  const common = FIELD.ip | FIELD.tid | FIELD.time | FIELD.cpu | FIELD.identifier;
  const spe: EventAttr = {
    type: PMU_TYPE,
    config: 1 | (recording.physical ? 2 : 0) | (1 << 16),
    configHigh: 0b110,
    period: recording.period,
    sampleType: common | FIELD.addr | FIELD.dataSource,
    flags: ATTR.disabled | ATTR.inherit | ATTR.sampleIdAll,
    ids: Array.from({ length: cpus }, (_, cpu) => 101 + cpu),
    name: 'arm_spe_0/load_filter=1,store_filter=1,ts_enable=1,pa_enable=1,jitter=1/',
  };
  const dummy: EventAttr = {
    type: 1,
    config: 9,
    period: 1,
    sampleType: common,
    flags: ATTR.disabled | ATTR.inherit | ATTR.mmap | ATTR.comm | ATTR.task | ATTR.mmap2 | ATTR.sampleIdAll,
    ids: Array.from({ length: cpus }, (_, cpu) => 201 + cpu),
    name: 'dummy:u',
  };
  const writer = new PerfWriter([spe, dummy]);
  writer.timeConversion(TIME.shift, TIME.mult, TIME.zero);
  writer.auxtraceInfo(AUXTRACE_ARM_SPE, PMU_TYPE);
  for (const thread of recording.threads) writer.comm(dummy, thread);
  for (const area of recording.areas) writer.mmap(dummy, area);
  for (let cpu = 0; cpu < cpus; cpu++) writeBuffers(writer, spe, recording, cpu, figures.recordBytes.value);
  writer.finishedRound();
  return writer.finish({
    arch: 'aarch64',
    cpuId: `0x${figures.midr.toString(16).padStart(16, '0')}`,
    cpuDescription: recording.cpuTitle,
    cpus,
    commandLine: ['perf', 'record', '-e', spe.name, '-c', String(recording.period), '-a'],
    pmus: [
      [1, 'software'],
      [PMU_TYPE, 'arm_spe_0'],
    ],
  });
}

function writeBuffers(
  writer: PerfWriter,
  spe: EventAttr,
  recording: Recording,
  cpu: number,
  align: number,
): void {
  const sample = emptySample();
  let buffer = new ByteWriter();
  let offset = 0;
  let last = 0;
  const hand = () => {
    if (buffer.length === 0) return;
    // A collision flag tells that samples were dropped because the one before was still in flight.
    const flags = recording.collisions > 0 ? 8 : 0;
    writer.auxtrace(spe, { cpu, time: last, offset, flags, payload: buffer.done() });
    offset += buffer.length;
    buffer = new ByteWriter();
  };
  for (let row = 0; row < recording.samples.count; row++) {
    recording.samples.read(row, sample);
    if (sample.cpu !== cpu) continue;
    writeRecord(buffer, sample);
    buffer.pad(align);
    last = Math.round(sample.time) + TIME.zero;
    if (buffer.length >= BUFFER_BYTES) hand();
  }
  hand();
}

/** One record, in the order of Neoverse N1: PC first, timestamp last. */
function writeRecord(buffer: ByteWriter, sample: PmuSample): void {
  buffer.u8(ADDRESS.pc).words(PROGRAM_COUNTER, NON_SECURE);
  buffer.u8(PACKET.contextEl1).u32(sample.tid);
  buffer.u8(PACKET.operation).u8(sample.isStore ? 1 : 0);
  buffer.u8(PACKET.events16).u16(eventsOf(sample));
  buffer.u8(COUNTER.issue).u16(2).u8(COUNTER.total).u16(Math.min(0xfff, sample.latency));
  buffer.u8(ADDRESS.virtual).u64(sample.address);
  buffer.u8(COUNTER.translation).u16(Math.min(0xfff, sample.translation));
  if (sample.physical !== 0) {
    const high = Math.floor(sample.physical / 2 ** 32);
    buffer.u8(ADDRESS.physical).words(sample.physical >>> 0, (high | NON_SECURE) >>> 0);
  }
  if (!sample.isStore) buffer.u8(PACKET.source8).u8(SOURCE[sample.from]);
  buffer.u8(PACKET.timestamp).u64(Math.floor(sample.time / TIME.nsPerTick));
}

function eventsOf(sample: PmuSample): number {
  let events = EVENT.retired | EVENT.l1Access | EVENT.tlbAccess;
  if (sample.outcome >= OUTCOME.walk) events |= EVENT.tlbWalk;
  if (sample.from > 0) events |= EVENT.l1Refill;
  if (sample.from >= 2) events |= EVENT.llcAccess;
  if (sample.from === 3) events |= EVENT.llcMiss;
  return events;
}
