/** Mounts of one's own: in a child process, which takes them away as it ends. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const MODULE = new URL('./fuse-mount.js', import.meta.url).href;

/** What `steps`, with the functions of the module in `mounts`, return in a process of their own. */
function inChild(steps: string): readonly unknown[] {
  const script = `const mounts = await import('${MODULE}'); const { readdirSync } = await import('node:fs');
process.stdout.write(JSON.stringify([${steps}]));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...{ encoding: 'utf8', cwd: '/' },
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('whoever may not have mounts of their own is told which call was refused', (t) => {
  if (process.geteuid?.() !== 0) return t.skip('needs root, to be somebody else');
  const refused = { ok: false, error: { errno: 'EPERM', call: 'unshare CLONE_NEWNS' } };
  // It becomes nobody after it loaded everything: nobody may be kept from reading the checkout, and Node itself.
  const asNobody = `mounts.unmount('/no/such/mount').ok, process.setgroups([]) ?? process.setgid(65534) ??
    process.setuid(65534) ?? process.geteuid(), mounts.enterPrivateMounts()`;
  assert.deepEqual(inChild(asNobody), [false, 65_534, refused]);
});

test('a folder appears at another one for this process alone, until it is unmounted', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'octavo-mounts-'));
  t.after(() => rmSync(root, { recursive: true }));
  const [from, to] = ['from', 'to'].map((name) => join(root, name));
  for (const folder of [from, to]) mkdirSync(folder);
  writeFileSync(join(from, 'file'), '');
  if (inChild('mounts.enterPrivateMounts().ok').toString() !== 'true') return t.skip('needs root');
  const seen = inChild(
    `mounts.enterPrivateMounts().ok, mounts.bindMount('${from}', '${to}').ok, readdirSync('${to}'),
     mounts.unmount('${to}').ok, readdirSync('${to}'), mounts.unmount('${to}')`,
  );
  const gone = { ok: false, error: { errno: 'EINVAL', call: `umount ${to}` } };
  assert.deepEqual(seen, [true, true, ['file'], true, [], gone]);
  assert.deepEqual(readdirSync(to), []);
});
