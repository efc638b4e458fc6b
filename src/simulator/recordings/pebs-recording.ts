/** Intel PEBS: load-latency and store samples with address, data source, weight and page size. */
import type { PebsFigures } from '../../model/cpus/cpu.js';
import { emptySample, type PmuSample } from '../../model/hardware/pmu-samples.js';
import { ByteWriter } from './byte-writer.js';
import { dataSource } from './data-source.js';
import { ATTR, type EventAttr, FIELD, PerfWriter } from './perf-writer.js';
import type { Recording } from './recording.js';

const CORE_PMU = 4;
/** PERF_RECORD_MISC_EXACT_IP with cpumode user. */
const MISC_EXACT_USER = (1 << 14) | 2;

/** Returns the perf.data that `perf mem record` would have written of the samples. */
export function pebsRecording(recording: Recording, figures: PebsFigures): Uint8Array {
  const shared = {
    type: CORE_PMU,
    period: recording.period,
    sampleType:
      FIELD.identifier | FIELD.ip | FIELD.tid | FIELD.time | FIELD.addr | FIELD.cpu | FIELD.period |
      FIELD.weight | FIELD.dataSource | FIELD.physical | FIELD.pageSize, // biome-ignore format: one line of flags
    flags:
      ATTR.disabled | ATTR.inherit | ATTR.mmap | ATTR.comm | ATTR.task | ATTR.mmap2 | ATTR.mmapData |
      ATTR.sampleIdAll | ATTR.excludeGuest, // biome-ignore format: one line of flags
    precise: 2,
  };
  const ids = (from: number) => Array.from({ length: recording.cpus }, (_, cpu) => from + cpu);
  const loads: EventAttr = {
    ...shared,
    config: figures.loadsEvent,
    config1: 3,
    ids: ids(401),
    name: 'cpu/mem-loads,ldlat=3/P',
  };
  const stores: EventAttr = {
    ...shared,
    config: figures.storesEvent,
    ids: ids(501),
    name: 'cpu/mem-stores/P',
  };
  const writer = new PerfWriter([loads, stores]);
  for (const thread of recording.threads) writer.comm(loads, thread);
  for (const area of recording.areas) writer.mmap(loads, area);
  const sample = emptySample();
  for (let row = 0; row < recording.samples.count; row++) {
    recording.samples.read(row, sample);
    writeSample(writer, sample.isStore ? stores : loads, sample, recording);
  }
  writer.finishedRound();
  return writer.finish({
    arch: 'x86_64',
    cpuId: figures.cpuid,
    cpuDescription: recording.cpuTitle,
    cpus: recording.cpus,
    commandLine: ['perf', 'mem', 'record', '-p', '-a'],
    pmus: [
      [1, 'software'],
      [CORE_PMU, 'cpu'],
    ],
  });
}

function writeSample(writer: PerfWriter, event: EventAttr, sample: PmuSample, recording: Recording): void {
  const source = dataSource(sample);
  const body = new ByteWriter();
  body.u64(event.ids[sample.cpu]).u64(0x400100).u32(sample.pid).u32(sample.tid);
  body.u64(Math.round(sample.time)).u64(sample.address).u32(sample.cpu).u32(0).u64(recording.period);
  body.u32(sample.latency).u16(Math.min(0xffff, sample.latency)).u16(0);
  body.words(source.low, source.high).u64(sample.physical);
  body.u64(sample.isHuge ? recording.blockBytes : recording.pageBytes);
  writer.sample(body, MISC_EXACT_USER);
}
