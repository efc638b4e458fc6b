/** What could not be read, and where: nothing is skipped silently. */
const MOST_PLACES = 100;

/** A stretch of bytes that was passed over. */
export interface DamagedPlace {
  /** Offset in the input (in the decompressed data where `reason` says so). */
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
}

/** Counts all damaged bytes and keeps the first places. */
export class DamageLog {
  bytes = 0;
  /** Number of places, of which the first hundred are kept. */
  count = 0;
  readonly places: DamagedPlace[] = [];

  add(offset: number, bytes: number, reason: string): void {
    this.bytes += bytes;
    this.count++;
    if (this.places.length < MOST_PLACES) this.places.push({ offset, bytes, reason });
  }
}
