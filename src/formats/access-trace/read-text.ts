/** A trace as text, in pieces as they come, to columns; line by line, so that memory does not depend on its length. */
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import { DYNAMORIO } from './dynamorio.js';
import { LACKEY } from './lackey.js';
import { PERF_MEM } from './perf-mem.js';
import type { TraceFormat, TraceFormatName } from './traced.js';

/** All formats, each with a test for its lines. */
export const TRACE_FORMATS: readonly TraceFormat[] = [LACKEY, DYNAMORIO, PERF_MEM];

/** What traced all accesses and wrote this text, by its whole lines; undefined of anything else. */
export function tracerOf(text: string): string | undefined {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split(/\r?\n/);
  const whole = TRACE_FORMATS.filter(({ isWhole }) => isWhole);
  return whole.find(({ parse }) => lines.some((line) => typeof parse(line) === 'object'))?.says;
}

/** No tool writes longer lines; a file without any line end is no trace. */
const LONGEST_LINE = 65_536;
/** Lines from the start that are looked at before a format is decided, or given up. */
const MOST_HEAD_LINES = 10_000;

/** Where accesses go: consecutive ones to one page are one row of the sum of their weights. */
export interface TraceSink {
  /** `page`: address divided by the page size; `timeNs` is NaN where not known. */
  add(page: number, write: boolean, weight: number, timeNs: number): void;
}

/** What was counted in a text. */
export interface TextFacts {
  readonly format: TraceFormatName;
  readonly lines: number;
  /** Lines with an access, and accesses, with those that go on into the next page once more. */
  readonly accesses: number;
  /** Lines of instructions, of the tool itself, and of the program. */
  readonly otherLines: number;
}

/** Reads a trace of the format that its lines are of. Push pieces, then end. */
export class TraceTextReader {
  readonly #path: string;
  readonly #pageShift: bigint;
  readonly #sink: TraceSink;
  #format: TraceFormat | undefined;
  readonly #decoder = new TextDecoder('latin1');
  #rest = '';
  #lines = 0;
  #accesses = 0;
  #other = 0;
  /** Lines that may be of a format that a later one tells. */
  #head: string[] = [];

  constructor(path: string, geometry: PageGeometry, sink: TraceSink) {
    this.#path = path;
    this.#pageShift = BigInt(geometry.pageShift);
    this.#sink = sink;
  }

  /** Whether the format is of all accesses, rather than of samples; known from the first access on. */
  get isWhole(): boolean {
    return this.#format?.isWhole ?? true;
  }

  /** Throws FILE_MALFORMED with the line. */
  push(piece: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(piece, { stream: true });
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#line(text.slice(from, text[end - 1] === '\r' ? end - 1 : end));
      from = end + 1;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > LONGEST_LINE) throw this.#malformed('a line without an end', this.#lines + 1);
  }

  /** The text has ended. */
  end(): TextFacts {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
    if (this.#format === undefined || this.#accesses === 0)
      throw this.#malformed(`no access of ${TRACE_FORMATS.map(({ says }) => says).join('; ')}`, 1);
    return {
      format: this.#format.name,
      lines: this.#lines,
      accesses: this.#accesses,
      otherLines: this.#other,
    };
  }

  #line(line: string): void {
    this.#lines++;
    if (this.#format !== undefined) {
      this.#take(line, this.#format, this.#lines);
      return;
    }
    this.#format = TRACE_FORMATS.find((format) => typeof format.parse(line) === 'object');
    if (this.#format === undefined) {
      if (this.#head.push(line) > MOST_HEAD_LINES)
        throw this.#malformed(`no access of ${TRACE_FORMATS.map(({ says }) => says).join('; ')}`, 1);
      return;
    }
    const format = this.#format;
    for (const [index, earlier] of [...this.#head, line].entries())
      this.#take(earlier, format, this.#lines - this.#head.length + index);
    this.#head = [];
  }

  #take(line: string, format: TraceFormat, number: number): void {
    const found = format.parse(line);
    if (found === 'other') {
      this.#other++;
      return;
    }
    if (found === 'broken')
      throw this.#malformed(`begins like an access of ${format.says}, and is none`, number);
    const first = found.address >> this.#pageShift;
    const last = (found.address + BigInt(found.bytes - 1)) >> this.#pageShift;
    for (let page = first; page <= last; page++) {
      this.#sink.add(Number(page), found.write, found.weight, found.timeNs);
      this.#accesses++;
    }
  }

  #malformed(problem: string, line: number): OctavoError {
    return new OctavoError('FILE_MALFORMED', { path: this.#path, problem, place: `line ${line}` });
  }
}
