/** AMD IBS op: samples with addresses and, beside them, the raw registers (arch/x86/events/amd/ibs.c). */
import type { IbsFigures } from '../../model/cpus/cpu.js';
import { emptySample, type PmuSample } from '../../model/hardware/pmu-samples.js';
import { OUTCOME } from '../../model/hardware/tlb.js';
import { ByteWriter } from './byte-writer.js';
import { dataSource } from './data-source.js';
import { ATTR, type EventAttr, FIELD, PerfWriter } from './perf-writer.js';
import type { Recording } from './recording.js';

const PMU_TYPE = 11;
const MISC = { user: 2, guestUser: 5 };
/** IBS capabilities in the RAW record: op sampling with branch target, op data 4 absent. */
const CAPS = 0x3ff;
const OP_DATA3 = {
  load: 1,
  store: 2,
  l1TlbMiss: 4,
  l2TlbMiss: 8,
  l1Tlb2M: 16,
  l2Tlb2M: 64,
  dcMiss: 128,
  l2Miss: 1 << 20,
};
const LINEAR_VALID = 1 << 17;
const PHYSICAL_VALID = 1 << 18;
const WIDTH_8_BYTES = 4 << 22;
/** IbsOpEn and IbsOpVal of IBS_OP_CTL. */
const OP_CTL = (1 << 17) | (1 << 18);

/** Returns the perf.data that `perf record -e ibs_op//` would have written of the samples. */
export function ibsRecording(recording: Recording, figures: IbsFigures): Uint8Array {
  const event: EventAttr = {
    type: PMU_TYPE,
    config: 1 << 19,
    period: recording.period,
    sampleType:
      FIELD.identifier | FIELD.ip | FIELD.tid | FIELD.time | FIELD.addr | FIELD.cpu | FIELD.period |
      FIELD.raw | FIELD.weight | FIELD.dataSource | FIELD.physical, // biome-ignore format: one line of flags
    flags:
      ATTR.disabled |
      ATTR.inherit |
      ATTR.mmap |
      ATTR.comm |
      ATTR.task |
      ATTR.mmap2 |
      ATTR.mmapData |
      ATTR.sampleIdAll,
    precise: 2,
    ids: Array.from({ length: recording.cpus }, (_, cpu) => 301 + cpu),
    name: 'ibs_op/cnt_ctl=1/',
  };
  const writer = new PerfWriter([event]);
  for (const thread of recording.threads) writer.comm(event, thread);
  for (const area of recording.areas) writer.mmap(event, area);
  const sample = emptySample();
  for (let row = 0; row < recording.samples.count; row++) {
    writeSample(writer, event, recording.samples.read(row, sample), recording);
  }
  writer.finishedRound();
  return writer.finish({
    arch: 'x86_64',
    cpuId: figures.cpuid,
    cpuDescription: recording.cpuTitle,
    cpus: recording.cpus,
    commandLine: ['perf', 'record', '-e', event.name, '-c', String(recording.period), '-a', '-d'],
    pmus: [
      [1, 'software'],
      [4, 'cpu'],
      [PMU_TYPE, 'ibs_op'],
    ],
    ...(figures.zen4Extensions && { pmuCaps: [['ibs_op', 'zen4_ibs_extensions', '1']] }),
  });
}

function writeSample(writer: PerfWriter, event: EventAttr, sample: PmuSample, recording: Recording): void {
  const source = dataSource(sample);
  const body = new ByteWriter();
  body.u64(event.ids[sample.cpu]).u64(0x400100).u32(sample.pid).u32(sample.tid);
  body.u64(Math.round(sample.time)).u64(sample.address).u32(sample.cpu).u32(0).u64(recording.period);
  writeRaw(body, sample);
  const missed = !sample.isStore && sample.from > 0;
  body
    .u32(missed ? sample.latency : 0)
    .u16(sample.latency)
    .u16(0);
  body.words(source.low, source.high).u64(sample.physical);
  writer.sample(body, sample.isGuest ? MISC.guestUser : MISC.user);
}

/** u32 size, u32 caps, then OP_CTL, RIP, OP_DATA, OP_DATA2, OP_DATA3, DC_LIN_AD, DC_PHYS_AD. */
function writeRaw(body: ByteWriter, sample: PmuSample): void {
  body.u32(4 + 7 * 8).u32(CAPS);
  body
    .u64(OP_CTL)
    .u64(0x400100)
    .words(sample.latency & 0xffff, 0);
  body.u64(sample.address === 0 ? 0 : [0, 1, 1, 3][sample.from]);
  const isAccess = sample.address !== 0;
  body.words(
    isAccess ? opData3(sample) : 0,
    isAccess ? (sample.latency & 0xffff) | (sample.translation << 16) : 0,
  );
  body.u64(sample.address).u64(sample.physical);
}

function opData3(sample: PmuSample): number {
  let bits = (sample.isStore ? OP_DATA3.store : OP_DATA3.load) | WIDTH_8_BYTES | LINEAR_VALID;
  if (sample.physical !== 0) bits |= PHYSICAL_VALID;
  if (sample.outcome !== OUTCOME.firstLevel) bits |= OP_DATA3.l1TlbMiss;
  if (sample.outcome >= OUTCOME.walk) bits |= OP_DATA3.l2TlbMiss;
  if (sample.isHuge && sample.outcome === OUTCOME.firstLevel) bits |= OP_DATA3.l1Tlb2M;
  if (sample.isHuge && sample.outcome === OUTCOME.secondLevel) bits |= OP_DATA3.l2Tlb2M;
  if (sample.from > 0) bits |= OP_DATA3.dcMiss;
  if (sample.from > 1) bits |= OP_DATA3.l2Miss;
  return bits >>> 0;
}
