// Installs and builds what is missing, then boots real kernels: `npm run lab -- --help`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const main = join(root, 'dist/lab/main.js');
const flags = ['--enable-source-maps', main, ...process.argv.slice(2)];
const result = spawnSync(process.execPath, flags, { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
