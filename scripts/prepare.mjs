// Installs and builds what is missing, so that a fresh checkout needs no set-up of its own.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildLoops, declareLoops } from './build-loops.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export function prepare() {
  install();
  buildIfStale();
}

export function install() {
  requireNode();
  if (!installed()) run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'installing packages');
}

export function buildIfStale() {
  if (!built()) build();
}

export function build() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  declareLoops(root);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  run(process.execPath, [tsc, '-p', root], 'building');
  // The page of the dashboard is for browsers: checked with their types, and put together by the bundler.
  run(process.execPath, [tsc, '-p', join(root, 'src/dashboard/page')], 'checking the page');
  buildLoops(root);
  copyFileSync(join(root, 'src/octavo.sh'), join(root, 'dist/src/octavo.sh'));
  for (const name of ['main.js', 'octavo.sh']) chmodSync(join(root, 'dist/src', name), 0o755);
  run(process.execPath, [join(root, 'scripts/bundle.mjs'), '--built'], 'bundling');
}

export function run(command, parameters, what, options = {}) {
  console.log(`octavo: ${what} …`);
  const result = spawnSync(command, parameters, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) fail(`${what}: ${result.error.message}`);
  if (result.status !== 0) fail(`${what} failed (${result.signal ?? result.status})`);
}

export function fail(message) {
  console.error(`octavo: ${message}`);
  process.exit(1);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`Node ${process.version} is too old, 20.19 is needed`);
}

/** npm writes node_modules/.package-lock.json last, so it is the mark of a whole installation. */
function installed() {
  const mark = join(root, 'node_modules/.package-lock.json');
  return existsSync(mark) && statSync(mark).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function built() {
  const mark = join(root, 'dist/.tsbuildinfo');
  if (!existsSync(mark)) return false;
  const builtAt = statSync(mark).mtimeMs;
  return ['src', 'demo', 'assembly', 'test', 'lab', 'scripts', 'tsconfig.json'].every(
    (name) => newest(join(root, name)) <= builtAt,
  );
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  let latest = status.mtimeMs;
  for (const name of readdirSync(path)) latest = Math.max(latest, newest(join(path, name)));
  return latest;
}
