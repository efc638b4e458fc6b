/**
 * Brings the bytes of a recording to its session, whatever holds them: a file, a directory of `perf record --threads`, a
 * pipe, or any of the first two compressed. Yields whenever rows are to be taken away.
 */

import {
  FILE_HEADER_BYTES,
  type FileHeader,
  identify,
  locateFeatures,
  MAGIC_BYTES,
  type ReadAt,
  readAttrs,
  readFileHeader,
} from '../formats/perf-data/container.js';
import { readFeature } from '../formats/perf-data/header-features.js';
import type { PerfSession } from '../formats/perf-data/session.js';
import type { Files, OpenFile } from '../host/host.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import type { Milliseconds } from '../vocabulary/units.js';
import { ByteQueue } from './byte-queue.js';
import { COMPRESSION_BYTES, compressionOf, decompressed } from './compressed.js';
import { fileStream, headOf, malformed, must, pieceReader } from './file-bytes.js';
import type { SourceContext } from './source.js';

/** Attrs and ids of even the largest machines stay below this. */
const LONGEST_STREAM_HEAD = 48 << 20;
/** Features that are read of a file sent through a pipe; build ids, the longest of them, are not needed. */
const LONGEST_STREAM_TAIL = 16 << 20;

/** What reading needs of the world. */
export type ReaderContext = Pick<SourceContext, 'host' | 'progress' | 'signal'>;

/** Reads bytes and feeds them to a session. */
export class PerfReader {
  bytesRead = 0;
  /** When the file was last written; undefined of a pipe or a directory. */
  modifiedMs: Milliseconds | undefined;
  #bytesTotal = 0;
  #isBigEndian = false;
  readonly #path: string;
  readonly #stream: AsyncIterable<Uint8Array> | undefined;
  readonly #session: PerfSession;

  constructor(path: string, stream: AsyncIterable<Uint8Array> | undefined, session: PerfSession) {
    this.#path = path;
    this.#stream = stream;
    this.#session = session;
  }

