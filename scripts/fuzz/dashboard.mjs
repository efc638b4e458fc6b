// Builds what is missing and sends hostile requests to a dashboard: node scripts/fuzz/dashboard.mjs [--requests N] [--seed N]
import { join } from 'node:path';
import { prepare, root, run } from '../prepare.mjs';

prepare();
run(
  process.execPath,
  [join(root, 'dist/test/fuzz/dashboard.js'), ...process.argv.slice(2)],
  'fuzzing the dashboard',
);
