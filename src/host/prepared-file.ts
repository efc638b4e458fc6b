/** Reads what was prepared when the package was made, and prints it without the streams of Node, which load slowly. */

import { readFileSync, writeSync } from 'node:fs';

/** The document beside the program; undefined in a checkout, where nothing is prepared, or when it cannot be read. */
export function preparedFile(beside: string): unknown {
  try {
    const packed = readFileSync(new URL('./prepared.json.gz', beside));
    const { gunzipSync } = process.getBuiltinModule('node:zlib');
    return JSON.parse(gunzipSync(packed).toString());
  } catch {
    return undefined;
  }
}

const AGAIN_MS = 5;

/** Writes all of a text; the name of the error (EPIPE, ENOSPC) that kept it from doing so, else undefined. */
export function writeOut(descriptor: number, text: string): string | undefined {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (problem) {
      const { code = 'EIO' } = problem as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') return code;
      // A full pipe that another program has made non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    }
  }
  return undefined;
}
