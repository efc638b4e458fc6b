// Builds what is missing and runs the fuzzer: npm run fuzz -- [--cases N] [--seed N]
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

prepare();
run(process.execPath, [join(root, 'dist/test/fuzz/run.js'), ...process.argv.slice(2)], 'fuzzing recordings');
