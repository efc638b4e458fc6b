/** Rows of SPE records that the kernel leaves to SpeRecordDecoder: one at a time, as assembly/samples/spe-records.ts does it. */

import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { DATA_SOURCE, joinedFlags, SAMPLE_FLAG, SAMPLE_KIND, sourceFlag } from '../../vocabulary/sample.js';
import { EVENT, isAtomic } from '../arm-spe/packets.js';
import type { SpeRecordDecoder } from '../arm-spe/record-decoder.js';
import type { SampleDecoder } from './sample-decoder.js';

/** What a row has that its record does not say. */
export interface RowPlace {
  readonly pid: number;
  readonly tid: number;
  /** Nanoseconds after the recording's first time, or NaN. */
  readonly time: number;
  readonly event: number;
  readonly weight: number;
  /** SAMPLE_FLAG bits beside those of the record. */
  readonly flags: number;
}

/** Adds the row of a decoded record, unless filters leave it out; that is counted. */
export function putRecord(
  record: SpeRecordDecoder,
  samples: SampleDecoder,
  place: RowPlace,
  out: AccessColumns,
): void {
  const row = out.count++;
  out.time[row] = place.time;
  out.pid[row] = place.pid;
  out.tid[row] = place.tid;
  out.addressLow[row] = record.virtualLow;
  out.addressHigh[row] = record.virtualHigh;
  out.virtualPage[row] = samples.page(record.virtualLow, record.virtualHigh);
  out.physicalLow[row] = record.physicalLow;
  out.physicalHigh[row] = record.physicalHigh;
  out.physicalPage[row] = samples.page(record.physicalLow, record.physicalHigh);
  out.kind[row] = kindOf(record.operation);
  out.weight[row] = place.weight;
  out.latency[row] = record.latency;
  out.event[row] = place.event;
  if (out.instructions !== undefined) {
    out.instructions.low[row] = record.counterLow;
    out.instructions.high[row] = record.counterHigh;
    out.instructions.isExact[row] = 1;
  }
  out.flags[row] = joinedFlags(place.flags, flagsOf(record));
}

function flagsOf(record: SpeRecordDecoder): number {
  const { events } = record;
  let flags = record.level > 0 ? SAMPLE_FLAG.kernel : 0;
  if (events & EVENT.tlbWalk) flags |= SAMPLE_FLAG.tlbMiss;
  else if (events & EVENT.tlbAccess) flags |= SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond;
  const levelOne = events & (EVENT.levelOneAccess | EVENT.levelOneRefill);
  if (levelOne === EVENT.levelOneAccess) flags |= sourceFlag(DATA_SOURCE.l1);
  if (events & EVENT.lastLevelMiss) flags |= SAMPLE_FLAG.cacheMiss;
  if (events & EVENT.remoteAccess) flags |= SAMPLE_FLAG.remoteMemory;
  return flags;
}

/** SAMPLE_KIND of the payload of an operation packet of the load/store class. */
export function kindOf(operation: number): number {
  if (isAtomic(operation)) return SAMPLE_KIND.update;
  return (operation & 1) !== 0 ? SAMPLE_KIND.store : SAMPLE_KIND.load;
}

/** Whether a record tells where a load got its data from. */
export function tellsSource(record: SpeRecordDecoder): boolean {
  return record.source >= 0 && (record.operation & 1) === 0;
}
