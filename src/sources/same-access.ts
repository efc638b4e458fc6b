/** Remembers which accesses were sampled lately, so that one of them counts once though two events sampled it. */
import type { AccessColumns } from '../vocabulary/access-columns.js';

/** Samples of one access are written by one interrupt: nearly side by side. */
const PLACES = 4096;

/** A table of the last accesses, of fixed size. */
export class SameAccess {
  readonly #time = new Float64Array(PLACES).fill(Number.NaN);
  readonly #low = new Uint32Array(PLACES);
  readonly #high = new Uint32Array(PLACES);
  readonly #tid = new Int32Array(PLACES);
  readonly #event = new Uint16Array(PLACES);

  /** Whether another event has a sample of the same moment, thread and address; remembers this one if not. */
  repeats(batch: AccessColumns, row: number): boolean {
    const time = batch.time[row];
    const low = batch.addressLow[row];
    const high = batch.addressHigh[row];
    const tid = batch.tid[row];
    const place = Math.imul(low ^ Math.imul(time % 2 ** 32, 0x85ebca6b), 0x9e3779b1) >>> 20;
    const isSame =
      this.#time[place] === time &&
      this.#low[place] === low &&
      this.#high[place] === high &&
      this.#tid[place] === tid;
    if (isSame && this.#event[place] !== batch.event[row]) return true;
    this.#time[place] = time;
    this.#low[place] = low;
    this.#high[place] = high;
    this.#tid[place] = tid;
    this.#event[place] = batch.event[row];
    return false;
  }
}
