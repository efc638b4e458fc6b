/** `octavo import --trace`: accesses of a tracer in the order of time, as a trace file. */
import { type Converted, TraceConverter } from '../../formats/access-trace/convert.js';
import { COMPRESSION_BYTES, compressionOf, decompressed } from '../../sources/compressed.js';
import { fileStream } from '../../sources/file-bytes.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { tellBeside, writeOutput } from '../output.js';
import { plural } from '../print/units.js';

/** Parsed options of `octavo import --trace`. */
export interface TraceFlags {
  readonly out?: string;
  readonly json: boolean;
}

/** Options of `import` that choose or count samples; a trace keeps them all. */
const OF_HEAT = [
  'by',
  'format',
  'symfs',
  'pid',
  'resolve',
  'event',
  'slice',
  'time',
  'tid',
  'comm',
  'cpu',
  'cgroup',
] as const;

/** One trace to one file. Throws USAGE for what it cannot do, and coded errors for what it cannot read. */
export async function importTrace(
  context: OctavoContext,
  paths: readonly string[],
  geometry: PageGeometry,
  flags: TraceFlags & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { out, json } = flags;
  const other = OF_HEAT.find((name) => flags[name] !== undefined);
  const wrong =
    other === undefined
      ? 'reads one recording at a time'
      : `keeps every access, so that --${other} cannot be`;
  if (other !== undefined || paths.length !== 1)
    throw new OctavoError('USAGE', { problem: `--trace ${wrong}`, command: 'import' });
  const converted = await convert(context, paths[0], geometry);
  if (out !== undefined) writeOutput(context, out, converted.bytes);
  if (json) context.printJson(traceDocument(converted, paths[0], out));
  else for (const line of traceLines(converted, out)) tellBeside(context, line, out);
}

async function convert(context: OctavoContext, path: string, geometry: PageGeometry): Promise<Converted> {
  const name = path === '-' ? 'standard input' : path;
  const converter = new TraceConverter(name, geometry);
  const input = path === '-' ? context.streams.input : fileStream(context.host.files, path);
  for await (const piece of plain(input, name)) {
    throwIfStopped(context.signal);
    converter.push(piece);
  }
  throwIfStopped(context.signal);
  return converter.end();
}

/** The text itself, where a stream is compressed. */
async function* plain(input: AsyncIterable<Uint8Array>, path: string): AsyncIterable<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < COMPRESSION_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    head.push(next.value);
    length += next.value.length;
  }
  const compression = compressionOf(joined(head, length));
  const whole = continued(head, iterator);
  if (compression === undefined) yield* whole;
  else yield* decompressed(compression, path, whole);
}

async function* continued(
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield* head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function traceDocument(converted: Converted, recording: string, out: string | undefined): object {
  const { format, lines, otherLines, accesses, rows, timed, sampled } = converted;
  const facts = { format, lines, otherLines, accesses, rows, timed, sampled };
  return {
    octavo: 'trace-import',
    version: 1,
    recording,
    ...facts,
    ...(out === undefined ? {} : { trace: out }),
  };
}

function traceLines(converted: Converted, out: string | undefined): string[] {
  const { format, lines, otherLines, accesses, rows, timed, sampled, bytes } = converted;
  const kind = sampled ? 'samples' : 'accesses';
  const order = timed ? 'with their times' : 'in their order; the trace has no time';
  const written = `${plural(rows, 'row')} (${bytes.length} bytes) written to ${out}`;
  return [
    `${accesses} ${kind} of ${format} in ${lines} lines, ${order}`,
    ...(otherLines > 0
      ? [`${plural(otherLines, 'line')} of something else: instructions, the tool, the program`]
      : []),
    out === undefined ? `${plural(rows, 'row')}; --out FILE writes them` : written,
  ];
}
