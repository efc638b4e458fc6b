/**
 * Fetches a stock DAMON tool beside the system, for the test that drives the model with it:
 * `node dist/lab/fetch-damo.js`. Nothing installed changes.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchKernel, LabUnavailable } from './apt.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');

/** Pinned as the kernels are; `image` is the file that shows that the package is there. */
const DAMO = {
  series: 'damo',
  release: 'damo-3.4.1',
  suite: 'forky',
  package: 'damo',
  version: '3.4.1-1',
  sha256: 'a2c2195f5c672baeef243979dc5f9d45801498ed2830f2e11a45127852d22a45',
  image: 'usr/lib/python3/dist-packages/damo/damo.py',
} as const;

try {
  console.log(fetchKernel(DAMO, join(ROOT, '.cache', 'lab'), (line) => console.error(`lab: ${line}`)));
} catch (problem) {
  if (!(problem instanceof LabUnavailable)) throw problem;
  console.error(`lab: ${problem.message}`);
  process.exitCode = 2;
}
