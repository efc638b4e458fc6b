/** record as a user runs it: for other machines by their recorded hosts, and for real with what this machine has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { ROOT } from '../support/corpus.js';
import { MIB, quietWorkload } from './live-target.js';
import { MAIN, OctavoRunner } from './octavo.js';

const PMUS = '/sys/bus/event_source/devices';
/** The process of the recorded host. */
const RECORDED_PID = '25370';

/** A recorded host that has these PMU files as well. */
function hostWith(
  octavo: OctavoRunner,
  name: string,
  files: Readonly<Record<string, readonly string[]>>,
): string {
  const folder = octavo.path(name);
  cpSync(join(ROOT, 'test/fixtures/demo/before'), folder, { recursive: true });
  const path = join(folder, 'octavo-host.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const status = { kind: 'file', mode: 0o444, bytes: 4096, modifiedMs: 0 };
  manifest.files[PMUS] = { list: Object.keys(files) };
  for (const [pmu, entries] of Object.entries(files))
    for (const entry of entries) manifest.files[`${PMUS}/${pmu}/${entry}`] = { status };
  for (const event of ['mem-loads', 'mem-loads-aux', 'mem-stores'])
    for (const pmu of ['cpu', 'cpu_core', 'cpu_atom'])
      manifest.files[`${PMUS}/${pmu}/events/${event}`] ??= { status: 'ENOENT' };
  manifest.files[`${PMUS}/ibs_op/format/swfilt`] ??= { status: 'ENOENT' };
  writeFileSync(path, JSON.stringify(manifest));
  return folder;
}

function dryRun(folder: string, ...words: readonly string[]) {
  const asked = ['--host', folder, 'record', RECORDED_PID, '--for', '5s', '--dry-run', ...words];
  const ended = spawnSync(process.execPath, [MAIN, ...asked], { encoding: 'utf8' });
  assert.equal(ended.status, 0, ended.stderr);
  return ended.stdout;
}

test('--dry-run on the recorded host of another machine prints the command for its CPU', (context) => {
  const octavo = new OctavoRunner();
  context.after(() => octavo.remove());
  const altra = hostWith(octavo, 'altra', { arm_spe_0: ['format/ts_enable'] });
  assert.match(
    dryRun(altra, '--physical'),
    /^perf record .*-e arm_spe_0\/ts_enable=1,pa_enable=1,\S+\/ -c 4096 -d -m ,16M -p 25370 -- sleep 5\n$/,
  );
  const epyc = hostWith(octavo, 'epyc', { ibs_op: ['format/cnt_ctl'], cpu: [] });
  assert.match(dryRun(epyc, '--period', '250007'), /-e ibs_op\/cnt_ctl=1\/ -c 250007 -d -W --raw-samples -p/);
  const xeon = hostWith(octavo, 'xeon', {
    cpu: ['events/mem-loads', 'events/mem-loads-aux', 'events/mem-stores'],
  });
  assert.match(
    dryRun(xeon),
    /-e cpu\/event=0xd0,umask=0x81,name=\S+all_loads\/P -e cpu\/event=0xd0,umask=0x82,name=\S+\/P -c 10007/,
  );
  const document = JSON.parse(dryRun(xeon, '--json'));
  assert.deepEqual([document.method, document.period, document.command[0]], ['pebs', 10007, 'perf']);
});

function skipWithoutPerf(): false | string {
  const live = skipUnlessLive();
  if (live !== false) return live;
  return spawnSync('perf', ['--version']).status === 0 ? false : 'perf is not installed';
}

interface RecordDocument {
  readonly samples: number;
  readonly withAddress: number;
  readonly pages4k: number;
  readonly byThread: Readonly<Record<string, number>>;
  readonly method: string;
  readonly resolved: { readonly targets: readonly number[] };
  readonly slices: readonly {
    readonly period: number;
    readonly samples: number;
    readonly lost: number;
    readonly share: number;
  }[];
}

interface ReportDocument {
  readonly processes: readonly { readonly pid: number; readonly samples: number }[];
  readonly mappings: readonly { readonly mapping: string; readonly pages: number }[];
  readonly histogram: { readonly blocks: number };
}

/**
 * Lets go of the region and touches it again ten times a second, one after the other however busy the machine is.
 * Returns what stops it and waits for the last touch.
 */
function touchAgainAndAgain(workload: WorkloadClient): () => Promise<void> {
  let stopped = false;
  const touching = (async () => {
    while (!stopped) {
      await workload.ask('advise', { name: 'touched', advice: 'MADV_DONTNEED' });
      await workload.ask('touch', { name: 'touched', write: true });
      await sleep(100);
    }
  })();
  return async () => {
    stopped = true;
    await touching;
  };
}

describe('record --event faults of a live process', { skip: skipWithoutPerf() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let stopTouching: () => Promise<void>;

  before(async () => {
    workload = await quietWorkload();
    await workload.ask('map', { name: 'touched', bytes: 8 * MIB, huge: 'never' });
    stopTouching = touchAgainAndAgain(workload);
  });

  after(async () => {
    await stopTouching?.();
    await workload?.end();
    octavo.remove();
  });

  it('decodes while it records, keeps the rate in check, and leaves a heat file', async () => {
    const heat = octavo.path('heat.parquet');
    const words = [
      'record',
      String(workload.pid),
      '--event',
      'faults',
      '--for',
      '5s',
      '--physical',
      '--out',
      heat,
    ];
    const recorded = await octavo.json<RecordDocument>(words);
    assert.equal(recorded.method, 'faults');
    assert.ok(recorded.withAddress >= 2048 && recorded.withAddress <= recorded.samples);
    assert.ok(recorded.pages4k >= 2048, `${recorded.pages4k} pages`);
    assert.ok(Object.keys(recorded.byThread).every((thread) => thread.startsWith(`${workload.pid}/`)));
    assert.deepEqual(recorded.resolved.targets, [workload.pid]);
    assert.ok(recorded.slices.length >= 3);
    assert.equal(
      recorded.slices.reduce((sum, slice) => sum + slice.samples, 0),
      recorded.samples,
    );
    const report = await octavo.json<ReportDocument>(['report', heat]);
    assert.equal(report.processes[0].pid, workload.pid);
    assert.ok(report.mappings.some(({ pages }) => pages >= 2048));
    assert.ok(report.histogram.blocks >= 4);
  });

  it('a slice that took too much is followed by a longer period', async () => {
    const words = ['record', String(workload.pid), '--event', 'faults', '--for', '3s', '--overhead', '0.01%'];
    const { slices } = await octavo.json<RecordDocument>(words);
    assert.ok(slices[0].share > 0.0001);
    assert.ok(slices[1].period > slices[0].period, JSON.stringify(slices));
  });

  it('without a PMU the default event is refused with what can be done instead', async (context) => {
    const ended = await octavo.run(['record', String(workload.pid), '--for', '1s', '--dry-run']);
    if (ended.code === 0) {
      context.skip('this machine has a PMU that samples addresses');
      return;
    }
    assert.equal(ended.code, 6);
    assert.match(ended.stderr, /ABILITY_MISSING.*--event faults/s);
  });
});
