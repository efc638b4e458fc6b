/** A stock DAMON tool drives the model, unchanged: damo, where Python has it or `lab/fetch-damo.ts` fetched it. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/corpus.js';
import { MAIN } from './octavo.js';

const FETCHED = join(ROOT, '.cache/lab/kernels/damo-3.4.1/usr/lib/python3/dist-packages');

/** Where Python finds damo beside its own places; undefined when there is none. */
function damoPath(): string | undefined {
  if (existsSync(FETCHED)) return FETCHED;
  return spawnSync('python3', ['-c', 'import damo']).status === 0 ? '' : undefined;
}

function whyNot(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root to mount';
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return damoPath() === undefined ? 'damo is not here: node dist/lab/fetch-damo.js' : false;
}

function underModel(kernel: string, script: string): Promise<{ code: number; out: string }> {
  const home = mkdtempSync(join(tmpdir(), 'octavo-damo-'));
  const env = {
    ...process.env,
    ...{ XDG_STATE_HOME: home, HOME: home, PYTHONPATH: damoPath(), PYTHONDONTWRITEBYTECODE: '1' },
    DAMO: 'python3 -c "from damo import damo; damo.main()"',
  };
  const words = ['model', 'run', '--kernel', kernel, '--memory', '1G', '--task', 'redis,256M,0.25'];
  const command = [MAIN, ...words, '--', 'sh', '-c', script, 'sh', '{redis}'];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env, timeout: 120_000, cwd: home }, (error, stdout, stderr) => {
      rmSync(home, { recursive: true, force: true });
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out: stdout + stderr });
    });
  });
}

const SCRIPT = `damo() { eval "$DAMO" '"$@"'; }
set -e
damo report sysinfo
damo start "$1"
sleep 2
damo report access --style detailed
damo tune "$1" --damos_action stat --damos_access_rate 50% max
sleep 1
damo report damon
damo stop
cat /sys/kernel/mm/damon/admin/kdamonds/0/state`;

for (const [kernel, version] of [
  ['7.3', '7.3'],
  ['6.12', '6.1[12]'],
] as const) {
  test(`damo finds a ${version}, starts, tunes and stops`, { skip: whyNot() }, async () => {
    const { code, out } = await underModel(kernel, SCRIPT);
    assert.equal(code, 0, out);
    assert.match(out, new RegExp(`DAMON version: .*${version}`), out);
    const hot = [...out.matchAll(/size ([\d.]+) MiB +access (\d+) hz/g)].filter(
      ([, , hz]) => Number(hz) > 150,
    );
    const found = hot.reduce((sum, [, size]) => sum + Number(size), 0);
    assert.ok(found > 50, `${found} MiB hot in all reports\n${out}`);
    assert.match(out, /action: stat|stat per/, out);
    assert.match(out.trim().split('\n').at(-1) ?? '', /^off$/);
  });
}
