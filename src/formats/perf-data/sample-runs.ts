/**
 * Which SAMPLE records the loop may decode by itself, and how: those with all their fields at constant places.
 * What is unusual (another byte order, fields behind variable ones, IBS registers, unknown ids) is left to
 * SampleDecoder, record by record; both give the same rows.
 */
import { SAMPLE_KIND } from '../../vocabulary/sample.js';
import { READ_FORMAT, SAMPLE_FIELD } from '../perf-abi/constants.js';
import type { LoopExports } from '../sample-loop/binary.js';
import type { EventAttr } from './attr.js';
import type { RecordedEvent } from './event-table.js';

/** Tells the loop where the fields of an event's samples lie, or that they need a closer look, all of them with `looksCloser`. */
export function planEvent(calls: LoopExports, event: RecordedEvent, looksCloser = false): void {
  const { offsets, needsWalk } = event.layout;
  const mayHoldRegisters = (event.attr.sampleType & SAMPLE_FIELD.raw) !== 0;
  const isPlain =
    !looksCloser &&
    !needsWalk &&
    !tellsTimes(event.attr) &&
    !mayHoldRegisters &&
    event.decoding !== 'ibs' &&
    event.decoding !== 'damon';
  const isFault = event.decoding === 'fault';
  calls.setPlan(
    event.index,
    isPlain ? offsets.end : 0,
    offsets.tid,
    offsets.time,
    offsets.addr,
    offsets.period,
    offsets.weight,
    isFault ? 0 : offsets.dataSource,
    offsets.physAddr,
    offsets.dataPageSize,
    isFault ? SAMPLE_KIND.fault : SAMPLE_KIND.unknown,
    (event.attr.sampleType & SAMPLE_FIELD.weightStruct) !== 0 ? 1 : 0,
    event.fixedWeight,
  );
}

/** Whether samples say for how long their event was enabled and running. */
export function tellsTimes({ sampleType, readFormat }: EventAttr): boolean {
  const both = READ_FORMAT.enabled | READ_FORMAT.running;
  return (sampleType & SAMPLE_FIELD.read) !== 0 && (readFormat & both) === both;
}

/** Whether samples of the event fill columns that others leave empty, or say more of the access than its place. */
export function saysMore(event: RecordedEvent): boolean {
  return (event.attr.sampleType & MORE_FIELDS) !== 0;
}

const MORE_FIELDS =
  SAMPLE_FIELD.physAddr |
  SAMPLE_FIELD.weight |
  SAMPLE_FIELD.weightStruct |
  SAMPLE_FIELD.raw |
  SAMPLE_FIELD.dataSource |
  SAMPLE_FIELD.dataPageSize;
