import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBlocks } from '../../../test/conformance/measure.js';
import { modelStage } from '../../../test/conformance/model-stage.js';
import { QUIET, withThp } from '../../../test/conformance/thp-stage.js';
import { terminalOn } from '../../../test/support/terminal.js';
import type { Host } from '../../host/host.js';
import { EXIT } from '../../vocabulary/errors.js';
import type { Plan } from '../../vocabulary/plan.js';

const SPARSE = 5;
const BLOCKS = 8;

/** A process with five huge pages of which every 64th sub-page is read, and three that are read all over. */
async function onProcess(act: (host: Host, pid: string, look: () => string) => Promise<void>): Promise<void> {
  const stage = modelStage('7.3', () => undefined);
  await withThp(stage.host, { enabled: 'always', ...QUIET }, async () => {
    const workload = await stage.startWorkload();
    const range = await workload.map(BLOCKS, 'anon');
    await workload.touch(range, 1);
    const middle = range.start + SPARSE * 512;
    await workload.keepReading([
      { range: { start: range.start, end: middle }, every: 64 },
      { range: { start: middle, end: range.end }, every: 1 },
    ]);
    await act(stage.host, String(workload.pid), () => drawBlocks(stage.host, workload.pid, range));
  });
}

async function octavo(host: Host, ...words: string[]) {
  const terminal = terminalOn(host);
  const code = await terminal.run(words);
  return { code, out: terminal.out(), err: terminal.err() };
}

test('a probe puts everything back and leaves heat that a plan can use', () =>
  onProcess(async (host, pid, look) => {
    const probed = await octavo(
      host,
      'probe',
      pid,
      '--out',
      '/tmp/heat.parquet',
      '--window',
      '500ms',
      '--json',
    );
    assert.equal(probed.code, 0, probed.err);
    const { processes, runs, heat } = JSON.parse(probed.out);
    const [{ candidates, watched, sparse, collapsed }] = processes;
    assert.deepEqual([candidates, watched, sparse, collapsed, heat], [8, 8, 5, 8, '/tmp/heat.parquet']);
    assert.equal(runs.length, 4);
    assert.equal(look(), `H×${BLOCKS}`);
    const planned = await octavo(
      host,
      'plan',
      pid,
      '--heat',
      '/tmp/heat.parquet',
      '--policy',
      'split-sparse',
      '--json',
    );
    assert.equal((JSON.parse(planned.out) as Plan).steps.length, SPARSE, planned.err);
    const listed = JSON.parse((await octavo(host, 'runs', '--json')).out);
    assert.deepEqual(
      listed.runs.map(({ run }: { run: string }) => run),
      runs,
    );
  }));

test('with --keep-split the sparse ones stay split, and undo takes that back', () =>
  onProcess(async (host, pid, look) => {
    const words = ['probe', pid, '--keep-split', '--sample', '4', '--window', '500ms', '--json'];
    const { out } = await octavo(host, ...words);
    const { runs, processes } = JSON.parse(out);
    assert.ok(look().includes('0'), look());
    assert.ok(processes[0].sparse > 0 && processes[0].collapsed === 4 - processes[0].sparse);
    assert.equal((await octavo(host, 'undo', runs[0])).code, 0);
    assert.equal(look(), `H×${BLOCKS}`);
  }));

test('what cannot be watched is not touched: exit 6, no run, no file', () =>
  onProcess(async (host, pid, look) => {
    const files = new Proxy(host.files, {
      get: (target, name) => {
        if (name === 'status' || name === 'readText') {
          return (path: string) => {
            if (path.startsWith('/sys/kernel/mm/damon'))
              return { ok: false, error: { errno: 'ENOENT', call: path } };
            const read = target[name](path);
            return name === 'readText' && path.endsWith('smaps') && read.ok
              ? { ...read, value: String(read.value).replaceAll(' sd', '') }
              : read;
          };
        }
        const member = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const blind: Host = { ...host, files };
    const { code, out, err } = await octavo(blind, 'probe', pid, '--out', '/tmp/none.parquet');
    assert.equal(code, 6, out);
    assert.match(err, /CONFIG_MEM_SOFT_DIRTY/);
    assert.match(err, /Nothing was done/);
    assert.equal(look(), `H×${BLOCKS}`);
    assert.equal(host.files.status('/tmp/none.parquet').ok, false);
    assert.match((await octavo(host, 'runs')).out, /No runs/);
  }));

test('a probe is bound by memory that must stay free, in blocks and in bytes', () =>
  onProcess(async (host, pid, look) => {
    const before = look();
    for (const bound of [
      ['--min-free-blocks', '1000000'],
      ['--min-free', '1T'],
    ]) {
      const { code, out } = await octavo(host, 'probe', pid, '--window', '500ms', ...bound);
      assert.equal(code, EXIT.refused, 'stopped by a guard');
      assert.match(out, /stopped after 0 of 8 huge pages: only \d+ MiB would stay free .*\(--min-free\)/);
      assert.equal(look(), before, bound[0]);
    }
  }));

test('processes that this user may not look into are refused for that, by name as by pid', () =>
  onProcess(async (host, pid) => {
    const closed = (path: string) => /^\/proc\/\d+\/(smaps|pagemap)$/.test(path);
    const files = new Proxy(host.files, {
      get: (target, name) =>
        name === 'readText' || name === 'open'
          ? (path: string) =>
              closed(path)
                ? { ok: false, error: { errno: 'EACCES', call: `open ${path}` } }
                : target[name](path)
          : Reflect.get(target, name).bind?.(target),
    });
    for (const target of [pid, 'workload']) {
      const { code, err } = await octavo({ ...host, files, calls: host.calls }, 'probe', target, '--json');
      assert.equal(code, 5, err);
    }
  }));

test('heat on standard output is alone there, and is no file of that name', () =>
  onProcess(async (host, pid) => {
    const both = await octavo(host, 'probe', pid, '--out', '-', '--json');
    assert.deepEqual([both.code, both.out.includes('"code": "USAGE"')], [2, true], both.err);
    const { code, out, err } = await octavo(
      host,
      'probe',
      pid,
      '--out',
      '-',
      '--sample',
      '4',
      '--window',
      '500ms',
    );
    assert.equal(code, 0, err);
    assert.ok(out.startsWith([...'PAR1'].map((letter) => letter.charCodeAt(0)).join()), 'bytes of Parquet');
    assert.match(err, /\d+ runs? in the journal/);
    assert.doesNotMatch(err, /Heat written/);
    assert.equal(host.files.status('-').ok, false);
  }));
