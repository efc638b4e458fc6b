/** Starts the mapping thread and ends it. */
import { Worker } from 'node:worker_threads';
import { MAPPING_CONTROL, type MappingOrder, type MappingReport } from './mapping-order.js';

export class MappingLoop {
  readonly #control = new Int32Array(new SharedArrayBuffer(MAPPING_CONTROL.words * 4));
  readonly #report: Promise<MappingReport>;

  constructor(pageBytes: number, restUs: number) {
    const order: MappingOrder = { pageBytes, restUs, control: this.#control };
    const worker = new Worker(new URL('./mapping-thread.js', import.meta.url), { workerData: order });
    this.#report = new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }

  end(): Promise<MappingReport> {
    Atomics.store(this.#control, MAPPING_CONTROL.stop, 1);
    return this.#report;
  }
}
