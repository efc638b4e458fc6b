/** Tells recordings that are read within moments from what may take long, or may never come. */
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';

/** Of all recordings together: read and written in less than a second. */
const MOST_BYTES = 128 << 20;
const HEAD_BYTES = 104;
/** Little endian, as recorded on all machines of today. */
const MAGIC = 'PERFILE2';
/** HEADER_COMPRESSED (27), in the bitmap of features: what is behind it may be any number of times as long. */
const COMPRESSED = { byte: 72 + (27 >> 3), bit: 1 << (27 & 7) } as const;

/** Whether all of them are ordinary files of `perf record`, uncompressed and not long. */
export function areShortRecordings(paths: readonly string[]): boolean {
  let bytes = 0;
  for (const path of paths) {
    const size = statusOf(path)?.size ?? MOST_BYTES + 1;
    bytes += size;
    if (bytes > MOST_BYTES || !isPlainRecording(path)) return false;
  }
  return true;
}

/** Whether a file can be written without blocking: it does not exist, or is an ordinary one. */
export function isOrdinary(path: string): boolean {
  const status = statusOf(path);
  return status === undefined || status.isFile();
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isPlainRecording(path: string): boolean {
  if (statusOf(path)?.isFile() !== true) return false;
  try {
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const isWhole = readSync(descriptor, head, 0, HEAD_BYTES, 0) === HEAD_BYTES;
      const isPlain = (head[COMPRESSED.byte] & COMPRESSED.bit) === 0;
      return isWhole && isPlain && head.toString('latin1', 0, MAGIC.length) === MAGIC;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}
