/** How much memory reading samples may take: an option that several commands share. */
import { type Bytes, MIB } from '../vocabulary/units.js';
import { bytesBetween } from './parameters.js';

/** Node, the code and the buffers of readers. */
const OTHERS: Bytes = 128 * MIB;
/** Counters are copied when they are thinned out, half of them at most. */
const COPY_FACTOR = 2;
/** Less does not hold the buffers themselves. */
const LEAST: Bytes = 160 * MIB;

/** Declaration of `--max-memory`, in bytes. */
export const maxMemoryFlag = {
  kind: 'parsed',
  parse: bytesBetween(LEAST, 2 ** 50),
  optional: true,
  placeholder: 'bytes',
  brief: 'Memory that reading samples may take (default 512M); beyond it blocks are thinned out at random',
} as const;

/** What of the memory allowed is left for counters of heat. */
export function heatBytesOf(maxMemory: Bytes): Bytes {
  return Math.floor((maxMemory - OTHERS) / COPY_FACTOR);
}

/** How long a text may be that is parsed as a whole: its objects take some seven times as much. */
export function textBytesOf(maxMemory: Bytes): Bytes {
  return Math.floor(maxMemory / 8);
}
