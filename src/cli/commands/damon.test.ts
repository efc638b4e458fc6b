import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForeignKdamond } from '../../../test/conformance/foreign-kdamond.js';
import { drawAdvice, drawBlocks } from '../../../test/conformance/measure.js';
import { modelStage } from '../../../test/conformance/model-stage.js';
import { QUIET, withThp } from '../../../test/conformance/thp-stage.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { KDAMONDS } from '../../damon/kernel-files.js';
import { parseDamoFile } from '../../formats/damo/parse.js';
import type { Host } from '../../host/host.js';
import { EXIT } from '../../vocabulary/errors.js';

async function octavo(host: Host, ...words: string[]) {
  const { run, out, err } = terminalOn(host);
  const code = await run(words);
  return { out: out(), err: err(), code };
}

async function withWorkload(
  run: (host: Host, pid: number, start: number) => Promise<void>,
  hugeNow = 'never',
) {
  const stage = modelStage('7.3', () => undefined);
  await withThp(stage.host, { enabled: hugeNow, ...QUIET }, async () => {
    const workload = await stage.startWorkload();
    const range = await workload.map(4, 'anon');
    await workload.touch(range, 1);
    const first = { start: range.start, end: range.start + 512 };
    await workload.keepReading([{ range: first, every: 1 }]);
    await run(stage.host, workload.pid, range.start);
  });
}

const nrKdamonds = (host: Host) => {
  const text = host.files.readText(`${KDAMONDS}/nr_kdamonds`);
  return text.ok ? text.value.trim() : text.error.errno;
};

test('status, show and their JSON tell an empty tree and a foreign kdamond', async () => {
  await withWorkload(async (host, pid, start) => {
    assert.match((await octavo(host, 'damon', 'status')).out, /No kdamond is set up/);
    const foreign = await ForeignKdamond.start(host, pid, { start, end: start + 4 * 512 });
    const status = await octavo(host, 'damon', 'status');
    assert.match(
      status.out,
      new RegExp(`0 +on +\\d+ kdamond\\.\\d+ +fvaddr +${pid} +7000/140000 us +5-77 +stat +another tool`),
    );
    assert.match(status.out, /1 +off +- .*another tool/);
    const json = JSON.parse((await octavo(host, 'damon', 'status', '--json')).out);
    assert.equal(json.kdamonds[0].context.regions.max, '77');
    const shown = parseDamoFile(
      JSON.parse((await octavo(host, 'damon', 'show')).out).kdamonds[0] && {
        kdamonds: [JSON.parse((await octavo(host, 'damon', 'show')).out).kdamonds[0]],
      },
    );
    assert.ok(shown.ok);
    const [context] = shown.value.contexts;
    assert.deepEqual([context.intervals.sampleUs, context.targets[0].pid], [7000n, pid]);
    assert.match((await octavo(host, 'damon', 'show', '--yaml')).out, /^kdamonds:\n {2}- state: on/);
    assert.equal(await foreign.compare(), 'as found');
  });
});

test('apply runs a file for a while, tells statistics, and puts everything back', async () => {
  await withWorkload(async (host, pid) => {
    const schemes = [{ action: 'hugepage', access_pattern: { nr_accesses: { min: '50 %', max: 'max' } } }];
    host.files.writeFile('/tmp/schemes.json', JSON.stringify(schemes));
    const ran = await octavo(
      host,
      'damon',
      'apply',
      '/tmp/schemes.json',
      '--target',
      `${pid}`,
      '--for',
      '4s',
      '--every',
      '2s',
    );
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /scheme 0 hugepage: tried [1-9]\d* \(.*\), applied [1-9]/);
    assert.equal(nrKdamonds(host), '0');
  });
});