  /** Fills `out` and yields when it is full, or when a part of the recording has ended. */
  async *read(out: AccessColumns, context: ReaderContext): AsyncIterable<void> {
    if (this.#stream !== undefined) yield* this.#readStream(this.#stream, out, context.signal);
    else yield* this.#readPath(this.#path, out, context);
  }

  async *#readPath(path: string, out: AccessColumns, context: ReaderContext): AsyncIterable<void> {
    const files = context.host.files;
    const status = must(files.status(path), path);
    if (status.kind === 'file') this.modifiedMs = status.modifiedMs;
    if (status.kind === 'other') {
      yield* this.#readStream(fileStream(files, path), out, context.signal);
      return;
    }
    if (status.kind !== 'directory') {
      const compression = compressionOf(headOf(files, path, COMPRESSION_BYTES));
      if (compression === undefined) yield* this.#readFile(files, path, out, context);
      else
        yield* this.#readStream(
          decompressed(compression, path, fileStream(files, path)),
          out,
          context.signal,
        );
      return;
    }
    const names = must(files.list(path), path).filter((name) => /^data(\.\d+)?$/.test(name));
    if (!names.includes('data')) throw malformed(path, 'has no file `data`', 'the directory');
    names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    for (const name of names) yield* this.#readFile(files, `${path}/${name}`, out, context, name !== 'data');
  }

  async *#readFile(
    files: Files,
    path: string,
    out: AccessColumns,
    context: Pick<SourceContext, 'progress' | 'signal'>,
    isBare = false,
  ): AsyncIterable<void> {
    const file = must(files.open(path), path);
    try {
      const length = files.status(path);
      const total = length.ok ? length.value.bytes : 0;
      this.#bytesTotal += total;
      const section = isBare ? { start: 0, end: total } : this.#readHead(file, total);
      if (isBare) this.#session.begin(this.#isBigEndian, 0);
      yield* this.#readSection(file, section.start, section.end, out, context);
      this.bytesRead += total - (section.end - section.start);
    } finally {
      file.close();
    }
  }

  /** Reads what stands before and after the data; returns where the data lie. */
  #readHead(file: OpenFile, total: number): { start: number; end: number } {
    const readAt = pieceReader(file, total);
    const head = readAt(0, FILE_HEADER_BYTES);
    const container = identify(head);
    if (container.kind === 'unknown') throw malformed(file.path, container.problem, 'byte 0');
    this.#isBigEndian = container.isBigEndian;
    if (container.kind === 'pipe') {
      this.#session.begin(container.isBigEndian, MAGIC_BYTES);
      return { start: MAGIC_BYTES, end: total };
    }
    const header = readFileHeader(head, container.isBigEndian);
    if (typeof header === 'string') throw malformed(file.path, header, 'its header');
    this.#readTables(header, readAt);
    this.#session.begin(container.isBigEndian, header.data.offset);
    const end = header.data.size === 0 ? total : header.data.offset + header.data.size;
    if (end > total) this.#session.damage.add(total, end - total, 'the data section ends beyond the file');
    return { start: Math.min(header.data.offset, total), end: Math.min(end, total) };
  }

  #readTables(header: FileHeader, readAt: ReadAt): void {
    const session = this.#session;
    const damaged = readAttrs(header, readAt, session.events);
    if (damaged > 0) session.damage.add(header.attrs.offset, damaged, 'event attrs or ids');
    this.#readFeatures(header, readAt);
  }

  #readFeatures(header: FileHeader, readAt: ReadAt): void {
    const session = this.#session;
    for (const section of locateFeatures(header, readAt)) {
      const body = readAt(section.offset, section.size);
      if (!readFeature(session.state.features, section.id, body, header.isBigEndian)) {
        session.damage.add(section.offset, section.size, `feature ${section.id}`);
      }
    }
    session.state.learn();
  }

  async *#readSection(
    file: OpenFile,
    start: number,
    end: number,
    out: AccessColumns,
    context: Pick<SourceContext, 'progress' | 'signal'>,
  ): AsyncIterable<void> {
    let at = start;
    for (;;) {
      const progressed = this.#session.fill(out);
      if (progressed === 'full') {
        yield;
        continue;
      }
      if (progressed === 'stopped' || context.signal.aborted) break;
      const room = this.#session.room();
      const wanted = Math.min(room.length, end - at);
      const got = wanted === 0 ? 0 : must(file.read(room.subarray(0, wanted), at), file.path);
      if (got === 0) break;
      this.#session.commit(got);
      at += got;
      this.bytesRead += got;
      context.progress(this.bytesRead, this.#bytesTotal, 'bytes');
    }
    this.#session.endStream(end - at);
    yield;
  }

  /** A pipe, or a file sent through one: features then come last or within the data. */
  async *#readStream(
    stream: AsyncIterable<Uint8Array>,
    out: AccessColumns,
    signal: AbortSignal,
  ): AsyncIterable<void> {
    const queue = new ByteQueue(stream);
    const container = identify(await queue.take(MAGIC_BYTES));
    if (container.kind === 'unknown') throw malformed(this.#path, container.problem, 'byte 0');
    if (container.kind === 'pipe') {
      this.#session.begin(container.isBigEndian, MAGIC_BYTES);
      yield* this.#readQueue(queue, Number.POSITIVE_INFINITY, out, signal);
    } else {
      const header = await this.#readStreamHead(queue, container.isBigEndian);
      yield* this.#readQueue(queue, header.data.size || Number.POSITIVE_INFINITY, out, signal);
      if (queue.taken === header.data.offset + header.data.size) await this.#readStreamTail(queue, header);
    }
    this.bytesRead = queue.taken;
    await queue.close();
  }

  /** The attrs of a file stand before its data, so that they are at hand without seeking. */
  async #readStreamHead(queue: ByteQueue, isBigEndian: boolean): Promise<FileHeader> {
    const head = await queue.take(FILE_HEADER_BYTES, MAGIC_BYTES);
    const header = readFileHeader(head, isBigEndian);
    if (typeof header === 'string') throw malformed(this.#path, header, 'its header');
    if (header.data.offset > LONGEST_STREAM_HEAD) {
      throw malformed(this.#path, 'has its data too far behind its header for a pipe', 'its header');
    }
    const before = await queue.take(header.data.offset, FILE_HEADER_BYTES);
    const damaged = readAttrs(
      header,
      (offset, size) => before.subarray(offset, offset + size),
      this.#session.events,
    );
    if (damaged > 0) this.#session.damage.add(header.attrs.offset, damaged, 'event attrs or ids');
    this.#session.begin(isBigEndian, header.data.offset);
    return header;
  }

  /** The features stand behind the data: names and the like, in time for what is told at the end. */
  async #readStreamTail(queue: ByteQueue, header: FileHeader): Promise<void> {
    const start = queue.taken;
    const tail = await queue.rest(LONGEST_STREAM_TAIL);
    this.#readFeatures(header, (offset, size) => {
      const from = Math.max(0, offset - start);
      return offset < start ? new Uint8Array(0) : tail.subarray(from, from + size);
    });
  }

  async *#readQueue(
    queue: ByteQueue,
    length: number,
    out: AccessColumns,
    signal: AbortSignal,
  ): AsyncIterable<void> {
    let left = length;
    for (;;) {
      const progressed = this.#session.fill(out);
      if (progressed === 'full') {
        yield;
        continue;
      }
      if (progressed === 'stopped' || signal.aborted || left === 0) break;
      const got = await queue.into(this.#session.room(), left);
      if (got === 0) break;
      this.#session.commit(got);
      left -= got;
    }
    this.#session.endStream(Number.isFinite(left) && !signal.aborted ? left : 0);
    yield;
  }
}
