/** The model's DAMON tree as a real mount, driven by a shell in a mount namespace of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { enterPrivateMounts, mountFuse } from '../../src/host/linux/fuse-mount.js';
import { DamonFiles } from '../../src/model/kernel/damon/sysfs/damon-files.js';
import { FileTree } from '../../src/model/kernel/state/file-tree.js';
import { FuseServer } from '../../src/model/mount/fuse-server.js';
import { DamonBench } from './damon-bench.js';

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'needs root to mount';
  return existsSync('/dev/fuse') ? false : 'no /dev/fuse';
}

/** Runs a shell script with the model at $M; virtual time follows real time. */
async function runScript(bench: DamonBench, script: string): Promise<{ out: string; code: number | null }> {
  const directory = mkdtempSync(join(tmpdir(), 'octavo-mount-'));
  const tree = new FileTree();
  const files = new DamonFiles(bench.system, () => 'EIO');
  tree.mount('/sys/kernel/mm/damon/admin/kdamonds', files.root());
  const mounted = mountFuse(directory);
  assert.ok(mounted.ok, mounted.ok ? '' : `${mounted.error.call}: ${mounted.error.errno}`);
  const mount = mounted.value;
  const server = new FuseServer({
    root: tree.root,
    reply: (message) => mount.reply(message),
    sizeOf: () => 4096,
  });
  const serving = (async () => {
    for (let message = await mount.next(); message !== undefined; message = await mount.next()) {
      server.handle(message);
    }
  })();
  const pump = setInterval(() => {
    bench.advance(5);
    server.settle();
  }, 5);
  const child = spawn('bash', ['-c', script], { env: { ...process.env, M: directory } });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    out += data;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(pump);
  mount.close();
  await serving;
  rmSync(directory, { recursive: true, force: true });
  return { out, code };
}

test('a shell sets up a scheme by echo, starts it and reads statistics and regions', {
  skip: whyNot(),
}, async () => {
  const entered = enterPrivateMounts();
  assert.ok(entered.ok);
  const bench = new DamonBench();
  bench.memory.addProcess(1234, [[1024, 2048], [9000, 9500], [900000, 900100]]); // biome-ignore format: a drawing
  const { out, code } = await runScript(
    bench,
    `set -e
cd $M/sys/kernel/mm/damon/admin/kdamonds
echo 1 > nr_kdamonds; echo 1 > 0/contexts/nr_contexts; cd 0/contexts/0
echo 1 > targets/nr_targets; echo 1234 > targets/0/pid_target
echo 1 > schemes/nr_schemes
for f in sz nr_accesses age; do echo 4294967295 > schemes/0/access_pattern/$f/max; done
echo on > ../../state; cat ../../state; cat ../../pid
sleep 0.5
echo update_schemes_stats > ../../state
echo update_schemes_tried_regions > ../../state
test $(cat schemes/0/stats/nr_tried) -gt 0 && echo tried
cat schemes/0/tried_regions/total_bytes
ls schemes/0/tried_regions | wc -l
stat -c '%a %s %n' schemes/0/action schemes/0/stats/nr_tried schemes
echo off > ../../state; cat ../../state
set +e
echo split > schemes/0/action
echo 1 > schemes/0/stats/nr_tried
echo 99999999999999999999 > schemes/0/access_pattern/sz/min
mkdir foo; touch foo; rm -f schemes/0/action
cat nothing; true`,
  );
  const lines = out.trim().split('\n');
  assert.equal(code, 0, out);
  assert.deepEqual(lines.slice(0, 4), ['on', '229', 'tried', '6651904']);
  assert.ok(Number(lines[4]) > 3);
  assert.deepEqual(lines.slice(5, 9), [
    '600 4096 schemes/0/action',
    '400 4096 schemes/0/stats/nr_tried',
    '755 0 schemes',
    'off',
  ]);
  assert.match(lines.slice(9).join('\n'), /Invalid argument/);
  assert.match(lines.slice(9).join('\n'), /Numerical result out of range/);
});