test('apply names the place of a problem, the stranger in a file, and the missing target', async () => {
  await withWorkload(async (host, pid) => {
    host.files.writeFile('/tmp/bad.yaml', 'kdamonds:\n  - contexts:\n      - intervals: {sample_us: soon}\n');
    const bad = await octavo(host, 'damon', 'apply', '/tmp/bad.yaml');
    assert.equal(bad.code, EXIT.badInput);
    assert.match(
      bad.err,
      /`soon` cannot be understood at kdamonds\[0\]\.contexts\[0\]\.intervals\.sample_us/,
    );
    host.files.writeFile('/tmp/odd.json', '[{"action":"stat","surprise":1}]');
    const alone = await octavo(host, 'damon', 'apply', '/tmp/odd.json');
    assert.equal(alone.code, EXIT.usage);
    assert.match(alone.err, /schemes\[0\]\.surprise is not known and ignored/);
    const dry = await octavo(host, 'damon', 'apply', '/tmp/odd.json', '--target', `${pid}`, '--dry-run');
    assert.match(dry.out, /write contexts\/0\/targets\/0\/pid_target = \d+/);
    assert.equal(nrKdamonds(host), '0');
  });
});

test('heatmap draws a digit for each block and leaves nothing behind', async () => {
  await withWorkload(async (host, pid, start) => {
    const drawn = await octavo(host, 'damon', 'heatmap', `${pid}`, '--for', '1s');
    assert.equal(drawn.code, 0, drawn.err);
    const address = (start * 4096).toString(16);
    // Where regions meet, a digit may be one off.
    assert.match(drawn.out, new RegExp(`0x${address} {2}9[01]{3}`));
    assert.equal(nrKdamonds(host), '0');
    const over = await octavo(host, 'damon', 'heatmap', `${pid}`, '--for', '2s', '--every', '1s');
    assert.match(over.out, new RegExp(`^0x${address} to .*2 MiB a digit`));
    assert.match(over.out, /\n +1\.\d s {2}9[01]{3}\n +[2-9]\.\d s {2}9[01]{3}\n$/);
    const json = await octavo(host, 'damon', 'heatmap', `${pid}`, '--for', '1s', '--json');
    const { samples, blocks } = JSON.parse(json.out);
    assert.ok(samples > 100 && blocks[start / 512] >= 0.9 * samples, json.out);
  });
});

test('a period that is none is wrong usage, not an endless loop', async () => {
  await withWorkload(async (host, pid) => {
    host.files.writeFile('/tmp/s.json', '[{"action":"stat"}]');
    for (const words of [
      ['apply', '/tmp/s.json', '--target', `${pid}`, '--every', '0s'],
      ['heatmap', `${pid}`, '--every', '0'],
      ['heatmap', `${pid}`, '--for', '1ms'],
    ]) {
      const refused = await octavo(host, 'damon', ...words);
      assert.equal(refused.code, EXIT.usage);
      assert.match(refused.err, /is too small; give a duration from 100ms/);
    }
  });
});

test('a signal ends apply with everything put back, after a last line of statistics', async () => {
  const stage = modelStage('7.3', () => undefined);
  const { host } = stage;
  const workload = await stage.startWorkload();
  await workload.touch(await workload.map(4, 'anon'), 1);
  host.files.writeFile('/tmp/stat.json', '[{"action":"stat"}]');
  let during = '';
  const words = ['damon', 'apply', '/tmp/stat.json', '--target', `${workload.pid}`, '--every', '1s'];
  const ended = await stage.octavo(words, {
    printed: /tried/,
    before: async () => {
      during = nrKdamonds(host);
    },
  });
  assert.deepEqual([during, ended.code, nrKdamonds(host)], ['1', 130, '0']);
  assert.equal(host.files.status(`${host.identity.stateDirectory}/damon-session.json`).ok, false);
});

test('the probe’s options bound it, and it tells its cost', async () => {
  await withWorkload(async (host, pid) => {
    const words = ['probe', `${pid}`, '--window', '500ms'];
    const put = await octavo(host, ...words, '--sample', '3');
    assert.equal(put.code, 0, put.err);
    assert.match(put.out, /the probe split 3 of 4 huge pages/);
    assert.match(put.out, /3 splits \(bound 3, --sample\), 3 collapses .*; 0 stay split/);
    const kept = await octavo(host, ...words, '--sample', '4', '--dense', '100%', '--keep-split');
    assert.match(kept.out, /split 4 of 4 huge pages .* of all are\b/);
    assert.match(kept.out, /4 splits .*; 3 stay split/);
    assert.equal(nrKdamonds(host), '0');
    const planned = await octavo(host, 'plan', `${pid}`, '--source', 'probe');
    assert.equal(planned.code, 2, 'plan does not act');
  }, 'always');
});

