import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT } from '../../src/vocabulary/errors.js';
import { ROOT } from '../support/corpus.js';
import { kernelUnderLockdown, temporaryFolder, writeKernel } from '../support/kernels.js';

const MAIN = join(ROOT, 'dist', 'src', 'main.js');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function octavo(words: readonly string[], environment: Record<string, string> = {}): Ended {
  const env = { ...process.env, OCTAVO_STATE: state, ...environment };
  const ended = spawnSync(process.execPath, [MAIN, ...words], { env, encoding: 'utf8' });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

const state = temporaryFolder('state');

describe('octavo on a recorded host', () => {
  const kernel = writeKernel(kernelUnderLockdown());

  test('--host DIR, --host=DIR and OCTAVO_HOST choose it', () => {
    const chosen = [
      octavo(['--host', kernel, 'doctor', '--json']),
      octavo([`--host=${kernel}`, 'doctor', '--json']),
      octavo(['doctor', '--json'], { OCTAVO_HOST: kernel }),
    ];
    for (const { code, out, err } of chosen) {
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).system.lockdown, 'integrity');
    }
    assert.equal(chosen[1].out, chosen[0].out);
    assert.equal(chosen[2].out, chosen[0].out);
  });

  test('the option goes before the environment; an empty environment is this machine', () => {
    const both = octavo(['--host', kernel, 'doctor', '--json'], { OCTAVO_HOST: '/nowhere' });
    assert.equal(both.code, 0, both.err);
    const here = octavo(['doctor', '--json'], { OCTAVO_HOST: '' });
    assert.equal(JSON.parse(here.out).hostKind, 'linux');
  });

  test('a recording that is absent or damaged is a coded failure, as a document with --json', () => {
    const absent = octavo(['--host', '/nowhere', 'doctor']);
    assert.equal(absent.code, EXIT.badInput);
    assert.match(absent.err, /FILE_UNREADABLE: cannot read \/nowhere\/octavo-host.json: ENOENT/);
    const folder = temporaryFolder('damaged');
    writeFileSync(join(folder, 'octavo-host.json'), '{');
    const damaged = octavo(['--host', folder, 'doctor', '--json']);
    assert.equal(damaged.code, EXIT.badInput);
    assert.equal(JSON.parse(damaged.out).code, 'FILE_MALFORMED');
  });
});

describe('octavo record-host', () => {
  let child: ChildProcess;
  const folder = join(temporaryFolder('recording'), 'host');

  before(async () => {
    const program =
      "const memory = Buffer.alloc(8 << 20, 1); console.log('ready'); setInterval(() => memory[0]++, 1e6);";
    child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
    child.kill('SIGSTOP');
  });

  after(() => child.kill('SIGKILL'));

  test('records what a command saw; the same command on the recording gives the same answer', () => {
    const command = ['inspect', String(child.pid), '--json', '--blocks'];
    const live = octavo(['record-host', folder, '--', ...command]);
    assert.equal(live.code, 0, live.err);
    assert.match(live.err, /recorded \d+ files \(\d+ KiB\) and \d+ scans in /);
    const recorded = octavo(['--host', folder, ...command]);
    assert.equal(recorded.code, 0, recorded.err);
    assert.deepEqual(withoutTimes(JSON.parse(recorded.out)), withoutTimes(JSON.parse(live.out)));
    assert.ok(live.out.length > 1000);
  });

  test('a plan made on the recording has the steps and refusals of the one made on the machine', () => {
    const other = join(temporaryFolder('recording'), 'host');
    const command = ['plan', String(child.pid), '--json', '--policy', 'return-empty'];
    const live = octavo(['record-host', other, '--', ...command]);
    assert.equal(live.code, 0, live.err);
    const recorded = octavo(['--host', other, ...command]);
    assert.equal(recorded.code, 0, recorded.err);
    const { id: _, ...again } = withoutTimes(JSON.parse(recorded.out)) as Record<string, unknown>;
    const { id: __, ...first } = withoutTimes(JSON.parse(live.out)) as Record<string, unknown>;
    assert.deepEqual(again, first);
    assert.equal(again.octavo, 'plan');
  });

  test('asking the recording for another process is a coded failure that names the question', () => {
    const asked = octavo(['--host', folder, 'inspect', '1']);
    assert.equal(asked.code, EXIT.badInput);
    assert.match(asked.err, /RECORDING_LACKS: the recording \S+ does not hold read \/proc\/1\//);
  });

  test('the exit code is that of the command, and what it saw is kept all the same', () => {
    const other = join(temporaryFolder('recording'), 'host');
    const failed = octavo(['record-host', other, '--', 'inspect', 'no-such-command-anywhere']);
    assert.equal(failed.code, EXIT.noTarget, failed.err);
    assert.ok(existsSync(join(other, 'octavo-host.json')));
    const again = octavo(['--host', other, 'inspect', 'no-such-command-anywhere']);
    assert.equal(again.code, EXIT.noTarget, again.err);
  });

  test('a folder in use is left alone, and so is a recording of a recording', () => {
    const used = temporaryFolder('used');
    mkdirSync(join(used, 'kept'));
    const refused = octavo(['record-host', used, '--', 'doctor']);
    assert.equal(refused.code, EXIT.badInput);
    assert.match(refused.err, /ENOTEMPTY/);
    assert.equal(octavo(['record-host', used, '--', 'record-host', used, '--', 'doctor']).code, EXIT.usage);
    assert.equal(octavo(['record-host', used]).code, EXIT.usage);
  });
});

/** Everything but when and how long. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !/(Ns|AtMs)$/.test(name));
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutTimes(part)]));
}
