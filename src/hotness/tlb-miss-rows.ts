/** Those rows of batches that missed the TLB: kept as such, because they rank best what is worth a huge page. */
import { SAMPLE_FLAG, type SampleBatch, type SampleColumns, sampleColumns } from '../vocabulary/sample.js';

/** Copies the rows with the flag into columns of its own. */
export class TlbMissRows {
  #rows: SampleColumns | undefined;
  #times = new Float64Array(0);

  /** The rows of a batch with the flag; reused by the next call. */
  of(batch: SampleBatch): SampleBatch {
    const { flags, flagsSeen = SAMPLE_FLAG.tlbMiss } = batch;
    let row = (flagsSeen & SAMPLE_FLAG.tlbMiss) === 0 ? batch.count : 0;
    while (row < batch.count && (flags[row] & SAMPLE_FLAG.tlbMiss) === 0) row++;
    const rows = this.#room(row === batch.count ? 0 : batch.count);
    let count = 0;
    for (; row < batch.count; row++) {
      if ((flags[row] & SAMPLE_FLAG.tlbMiss) === 0) continue;
      rows.pid[count] = batch.pid[row];
      rows.virtualPage[count] = batch.virtualPage[row];
      rows.weight[count] = batch.weight[row];
      rows.flags[count] = flags[row];
      if (batch.times !== undefined) this.#times[count] = batch.times[row];
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