test('act reaches every action, acts on just the blocks named, and tells page sizes beside statistics', async () => {
  await withWorkload(async (host, pid, start) => {
    const at = (block: number) => `0x${((start + block * 512) * 4096).toString(16)}`;
    const act = (...words: string[]) => octavo(host, 'damon', 'act', `${pid}`, ...words);
    const collapsed = await act('--action', 'collapse', '--range', `${at(1)}-${at(3)}`);
    assert.equal(collapsed.code, 0, collapsed.err);
    assert.match(collapsed.out, /tried 2 of 2 blocks \(4 MiB\) and says that it applied to 2 \(4 MiB\)/);
    assert.match(collapsed.out, /huge pages among them: 0 before, 2 after/);
    const range = { start, end: start + 4 * 512 };
    assert.equal(drawBlocks(host, pid, range), '0 H×2 0');
    for (const action of ['stat', 'cold', 'pageout']) {
      const done = await act('--action', action, '--range', at(0), '--json');
      assert.equal(done.code, 0, done.err);
      assert.equal(JSON.parse(done.out).tried, 1, action);
    }
    const refused = await act('--action', 'nohugepage', '--range', at(3));
    assert.equal(refused.code, EXIT.usage);
    assert.match(refused.err, /needs --allow-sticky/);
    assert.equal((await act('--action', 'nohugepage', '--range', at(3), '--allow-sticky')).code, 0);
    assert.equal(drawAdvice(host, pid, range), 'plain×3 nh');
    assert.equal((await act('--action', 'hugepage', '--range', at(0), '--allow-sticky')).code, 0);
    assert.equal(drawAdvice(host, pid, range), 'hg plain×2 nh');
    const split = await act('--action', 'split', '--range', at(1));
    assert.equal(split.code, EXIT.notAble);
    assert.match(split.err, /the action split is not available here/);
    const beyond = await act('--action', 'stat', '--range', `${at(3)}-${at(5)}`);
    assert.equal(beyond.code, EXIT.notAllMet);
    assert.match(beyond.err, /1 block left out: not whole in one mapping/);
    const dry = await act('--action', 'cold', '--range', at(0), '--dry-run');
    assert.match(dry.out, /write contexts\/0\/schemes\/0\/action = cold\n.*write state = on\n$/s);
    assert.equal(nrKdamonds(host), '0');
  });
});

test('act splits to an order where the kernel can', async () => {
  const stage = modelStage('octavo', () => undefined);
  await withThp(stage.host, { enabled: 'always', ...QUIET }, async () => {
    const workload = await stage.startWorkload();
    const range = await workload.map(4, 'anon');
    await workload.touch(range, 1);
    const address = `0x${((range.start + 512) * 4096).toString(16)}`;
    const words = ['--action', 'split', '--order', '2', '--range', address];
    const split = await octavo(stage.host, 'damon', 'act', `${workload.pid}`, ...words);
    assert.equal(split.code, 0, split.err);
    assert.match(split.out, /huge pages among them: 1 before, 0 after/);
    assert.equal(drawBlocks(stage.host, workload.pid, range), 'H 2 H×2');
  });
});

test('an occupied DAMON refuses with its owner, exit code 8', async () => {
  await withWorkload(async (host, pid, start) => {
    const foreign = await ForeignKdamond.start(host, pid, { start, end: start + 4 * 512 });
    host.files.writeFile('/tmp/s.json', '[{"action":"stat"}]');
    const refused = await octavo(host, 'damon', 'apply', '/tmp/s.json', '--target', `${pid}`, '--for', '1s');
    assert.equal(refused.code, EXIT.refused);
    assert.match(refused.err, /DAMON_OCCUPIED: DAMON is used by another tool: kdamond 0 runs as \d+/);
    const blind = await octavo(host, 'damon', 'heatmap', `${pid + 1000}`, '--for', '1s');
    assert.equal(blind.code, EXIT.noTarget);
    const shared = await octavo(
      host,
      'damon',
      'apply',
      '/tmp/s.json',
      '--target',
      `${pid}`,
      '--for',
      '1s',
      '--share-damon',
    );
    assert.equal(shared.code, 0, shared.err);
    assert.equal(await foreign.compare(), 'as found');
  });
});
