import type { Cpu } from '../../model/cpus/cpu.js';
import { ibsRecording } from './ibs-recording.js';
import { pebsRecording } from './pebs-recording.js';
import type { Recording } from './recording.js';
import { speRecording } from './spe-recording.js';

/** The perf.data bytes that `perf record` would have written on `cpu` for these samples. */
export function perfData(recording: Recording, cpu: Cpu): Uint8Array {
  switch (cpu.pmu.kind) {
    case 'spe':
      return speRecording(recording, cpu.pmu);
    case 'ibs':
      return ibsRecording(recording, cpu.pmu);
    case 'pebs':
      return pebsRecording(recording, cpu.pmu);
  }
}
