/**
 * Gives metrics out: over HTTP on a Unix socket or a loopback port, and as a file for node_exporter's textfile collector. What
 * cannot be served or written is told and tried again with the next texts; metrics never stop an agent.
 */
import type { Host, ListenPlace, Page, PageServer } from '../host/host.js';
import type { Milliseconds } from '../vocabulary/units.js';
import { CONTENT_TYPES } from './exposition.js';
import type { MetricTexts } from './metrics.js';

/** Where metrics go. */
export interface PublishPlaces {
  readonly listen?: ListenPlace | undefined;
  /** Path of the text file. */
  readonly textfile?: string | undefined;
  /** Without new texts for so long `/-/healthy` returns 503. */
  readonly healthyMs: Milliseconds;
}

/** node_exporter runs as a user of its own. */
const FOR_ALL = 0o644;

/** Serves and writes the newest texts. */
export class MetricsPublisher {
  readonly #host: Host;
  readonly #places: PublishPlaces;
  #server: PageServer | undefined;
  #attempt: Promise<string | undefined> | undefined;
  #closed = false;

  constructor(host: Host, places: PublishPlaces) {
    this.#host = host;
    this.#places = places;
  }

  /** Where it is served, with the port that was chosen; undefined where it is not. */
  get place(): ListenPlace | undefined {
    return this.#server?.place;
  }

  /** Gives these texts out from now on. Returns what could not be done, one sentence each. */
  async publish(texts: MetricTexts): Promise<readonly string[]> {
    if (this.#closed) return [];
    const problems = [this.#writeFile(texts), await this.#listen()];
    this.#server?.publish(this.#pages(texts));
    return problems.filter((problem) => problem !== undefined);
  }

  #writeFile({ prometheus }: MetricTexts): string | undefined {
    const { textfile } = this.#places;
    if (textfile === undefined) return undefined;
    const written = this.#host.files.writeFile(textfile, prometheus, FOR_ALL);
    return written.ok ? undefined : `${textfile} cannot be written (${written.error.errno})`;
  }

  /** Serves, unless it does already; one attempt at a time. */
  #listen(): Promise<string | undefined> {
    const { listen } = this.#places;
    if (listen === undefined || this.#server !== undefined) return Promise.resolve(undefined);
    this.#attempt ??= this.#serve(listen).finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #serve(listen: ListenPlace): Promise<string | undefined> {
    const { network } = this.#host;
    if (network === undefined) return 'metrics cannot be served on this host';
    const served = await network.serve(listen);
    if (!served.ok) return `metrics cannot be served: ${served.error.call} (${served.error.errno})`;
    this.#server = served.value;
    // It may end by itself: then the next texts serve anew.
    served.value.ended.then(() => {
      this.#server = undefined;
    });
    if (this.#closed) await served.value.close();
    return undefined;
  }

  #pages({ prometheus, openmetrics }: MetricTexts): readonly Page[] {
    const { healthyMs: freshMs } = this.#places;
    return [
      { path: '/metrics', type: CONTENT_TYPES.openmetrics, body: openmetrics, accepts: OPENMETRICS },
      { path: '/metrics', type: CONTENT_TYPES.prometheus, body: prometheus },
      { path: '/-/healthy', type: 'text/plain; charset=utf-8', body: 'Octavo is healthy.\n', freshMs },
    ];
  }

  /** Serves no more, and removes the file: what is not kept up must not be read as if it were. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#server?.close();
    if (this.#places.textfile !== undefined) this.#host.files.remove(this.#places.textfile);
  }
}

const OPENMETRICS = 'application/openmetrics-text';
