// Builds what is missing and compares rules that rank blocks with the bound: node scripts/ranking.mjs [--seeds N] [--accesses N]
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

prepare();
run(process.execPath, [join(root, 'dist/test/ranking/run.js'), ...process.argv.slice(2)], 'ranking');
