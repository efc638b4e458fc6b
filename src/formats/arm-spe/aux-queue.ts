/** The AUX buffers of one CPU or thread, whose records may go on from one to the next. */
import type { SwitchTimeline } from './switch-timeline.js';

/** Thread id of a buffer that belongs to a CPU. */
export const NO_THREAD = 0xffffffff;

/** The AUXTRACE record that bytes came with. */
export interface AuxBuffer {
  readonly index: number;
  /** All ones when the buffer is not of one CPU (or thread). */
  readonly cpu: number;
  readonly tid: number;
}

/** Bytes that wait until the switches up to their end are known. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** No further bytes of the same buffer follow. */
  readonly ends: boolean;
  readonly round: number;
}

/** One buffer after the other of a CPU or thread. */
export interface Queue {
  readonly buffer: AuxBuffer;
  readonly timeline: SwitchTimeline;
  /** SAMPLE_FLAG bits by data source of the CPU. */
  readonly sourceFlags: Uint16Array;
  /** Value of the last context packet, −1 before the first. */
  context: number;
  /** Begun record whose rest is still to come. */
  tail: Uint8Array;
  waiting: Piece[];
  tid: number;
  pid: number;
  /** True once a context packet has named the thread. */
  isNamed: boolean;
}
