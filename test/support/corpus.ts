/** Finds recordings: those beside the checkout, else the smaller set that is part of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout; compiled tests lie in dist/test. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * A folder of recordings, such as `data/kernel`; undefined when there is none: tests then skip and say so. Looked for in
 * OCTAVO_SHARED, in the folder `shared` beside the checkout, and in `test/fixtures` (there without `data/`).
 */
export function findCorpus(folder: string): string | undefined {
  const { OCTAVO_SHARED } = process.env;
  const beside = [join(ROOT, '../shared'), join(ROOT, '../../shared')];
  const places = OCTAVO_SHARED ? [OCTAVO_SHARED, ...beside] : beside;
  const own = join(ROOT, 'test/fixtures', folder.replace(/^data\//, ''));
  return [...places.map((place) => join(place, folder)), own].find((path) => existsSync(path));
}
