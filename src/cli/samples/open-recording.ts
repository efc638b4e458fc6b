/** Tells what a recording is by its first bytes, without asking for more of a pipe than these. */
import { tracerOf } from '../../formats/access-trace/read-text.js';
import { damoKind } from '../../formats/damo-record/region.js';
import { identify, MAGIC_BYTES } from '../../formats/perf-data/container.js';
import { isPerfScript } from '../../formats/perf-script/line.js';
import { COMPRESSION_BYTES, compressionOf, decompressed } from '../../sources/compressed.js';
import { fileStream } from '../../sources/file-bytes.js';
import { DEFAULT_TEXT_BYTES, tooLong } from '../../sources/text-bound.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Bytes } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';

/** What tells a text record from anything else, which is then not read any further. */
const HEAD_BYTES = 4096;
const LATIN = new TextDecoder('latin1');

/** Exactly one of these is there: what the first bytes told. */
export interface OpenedRecording {
  /** Bytes of a perf.data that comes through a pipe. */
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Text of `perf script`, as it comes. */
  readonly text?: AsyncIterable<Uint8Array>;
  /** All bytes of what is no perf.data. */
  readonly whole?: Uint8Array;
}

/** FILE_MALFORMED for a text record of more than `longest` bytes, which would be read whole. */
export async function openRecording(
  context: OctavoContext,
  path: string,
  longest: Bytes = DEFAULT_TEXT_BYTES,
): Promise<OpenedRecording> {
  if (path === '-' || path === '/dev/stdin')
    return openStream(context.streams.input, 'standard input', longest);
  const status = context.host.files.status(path);
  // What a pipe has given cannot be had again: only perf.data is read from one.
  if (!status.ok || status.value.kind !== 'file') return {};
  const opened = context.host.files.open(path);
  if (!opened.ok) return {};
  const room = new Uint8Array(HEAD_BYTES);
  const read = opened.value.read(room, 0);
  opened.value.close();
  const head = room.subarray(0, read.ok ? read.value : 0);
  if (compressionOf(head) !== undefined)
    return openStream(fileStream(context.host.files, path), path, longest);
  if (identify(head).kind !== 'unknown') return {};
  if (damoKind(head) === undefined) {
    if (isPerfScript(LATIN.decode(head))) return { text: fileStream(context.host.files, path) };
    refuseTrace(path, head);
    return {};
  }
  if (status.value.bytes > longest) throw tooLong(path, status.value.bytes, longest);
  const whole = context.host.files.readBytes(path);
  return whole.ok ? { whole: whole.value } : {};
}

/** All accesses in their order are no samples: who gives them is told how they are read. */
function refuseTrace(path: string, head: Uint8Array): void {
  const tracer = tracerOf(LATIN.decode(head));
  if (tracer === undefined) return;
  const problem = `is the text of a tracer (${tracer}); \`octavo import --trace\` reads it`;
  throw new OctavoError('FILE_MALFORMED', { path, problem, place: 'its first lines' });
}

async function openStream(
  input: AsyncIterable<Uint8Array>,
  path: string,
  longest: Bytes,
): Promise<OpenedRecording> {
  const iterator = input[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const readTo = async (wanted: number) => {
    while (length < wanted) {
      const next = await iterator.next();
      if (next.done === true) break;
      chunks.push(next.value);
      length += next.value.length;
    }
    return joined(chunks);
  };
  const compression = compressionOf(await readTo(COMPRESSION_BYTES));
  if (compression !== undefined)
    return openStream(decompressed(compression, path, continued(chunks, iterator)), path, longest);
  if (identify(await readTo(MAGIC_BYTES)).kind !== 'unknown') return { stream: continued(chunks, iterator) };
  const head = await readTo(HEAD_BYTES);
  if (damoKind(head) === undefined) {
    const bytes = continued(chunks, iterator);
    if (isPerfScript(LATIN.decode(head.subarray(0, HEAD_BYTES)))) return { text: bytes };
    refuseTrace(path, head);
    return { stream: bytes };
  }
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    length += next.value.length;
    if (length <= longest) continue;
    await iterator.return?.();
    throw tooLong(path, length, longest);
  }
  const whole = joined(chunks);
  return { whole, stream: once(whole) };
}

async function* continued(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield* chunks;
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
