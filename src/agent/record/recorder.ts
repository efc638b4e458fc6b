/**
 * Keeps what turns saw and did: in the history, and as metrics that are served, or written for node_exporter. Turns of some
 * seconds are kept together, so that neither a disk nor a scrape depends on how often targets are looked at.
 */
import type { HistoryHealth } from '../../history/health.js';
import type { History } from '../../history/history.js';
import type { Observation } from '../../history/observation.js';
import type { Host } from '../../host/host.js';
import type { AgentReading } from '../../metrics/agent-reading.js';
import { Metrics } from '../../metrics/metrics.js';
import { MetricsPublisher, type PublishPlaces } from '../../metrics/publisher.js';
import { merged } from './observations.js';

/** Where observations go. */
export interface RecorderParts {
  readonly host: Host;
  readonly history: History | undefined;
  /** Targets with series of their own. */
  readonly mostTargets: number;
  /** Where metrics are given out. */
  readonly places: PublishPlaces;
  /** What the agent says of itself now. */
  reading(): AgentReading;
  /** Is told what cannot be done, and that it can again. */
  trouble(what: string, problem: string | undefined): void;
}

/** Takes the record of each turn, and flushes them together to history and metrics. */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #metrics: Metrics;
  /** Turns since the last flush. */
  readonly #new = new Map<string, Observation>();
  readonly #publisher: MetricsPublisher;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#metrics = new Metrics(parts.mostTargets);
    this.#publisher = new MetricsPublisher(parts.host, parts.places);
  }

  note(observation: Observation): void {
    const before = this.#new.get(observation.target);
    this.#new.set(observation.target, before === undefined ? observation : merged(before, observation));
  }

  /** Keeps what is new. `targets`: those that are configured; others are forgotten. */
  flush(targets: ReadonlySet<string>): void {
    if (this.#new.size > 0) {
      this.#parts.history?.append([...this.#new.values()]);
      this.#parts.trouble('history', this.#parts.history?.health.problem);
      for (const observation of this.#new.values()) this.#metrics.observe(observation);
      this.#new.clear();
    }
    this.#metrics.keepOnly(targets, this.#parts.host.clock.monotonicNs() / 1e6);
    void this.publish();
  }

  /** Gives the metrics out as they are now; the first time may take until a server listens. */
  async publish(): Promise<void> {
    const { places, trouble, reading } = this.#parts;
    if (places.listen === undefined && places.textfile === undefined) return;
    const problems = await this.#publisher.publish(this.#metrics.render(reading()));
    trouble('metrics', problems.length === 0 ? undefined : problems.join('; '));
  }

  get health(): HistoryHealth | undefined {
    return this.#parts.history?.health;
  }

  async close(): Promise<void> {
    this.#parts.history?.close();
    await this.#publisher.close();
  }
}
