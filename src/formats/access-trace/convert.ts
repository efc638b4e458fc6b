/** The text of a tracer to a trace file, in one pass. */

import { OctavoError } from '../../vocabulary/errors.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import { type TextFacts, TraceTextReader } from './read-text.js';
import { type TraceFacts, TraceWriter } from './trace-file.js';

/** Rows that a trace file may have: beyond this it would not fit in memory as a whole. */
const MOST_ROWS = 200e6;

/** A trace file, and what its text held. */
export interface Converted extends TextFacts {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly timed: boolean;
  readonly sampled: boolean;
}

/** Takes the text of a tracer piece by piece and returns the trace file at its end. */
export class TraceConverter {
  readonly #path: string;
  readonly #geometry: PageGeometry;
  readonly #reader: TraceTextReader;
  #writer: TraceWriter | undefined;

  constructor(path: string, geometry: PageGeometry) {
    this.#path = path;
    this.#geometry = geometry;
    const add: TraceWriter['add'] = (...access) => this.#started().add(...access);
    this.#reader = new TraceTextReader(path, geometry, { add });
  }

  /** Throws FILE_MALFORMED with the line, and TRACE_TOO_LARGE. */
  push(piece: Uint8Array): void {
    this.#reader.push(piece);
    const rows = this.#writer?.rows ?? 0;
    if (rows <= MOST_ROWS) return;
    const problem = `it has more than ${MOST_ROWS / 1e6} million rows`;
    throw new OctavoError('TRACE_TOO_LARGE', { path: this.#path, problem });
  }

  end(): Converted {
    const facts = this.#reader.end();
    const writer = this.#started();
    const bytes = writer.finish({ page_bytes: pageSize(this.#geometry), source: facts.format });
    return { ...facts, bytes, rows: writer.rows, timed: writer.isTimed, sampled: !this.#reader.isWhole };
  }

  /** Which kind of rows it writes is known with the first access. */
  #started(): TraceWriter {
    this.#writer ??= new TraceWriter(!this.#reader.isWhole);
    return this.#writer;
  }
}

function pageSize({ pageBytes }: PageGeometry): TraceFacts['page_bytes'] {
  if (pageBytes === 4096 || pageBytes === 16384 || pageBytes === 65536) return pageBytes;
  throw new Error(`assertion failed: pages of ${pageBytes} bytes`);
}
