/** Finds recordings that are kept beside the checkout and are not part of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout; compiled tests lie in dist/test. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A folder of the shared data, undefined when there is none: tests then skip and say so. OCTAVO_SHARED names
 * another place than the folder `shared` beside the checkout.
 */
export function findCorpus(folder: string): string | undefined {
  const places = [process.env.OCTAVO_SHARED, join(ROOT, '../shared'), join(ROOT, '../../shared')];
  return places
    .filter((place) => place !== undefined && place !== '')
    .map((place) => join(place as string, folder))
    .find((path) => existsSync(path));
}
