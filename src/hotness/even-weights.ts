/**
 * Makes samples that stand for different numbers of accesses count alike. Claims rest on each access being as likely to
 * be sampled as any other; a sample of a period of 1000 is a thousand times as likely as one of a million. So a sample of
 * weight w is kept with chance w / P, where P is a weight that hardly any sample exceeds: what is left is a sample of one
 * rate. P grows with what comes, and then what was kept is thinned out once more.
 *
 * Periods differ where a frequency was asked for (perf's default), between slices of a recording that keeps below an
 * overhead, and between recordings. Samples above P stand for more than they count: their excess is a share of the
 * accesses that nothing speaks for.
 */
import { SeededRandom } from '../base/seeded-random.js';
import { type SampleBatch, type SampleColumns, sampleColumns } from '../vocabulary/sample.js';
import type { Fraction } from '../vocabulary/units.js';

/** Bins of weights: from 2^−16 on, each 4.4 % wider than the one before. */
const PER_OCTAVE = 16;
const FIRST_OCTAVE = -16;
const BINS = PER_OCTAVE * 80;
/** Share of the accesses that may lie in excesses: more would cost claims, less costs samples. */
const MOST_EXCESS: Fraction = 0.01;
/** P grows by at least this factor at once, so that counters are thinned out seldom. */
const STEP = 1.25;
/** The same recording gives the same map every time. */
const SEED = 12;

/** A batch to count, after what was counted before was thinned out to the share `thinTo`. */
export interface EvenedBatch {
  readonly batch: SampleBatch;
  readonly thinTo: Fraction;
}

/** Thins out samples of different periods to one rate. The same samples give the same choice. */
export class EvenWeights {
  readonly random = new SeededRandom(SEED);
  /** Samples that were left out so that the others count alike. */
  leftOut = 0;
  readonly #samples = new Float64Array(BINS);
  readonly #accesses = new Float64Array(BINS);
  #reference = 0;
  #rows: SampleColumns | undefined;
  #times = new Float64Array(0);

