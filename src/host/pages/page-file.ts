/** Files of the dashboard's page, which the build puts beside the program: as they are in a checkout, as brotli in a package. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { failure, success } from '../../base/result.js';
import type { Answer } from '../host.js';

/** Where a bundle and a checkout have them, seen from this file. */
const FOLDERS = ['./page/', '../../../page/'];

/** A file of the page by its name; ENOENT where it was not built. */
export function pageFile(name: string): Answer<Uint8Array> {
  for (const folder of FOLDERS) {
    const packed = read(`${folder}${name}.br`);
    if (packed !== undefined) return success(brotliDecompressSync(packed));
    const plain = read(`${folder}${name}`);
    if (plain !== undefined) return success(plain);
  }
  return failure({ errno: 'ENOENT', call: `open page/${name}` });
}

function read(path: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(path, import.meta.url));
  } catch {
    return undefined;
  }
}
