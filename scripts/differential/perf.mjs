// Holds what Octavo reads of many recordings against Debian's newest perf, which is unpacked beside the system:
// node scripts/differential/perf.mjs [--cases N] [--seed N] [--only ordinary,spe,recorded] [--recorder perf]
// --recorder names another perf that makes the recordings of `recorded`, such as the system's own.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newestPerf } from '../bench/newest-perf.mjs';
import { prepare, root, run } from '../prepare.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
};

prepare();
const cache = join(root, '.cache');
if (!existsSync(cache)) mkdirSync(cache);
const perf = newestPerf(cache);
if (perf === undefined) {
  console.log('differential: skipped, no perf to compare with');
  process.exit(0);
}
const order = {
  perf,
  cases: Number(option('--cases', 200)),
  seed: Number(option('--seed', 0)),
  kinds: option('--only', 'ordinary,spe').split(','),
  ...(process.argv.includes('--recorder') ? { recorder: [option('--recorder', 'perf')] } : {}),
};
run(
  process.execPath,
  [join(root, 'dist/test/differential/run.js'), JSON.stringify(order)],
  'comparing with perf',
);
