/**
 * Files that were compressed as a whole, told by their first bytes and decompressed as they are read: memory stays
 * bounded by the windows of the formats, whatever the input claims.
 */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ZstdStream } from '../formats/perf-data/zstd-stream.js';
import { OctavoError } from '../vocabulary/errors.js';

/** Name of a format that is read. */
export type Compression = 'gzip' | 'xz' | 'zstd';

const MAGICS: Readonly<Record<Compression, readonly number[]>> = {
  gzip: [0x1f, 0x8b, 0x08],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
};

/** How many bytes tell whether a file is compressed. */
export const COMPRESSION_BYTES = 6;

/** Returns the format that the first bytes are of; undefined for any other. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const names = Object.keys(MAGICS) as Compression[];
  return names.find((name) => MAGICS[name].every((byte, at) => head[at] === byte));
}

/** The bytes of a compressed stream as they were before. FILE_MALFORMED when they are damaged or cut. */
export async function* decompressed(
  kind: Compression,
  path: string,
  input: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  if (kind === 'zstd') {
    yield* unzstd(path, input);
    return;
  }
  try {
    for await (const bytes of kind === 'gzip' ? gunzip(input) : await unxz(input)) yield bytes;
  } catch (problem) {
    if (problem instanceof OctavoError) throw problem;
    const reason = problem instanceof Error ? problem.message : String(problem);
    throw damaged(path, kind, reason);
  }
}

function gunzip(input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const source = Readable.from(input, { objectMode: false });
  const gunzipped = createGunzip();
  source.on('error', (problem) => gunzipped.destroy(problem));
  return source.pipe(gunzipped);
}

/** Its code takes long to load and few files need it. */
async function unxz(input: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  // A CommonJS module, whose exports Node has as its default.
  const loaded: { default?: unknown } = await import('xz-decompress');
  const { XzReadableStream } = (loaded.default ?? loaded) as typeof import('xz-decompress');
  const source = Readable.toWeb(Readable.from(input, { objectMode: false }));
  return Readable.fromWeb(new XzReadableStream(source as never) as never);
}

async function* unzstd(path: string, input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const zstd = new ZstdStream();
  for await (const bytes of input) {
    zstd.push(bytes);
    for (let block = zstd.next(); block !== undefined; block = zstd.next()) yield block;
    if (zstd.failure !== '') throw damaged(path, 'zstd', zstd.failure);
  }
  if (!zstd.isWhole) throw damaged(path, 'zstd', 'it ends in the middle of a frame');
}

function damaged(path: string, kind: Compression, reason: string): OctavoError {
  return new OctavoError('FILE_MALFORMED', {
    path,
    problem: `is damaged ${kind}: ${reason}`,
    place: 'its end',
  });
}
