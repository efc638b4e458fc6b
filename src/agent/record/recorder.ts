/**
 * Keeps what turns saw and did: in the history, and as metrics that are served, or written for node_exporter. Turns of some
 * seconds are kept together, so that neither a disk nor a scrape depends on how often targets are looked at.
 */
import type { HistoryHealth } from '../../history/health.js';
import type { History } from '../../history/history.js';
import type { Observation } from '../../history/observation.js';
import type { Host, Page, PageServer } from '../../host/host.js';
import type { AgentReading } from '../../metrics/agent-reading.js';
import { CONTENT_TYPES } from '../../metrics/exposition.js';
import { Metrics, type MetricTexts } from '../../metrics/metrics.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { merged } from './observations.js';

export interface RecorderParts {
  readonly host: Host;
  readonly history: History | undefined;
  /** Targets with series of their own. */
  readonly mostTargets: number;
  /** File for the textfile collector of node_exporter. */
  readonly textfile: string | undefined;
  /** What the agent says of itself now. */
  reading(): AgentReading;
  /** Is told what cannot be done, and that it can again. */
  trouble(what: string, problem: string | undefined): void;
}

/** An agent that hangs must not look as if nothing happened: later than this a scrape fails. */
const FRESH_MS: Milliseconds = 120_000;

export class Recorder {
  readonly #parts: RecorderParts;
  readonly #metrics: Metrics;
  /** Turns since the last flush. */
  readonly #new = new Map<string, Observation>();
  #server: PageServer | undefined;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#metrics = new Metrics(parts.mostTargets);
  }

  note(observation: Observation): void {
    const before = this.#new.get(observation.target);
    this.#new.set(observation.target, before === undefined ? observation : merged(before, observation));
  }

  /** From now on metrics are served there. */
  serveAt(server: PageServer): void {
    this.#server = server;
    this.#publish();
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
    this.#publish();
  }

  #publish(): void {
    const { textfile, host } = this.#parts;
    if (this.#server === undefined && textfile === undefined) return;
    const texts = this.#metrics.render(this.#parts.reading());
    this.#server?.publish(pagesOf(texts));
    if (textfile === undefined) return;
    const written = host.files.writeFile(textfile, texts.prometheus);
    this.#parts.trouble(
      'textfile',
      written.ok ? undefined : `${textfile} cannot be written (${written.error.errno})`,
    );
  }

  get health(): HistoryHealth | undefined {
    return this.#parts.history?.health;
  }

  async close(): Promise<void> {
    this.#parts.history?.close();
    await this.#server?.close();
  }
}

function pagesOf({ openmetrics, prometheus }: MetricTexts): readonly Page[] {
  const path = '/metrics';
  return [
    {
      path,
      type: CONTENT_TYPES.openmetrics,
      accepts: 'application/openmetrics-text',
      body: openmetrics,
      freshMs: FRESH_MS,
    },
    { path, type: CONTENT_TYPES.prometheus, body: prometheus, freshMs: FRESH_MS },
  ];
}
