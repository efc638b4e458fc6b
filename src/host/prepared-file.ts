/** Reads what was prepared when the package was made, and prints it without the streams of Node, which load slowly. */

import { fstatSync, readFileSync, write, writeSync } from 'node:fs';
import { isNoTerminal } from './terminals.js';

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

/**
 * As writeOut(), but for a pipe or a terminal, which may block, on a thread of Node's own: signals come through
 * meanwhile.
 */
export async function writeFreely(descriptor: number, text: string): Promise<string | undefined> {
  if (text === '') return undefined;
  if (takesAtOnce(descriptor)) return writeOut(descriptor, text);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    const { errno, count } = await writeSome(descriptor, bytes, at);
    if (errno === 'EAGAIN') await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    else if (errno !== undefined) return errno;
    at += count;
  }
  return undefined;
}

function writeSome(
  descriptor: number,
  bytes: Uint8Array,
  at: number,
): Promise<{ readonly errno: string | undefined; readonly count: number }> {
  return new Promise((resolve) => {
    write(descriptor, bytes, at, bytes.length - at, null, (problem, count) => {
      resolve({
        errno: problem === null ? undefined : (problem.code ?? 'EIO'),
        count: problem === null ? count : 0,
      });
    });
  });
}

function takesAtOnce(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return status.isFile() || (status.isCharacterDevice() && isNoTerminal(descriptor));
  } catch {
    return true;
  }
}