  /**
   * The samples of a batch that are kept; valid until the next call. `isKept` says whose samples are counted at all: all
   * when undefined.
   */
  of(batch: SampleBatch, isKept?: (pid: number) => boolean): EvenedBatch {
    const isEven =
      isKept === undefined && isAlike(batch) ? this.#noteAlike(batch) : this.#note(batch, isKept);
    const wanted = this.#wanted();
    const before = this.#reference;
    if (wanted > before * STEP) this.#reference = wanted;
    const thinTo = before === 0 ? 1 : before / this.#reference;
    return { batch: isEven ? batch : this.#kept(batch), thinTo };
  }

  /** Takes what another has counted; to which shares the samples of both are to be thinned out, so that they count alike. */
  absorb(other: EvenWeights): { readonly mine: Fraction; readonly others: Fraction } {
    for (let bin = 0; bin < BINS; bin++) {
      this.#samples[bin] += other.#samples[bin];
      this.#accesses[bin] += other.#accesses[bin];
    }
    this.leftOut += other.leftOut;
    const before = this.#reference;
    this.#reference = Math.max(before, other.#reference);
    const shareOf = (reference: number) => (reference === 0 ? 1 : reference / this.#reference);
    return { mine: shareOf(before), others: shareOf(other.#reference) };
  }

  /** Share of the accesses that samples of more than the reference stand for beyond what they count. */
  get excess(): Fraction {
    return this.#excessOver(this.#reference);
  }

  /** `count` samples of which each is kept with chance `keep`: how many are. */
  draw(count: number, keep: Fraction): number {
    if (keep >= 1) return count;
    let kept = 0;
    // From one that is kept to the next: geometrically distributed distances.
    const scale = 1 / Math.log1p(-keep);
    for (let at = 0; ; kept++) {
      at += 1 + Math.floor(Math.log(1 - this.random.fraction()) * scale);
      if (at > count) return kept;
    }
  }

  /** As `note` of a batch whose rows are known to have one weight. */
  #noteAlike({ inCommon: { weight, virtualRows } }: AlikeBatch): boolean {
    const bin = binOf(weight);
    this.#samples[bin] += virtualRows;
    this.#accesses[bin] += virtualRows * weight;
    return this.#reference > 0 && bin === binOf(this.#reference);
  }

  /** Counts the weights of a batch; whether no sample of it is below the reference. */
  #note(batch: SampleBatch, isKept: (pid: number) => boolean = () => true): boolean {
    const { weight, virtualPage, pid, times } = batch;
    let isEven = true;
    let last = Number.NaN;
    let lastPid = Number.NaN;
    let isCounted = false;
    // Of the rows in a row that have one weight.
    let [bin, samples, accesses] = [0, 0, 0];
    for (let row = 0; row < batch.count; row++) {
      if (pid[row] !== lastPid) {
        lastPid = pid[row];
        isCounted = isKept(lastPid);
      }
      if (!isCounted || virtualPage[row] < 0) continue;
      const count = times === undefined ? 1 : times[row];
      const each = weight[row] / count;
      if (!(each > 0)) continue;
      if (each !== last) {
        this.#samples[bin] += samples;
        this.#accesses[bin] += accesses;
        [samples, accesses] = [0, 0];
        bin = binOf(each);
        last = each;
        // What all batches so far had is the reference, within the width of a bin.
        isEven &&= this.#reference > 0 && bin === binOf(this.#reference);
      }
      samples += count;
      accesses += weight[row];
    }
    this.#samples[bin] += samples;
    this.#accesses[bin] += accesses;
    return isEven;
  }

  /** Least weight whose excess is small enough. */
  #wanted(): number {
    let [above, aboveSamples, all] = [0, 0, 0];
    for (let bin = 0; bin < BINS; bin++) all += this.#accesses[bin];
    let found = 0;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      if (this.#samples[bin] === 0) continue;
      const mean = this.#accesses[bin] / this.#samples[bin];
      if (above - aboveSamples * mean > MOST_EXCESS * all) break;
      found = mean;
      above += this.#accesses[bin];
      aboveSamples += this.#samples[bin];
    }
    return found;
  }

  #excessOver(weight: number): Fraction {
    let [excess, all] = [0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      all += this.#accesses[bin];
      excess += Math.max(0, this.#accesses[bin] - this.#samples[bin] * weight);
    }
    return all === 0 ? 0 : excess / all;
  }

  /** The rows that are kept, those below the reference with its weight. */
  #kept(batch: SampleBatch): SampleBatch {
    const rows = this.#room(batch.count);
    let count = 0;
    for (let row = 0; row < batch.count; row++) {
      const asked = batch.times === undefined ? 1 : batch.times[row];
      const each = batch.weight[row] / asked;
      const keep = each > 0 && batch.virtualPage[row] >= 0 ? each / this.#reference : 1;
      // Weights that differ by less than a bin count as one.
      const drawn = binOf(each) === binOf(this.#reference) ? asked : this.draw(asked, keep);
      this.leftOut += asked - drawn;
      if (drawn === 0) continue;
      rows.pid[count] = batch.pid[row];
      rows.virtualPage[count] = batch.virtualPage[row];
      rows.flags[count] = batch.flags[row];
      rows.weight[count] = drawn === asked ? batch.weight[row] : drawn * this.#reference;
      if (batch.times !== undefined) this.#times[count] = drawn;
      count++;
    }
    rows.count = count;
    return batch.times === undefined ? rows : { ...rows, times: this.#times };
  }

  #room(rows: number): SampleColumns {
    if (this.#rows === undefined || this.#rows.virtualPage.length < rows) {
      this.#rows = sampleColumns(rows);
      this.#times = new Float64Array(rows);
    }
    return this.#rows;
  }
}

type AlikeBatch = SampleBatch & {
  readonly inCommon: { readonly weight: number; readonly virtualRows: number };
};

/** Whether all rows are known to have one weight, each being one sample. */
function isAlike(batch: SampleBatch): batch is AlikeBatch {
  const { inCommon, times } = batch;
  return inCommon?.weight !== undefined && inCommon.weight > 0 && times === undefined;
}

function binOf(weight: number): number {
  const bin = Math.floor(PER_OCTAVE * (Math.log2(weight) - FIRST_OCTAVE));
  return Math.min(BINS - 1, Math.max(0, bin || 0));
}
