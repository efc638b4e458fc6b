import type { Host } from '../host/host.js';
import type { Receipt, Step } from '../vocabulary/plan.js';

/** Makes the receipts of steps that one call carried out; the call's time is shared among them. */
export class ReceiptMaker {
  readonly #actuator: string;
  readonly #host: Host;
  #startedNs: number;

  constructor(actuator: string, host: Host) {
    this.#actuator = actuator;
    this.#host = host;
    this.#startedNs = host.clock.monotonicNs();
  }

  /** Restarts the stopwatch. */
  begin(): void {
    this.#startedNs = this.#host.clock.monotonicNs();
  }

  receipts(steps: readonly Step[], answers: readonly string[], calls: readonly string[]): readonly Receipt[] {
    const durationUs = (this.#host.clock.monotonicNs() - this.#startedNs) / 1000 / steps.length;
    const atMs = this.#host.clock.wallMs();
    return steps.map((step, index) => ({
      step: step.id,
      actuator: this.#actuator,
      tried: true,
      answer: answers[index],
      calls: [...calls],
      durationUs,
      atMs,
    }));
  }
}
