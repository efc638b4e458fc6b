// Makes the small set of recordings in test/fixtures/perf again, each with what Debian's newest perf says of it:
// node scripts/differential/keep.mjs
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newestPerf } from '../bench/newest-perf.mjs';
import { prepare, root, run } from '../prepare.mjs';

prepare();
const cache = join(root, '.cache');
if (!existsSync(cache)) mkdirSync(cache);
const perf = newestPerf(cache);
if (perf === undefined) {
  console.error('keep: no perf to ask, nothing is made');
  process.exit(1);
}
run(
  process.execPath,
  [join(root, 'dist/test/differential/keep.js'), JSON.stringify(perf)],
  'keeping recordings',
);
