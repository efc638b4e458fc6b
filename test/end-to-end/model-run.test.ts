/** `octavo model run`: a script made for the real tree, unchanged, against the model; the machine's own untouched. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/corpus.js';
import { MAIN } from './octavo.js';

const SCRIPT = join(ROOT, 'test/end-to-end/damon-by-hand.sh');

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'needs root to mount';
  return existsSync('/dev/fuse') ? false : 'no /dev/fuse';
}

interface Ended {
  readonly code: number;
  readonly out: string;
}

function octavo(...words: string[]): Promise<Ended> {
  const home = mkdtempSync(join(tmpdir(), 'octavo-run-'));
  const env = { ...process.env, XDG_STATE_HOME: home, HOME: home };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...words], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      rmSync(home, { recursive: true, force: true });
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out: stdout + stderr });
    });
  });
}

const skip = whyNot();

test('a script for the real tree runs unchanged and finds the hot part of a task', { skip }, async () => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const { code, out } = await octavo(
    ...['model', 'run', '--memory', '1G', '--task', 'redis,64M,0.25', '--', 'sh', SCRIPT, '{redis}'],
  );
  assert.equal(code, 0, out);
  assert.match(out, /^state on$/m);
  assert.match(out, /^state off$/m);
  const [, times, tried] = /tried (\d+) times, (\d+) bytes/.exec(out) ?? [];
  assert.ok(Number(times) > 50 && Number(tried) > 0, out);
  const hot = Number(/^hot (\d+) bytes$/m.exec(out)?.[1]);
  const snapshot = Number(/^snapshot of (\d+) bytes$/m.exec(out)?.[1]);
  assert.ok(snapshot >= 64 * 2 ** 20);
  assert.ok(hot >= 0.8 * 16 * 2 ** 20, `${hot} bytes of 16 MiB found hot\n${out}`);
  assert.equal(readFileSync('/proc/self/mounts', 'utf8'), mounts, 'no mount is left');
});

test('a process of the machine is taken over when the script names it', { skip }, async () => {
  const { code, out } = await octavo(...['model', 'run', '--', 'bash', '-c', `sleep 30 & sh ${SCRIPT} $!; kill $!`]); // biome-ignore format: a command line
  assert.equal(code, 0, out);
  const regions = out.split('\n').filter((line) => line.startsWith('region '));
  assert.ok(regions.length >= 10, out);
  assert.match(out, /^hot 0 bytes$/m, 'nobody sees its accesses');
});

test('everything that the model has is there: trace events, THP files, debugfs, its processes in /proc', {
  skip,
}, async () => {
  const script = `set -e
cd /sys/kernel/tracing
grep -c ^damon: available_events
grep -q ' /sys/kernel/tracing tracefs ' /proc/mounts
grep AnonHugePages /proc/$OCTAVO_REDIS_PID/smaps_rollup
echo "$OCTAVO_REDIS_PID,$OCTAVO_REDIS_ADDRESS,$(printf '0x%x' $((OCTAVO_REDIS_ADDRESS + 2097152)))" > /sys/kernel/debug/split_huge_pages
grep AnonHugePages /proc/$OCTAVO_REDIS_PID/smaps_rollup
test "$(cat /proc/self/comm)" = cat
cat /sys/kernel/mm/transparent_hugepage/enabled
echo 1 > events/damon/damon_aggregated/enable
(timeout 2 cat trace_pipe || true) > "$HOME/piped" &
sh ${SCRIPT} $OCTAVO_REDIS_PID > /dev/null
wait
grep -c 'damon_aggregated: target_id=0' "$HOME/piped"
echo > trace
grep -vc '^#' trace || true`;
  const { code, out } = await octavo(
    ...['model', 'run', '--memory', '1G', '--task', 'redis,64M,0.25', '--', 'sh', '-c', script],
  );
  assert.equal(code, 0, out);
  const lines = out.trim().split('\n');
  assert.equal(lines[0], '6');
  assert.match(lines[1], /^AnonHugePages: +65536 kB$/);
  assert.match(lines[2], /^AnonHugePages: +63488 kB$/);
  assert.equal(lines[3], '[always] madvise never');
  assert.ok(Number(lines[4]) > 50, out);
  assert.equal(lines[5], '0', out);
});

test('exit codes are handed through, an unknown pid is EINVAL as in the kernel', { skip }, async () => {
  assert.equal((await octavo('model', 'run', '--', 'sh', '-c', 'exit 42')).code, 42);
  assert.equal((await octavo('model', 'run', '--', 'no-such-program-at-all')).code, 127);
  const { code, out } = await octavo(...['model', 'run', '--', 'bash', SCRIPT, '4194303']);
  assert.notEqual(code, 0);
  assert.match(out, /Invalid argument/);
});

const noPerf = spawnSync('perf', ['--version']).status === 0 ? false : 'no perf here';

test('perf is refused the model’s trace events instead of recording others of this kernel', {
  skip: skip || noPerf,
}, async () => {
  const record = 'perf record -q -a -e damon:damon_aggregated -o "$HOME/x.data" -- true';
  const { code, out } = await octavo(...['model', 'run', '--', 'sh', '-c', record]);
  assert.notEqual(code, 0, out);
});

test('kernel threads of memory management are the model’s alone', { skip }, async () => {
  // A process may end between its listing and its reading.
  const script = `cd /sys/kernel/mm/damon/admin/kdamonds; echo 1 > nr_kdamonds; echo 1 > 0/contexts/nr_contexts
echo paddr > 0/contexts/0/operations; echo 1 > 0/contexts/0/targets/nr_targets; echo on > 0/state
for p in /proc/[0-9]*; do if read c < $p/comm; then case $c in kdamond.*|khugepaged|kswapd*) echo "$c \${p#/proc/}"; esac; fi; done 2> /dev/null`;
  const { code, out } = await octavo(...['model', 'run', '--', 'sh', '-c', script]);
  assert.equal(code, 0, out);
  const threads = out
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  assert.deepEqual(threads.map(([name]) => name).sort(), ['kdamond.0', 'khugepaged', 'kswapd0']);
  assert.ok(
    threads.every(([, pid]) => Number(pid) >= 4_000_000),
    out,
  );
});

test('the machine can have swap, another architecture, larger pages and unmovable ones', {
  skip,
}, async () => {
  const words = ['--memory', '2G', '--swap', '64M', '--architecture', 'arm64', '--page-size', '64K'];
  const script = `grep -o '[0-9]*' /sys/kernel/mm/transparent_hugepage/hpage_pmd_size; awk '/SwapTotal/ {print $2}' /proc/meminfo`;
  const { code, out } = await octavo(
    ...['model', 'run', ...words, '--fragmentation', '0.5', '--', 'sh', '-c', script],
  );
  assert.equal(code, 0, out);
  assert.equal(out.trim(), `${512 * 2 ** 20}\n65536`);
  const wrong = await octavo(...['model', 'run', '--page-size', '64K', '--', 'true']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.out, /--page-size 65536: 4K, and on arm64 also/);
});

/** Where root's Octavo keeps its state. */
const STATE = '/var/lib/octavo';

test('nothing stays in the state folder; what a killed run left goes with the next', { skip }, async () => {
  const run = (...words: string[]) =>
    spawn(process.execPath, [MAIN, 'model', 'run', '--', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stagesOf = ({ pid }: { readonly pid?: number | undefined }) =>
    readdirSync(STATE).filter((name) => name.startsWith('model-') && name.endsWith(`-${pid}`));
  const ended = run('sh', '-c', 'kill -9 $$');
  assert.deepEqual(await once(ended, 'close'), [137, null]);
  assert.deepEqual(stagesOf(ended), []);
  const killed = run('sh', '-c', 'echo up; sleep 2');
  await once(killed.stdout, 'data');
  assert.equal(stagesOf(killed).length, 1);
  killed.kill('SIGKILL');
  await once(killed, 'close');
  await once(run('true'), 'close');
  assert.deepEqual(stagesOf(killed), []);
});
