// A table of perf's numbers of all recordings kept beside the checkout next to Octavo's own:
// node scripts/differential/oracles.mjs
import { join } from 'node:path';
import { prepare, root, run } from '../prepare.mjs';

prepare();
run(process.execPath, [join(root, 'dist/test/differential/oracle-table.js')], 'comparing with oracles');
