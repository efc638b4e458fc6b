/** Bytes of files: their beginning, any piece of them, or all of them as they come. */
import type { ReadAt } from '../formats/perf-data/container.js';
import type { Files, OpenFile } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';

/** The first bytes of a file, to tell how it is compressed. */
export function headOf(files: Files, path: string, bytes: number): Uint8Array {
  const file = must(files.open(path), path);
  try {
    const head = new Uint8Array(bytes);
    return head.subarray(0, must(file.read(head, 0), path));
  } finally {
    file.close();
  }
}

/** The first bytes of a file as text, which may say that it has none (/proc); undefined when it cannot be read. */
export function textOf(files: Files, path: string, bytes: number): string | undefined {
  const opened = files.open(path);
  if (!opened.ok) return undefined;
  try {
    return new TextDecoder().decode(pieceReader(opened.value, bytes)(0, bytes));
  } catch (problem) {
    if (problem instanceof OctavoError) return undefined;
    throw problem;
  } finally {
    opened.value.close();
  }
}

/** Bytes of a file or a named pipe, as they come. */
export async function* fileStream(files: Files, path: string): AsyncIterable<Uint8Array> {
  const file = must(files.open(path), path);
  try {
    for (let at = 0; ; ) {
      // The caller may keep the bytes.
      const buffer = new Uint8Array(1 << 18);
      const got = must(file.read(buffer, at), path);
      if (got === 0) return;
      at += got;
      yield buffer.subarray(0, got);
    }
  } finally {
    file.close();
  }
}

/** Reads pieces of a file of `total` bytes; what lies beyond its end is missing. */
export function pieceReader(file: OpenFile, total: number): ReadAt {
  return (offset, size) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(size, total - offset)));
    let at = 0;
    while (at < bytes.length) {
      const got = must(file.read(bytes.subarray(at), offset + at), file.path);
      if (got === 0) break;
      at += got;
    }
    return bytes.subarray(0, at);
  };
}

type Asked<Value> = { ok: true; value: Value } | { ok: false; error: { errno: string } };

/** The value, or FILE_UNREADABLE. */
export function must<Value>(answer: Asked<Value>, path: string): Value {
  if (answer.ok) return answer.value;
  throw new OctavoError('FILE_UNREADABLE', { path, errno: answer.error.errno });
}

/** Returns FILE_MALFORMED with the problem and its place. */
export function malformed(path: string, problem: string, place: string): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}
