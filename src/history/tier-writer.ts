/**
 * Appends spans to the files of one tier and keeps it within its bounds. What cannot be written is told and left out;
 * nothing here fails. The caller is the only writer.
 */
import { lineOf } from '../formats/checked-lines.js';
import type { AppendFile } from '../host/host.js';
import type { Bytes, Milliseconds } from '../vocabulary/units.js';
import type { Tier } from './health.js';
import { type Head, headLines } from './segment-head.js';
import { readTail, type Tail } from './segment-tail.js';
import { type HistoryPlace, listSegments, readHead, segmentPath } from './segments.js';
import type { Span } from './span.js';
import { spanBody } from './span-text.js';

/** How much of a tier is kept. */
export interface TierBounds {
  readonly bytes: Bytes;
  /** Of time as it passed. */
  readonly age: Milliseconds;
}

/** A tier is at least so many files when it is full, so that a bound costs at most that share of it. */
const FILES = 8;

/** A file as the writer knows it. */
interface Stored {
  readonly number: number;
  readonly path: string;
  /** Undefined without a head that can be read. */
  readonly begins: Pick<Head, 'first' | 'livedMs'> | undefined;
  bytes: Bytes;
}

/** Told before a file goes: the sequence number that the next one begins with. */
export type BeforeDrop = (next: number) => void;

/** Appends to the newest file of its tier, begins new ones, and removes the oldest. */
export class TierWriter {
  readonly #place: HistoryPlace;
  readonly #tier: Tier;
  readonly #bounds: TierBounds;
  readonly #beforeDrop: BeforeDrop;
  /** Oldest first. */
  readonly #stored: Stored[] = [];
  /** The newest of them while it is appended to. */
  #file: AppendFile | undefined;
  #bytes = 0;

  constructor(place: HistoryPlace, tier: Tier, bounds: TierBounds, beforeDrop: BeforeDrop = () => undefined) {
    this.#place = place;
    this.#tier = tier;
    this.#bounds = bounds;
    this.#beforeDrop = beforeDrop;
  }

  /** On disk. */
  get bytes(): Bytes {
    return this.#bytes;
  }

  /** Looks at what is there and changes nothing. Returns the newest spans' file end; undefined where there is no span. */
  open(): Tail | undefined {
    const { host } = this.#place;
    const found = listSegments(this.#place, this.#tier);
    for (const { number, path, bytes } of found) {
      this.#stored.push({ number, path, bytes, begins: readHead(host, path) });
      this.#bytes += bytes;
    }
    for (const [index, { path }] of found.toReversed().entries()) {
      const tail = readTail(host, path);
      if (tail === undefined) continue;
      if (index === 0 && tail.goesOn) this.#open(path);
      return tail;
    }
    return undefined;
  }

  #open(path: string): void {
    const opened = this.#place.host.files.appendTo(path);
    if (opened.ok) this.#file = opened.value;
  }

  /** Paths of the files that may hold spans from this sequence number on, oldest first. */
  from(sequence: number): readonly string[] {
    const start = this.#stored.findLastIndex(
      ({ begins }) => begins !== undefined && begins.first <= sequence,
    );
    return this.#stored.slice(Math.max(0, start)).map(({ path }) => path);
  }

  /** Appends a span durably. Returns why it could not, undefined when it is kept. */
  append(span: Span): string | undefined {
    const line = lineOf(spanBody(span));
    const size = Buffer.byteLength(line);
    if (!this.#hasRoom(span, size)) this.close();
    const head = this.#file === undefined ? headLines(this.#headOf(span)) : '';
    const problem = this.#dropBeyond(span, head.length + size) ?? this.#write(span, `${head}${line}`);
    if (problem !== undefined) return problem;
    const newest = this.#stored[this.#stored.length - 1];
    newest.bytes += head.length + size;
    this.#bytes += head.length + size;
    return undefined;
  }

  #headOf(span: Span) {
    const { bootId } = this.#place.host.identity;
    return { tier: this.#tier, bootId, first: span.first, livedMs: span.lived.from };
  }

  /** Whether the newest file takes another line. */
  #hasRoom(span: Span, size: Bytes): boolean {
    const newest = this.#stored.at(-1);
    if (newest?.begins === undefined) return false;
    const { bytes, age } = this.#bounds;
    return newest.bytes + size <= bytes / FILES && span.lived.from - newest.begins.livedMs <= age / FILES;
  }

  #write(span: Span, text: string): string | undefined {
    const isNew = this.#file === undefined;
    const path = isNew ? this.#begin(span) : this.#stored[this.#stored.length - 1].path;
    if (this.#file === undefined) return path;
    const written = this.#file.append(text);
    if (written.ok) return undefined;
    // A file without a line is none.
    if (isNew) this.#removeNewest();
    return `${path} cannot be written (${written.error.errno})`;
  }

  /** Opens a new file. Returns its path, or why there is none. */
  #begin(span: Span): string {
    const number = (this.#stored.at(-1)?.number ?? 0) + 1;
    const path = segmentPath(this.#place, this.#tier, number);
    const opened = this.#place.host.files.appendTo(path);
    if (!opened.ok) return `${path} cannot be written (${opened.error.errno})`;
    this.#file = opened.value;
    const begins = { first: span.first, livedMs: span.lived.from };
    this.#stored.push({ number, path, begins, bytes: 0 });
    return path;
  }

  #removeNewest(): void {
    this.close();
    const newest = this.#stored.pop();
    if (newest !== undefined) this.#place.host.files.remove(newest.path);
  }

  /** Removes the oldest files until there is room for so many bytes more. Returns why there can be none. */
  #dropBeyond(span: Span, more: Bytes): string | undefined {
    const { bytes, age } = this.#bounds;
    if (more > bytes)
      return `a span of ${more} bytes is larger than the tier ${this.#tier} may be (${bytes} bytes)`;
    const since = span.lived.until - age;
    // What is appended to stays: it has room.
    const mayGo = () => this.#stored.length > (this.#file === undefined ? 0 : 1);
    while (mayGo() && (this.#bytes + more > bytes || (this.#next()?.livedMs ?? since) < since))
      this.#drop(this.#stored[0], this.#next()?.first ?? span.first);
    return undefined;
  }

  /** Where what is behind the oldest file begins; undefined when nothing is. */
  #next(): Stored['begins'] {
    return this.#stored.slice(1).find(({ begins }) => begins !== undefined)?.begins;
  }

  #drop(oldest: Stored, next: number): void {
    this.#beforeDrop(next);
    this.#place.host.files.remove(oldest.path);
    this.#stored.shift();
    this.#bytes -= oldest.bytes;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
