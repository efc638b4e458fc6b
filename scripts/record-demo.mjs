// Makes test/fixtures/demo anew: what `npm start` shows where it may not look at live memory. Needs root.
// usage: node scripts/record-demo.mjs [MIB]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const fixture = join(root, 'test/fixtures/demo');
const folder = join(mkdtempSync(join(tmpdir(), 'octavo-record-demo-')), 'demo');
const demo = join(root, 'dist/demo/demo.js');
const mib = process.argv[2] ?? '64';
const shown = spawnSync(process.execPath, [demo, fixture, '--mib', mib, '--record', folder], {
  stdio: 'inherit',
});
if (shown.status !== 0) process.exit(shown.status ?? 1);
for (const file of filesBelow(folder)) neutralise(file);
rmSync(fixture, { recursive: true, force: true });
cpSync(folder, fixture, { recursive: true });
rmSync(folder, { recursive: true, force: true });

/** Nobody else's business: where this checkout lies, what else is mounted, which build of the kernel runs. */
function neutralise(file) {
  if (file.endsWith('.gz')) return;
  const text = readFileSync(file, 'utf8');
  const release = /^(\d+\.\d+\.\d+)-\S+$/;
  const lines = text.replaceAll(root.replace(/\/$/, ''), '/opt/octavo').split('\n');
  const kept = /\/(mounts|mountinfo)$/.test(file) ? lines.filter(isOrdinaryMount) : lines;
  writeFileSync(file, kept.map((line) => line.replace(release, '$1')).join('\n'));
}

function isOrdinaryMount(line) {
  return (
    line === '' ||
    /\b(proc|sysfs|devtmpfs|devpts|debugfs|tracefs|securityfs|cgroup2?|ext4|xfs|btrfs|overlay)\b/.test(
      line,
    ) ||
    /\/dev\/shm /.test(line)
  );
}

function* filesBelow(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(below);
    else yield below;
  }
}
