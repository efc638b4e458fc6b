import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../../test/support/perf-builder.js';
import { readRows } from '../../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F, FEATURE } from '../perf-abi/constants.js';
import { coresLeftOut, partWatched } from './part-watched.js';

const part = (line: string, cpus = 4) => partWatched({ commandLine: line.split(' '), cpus });

test('recordings of some CPUs or of one thread are told from those of all', () => {
  const base = 'perf record -e cpu/event=0xd0,umask=0x83/P -c 10007 -d';
  for (const all of [
    '-a',
    '-p 55',
    '-C 0-3',
    '-C 0,1,2-3',
    '-aC0-3',
    '--cpu=0-3',
    '-a -- sleep -t 5',
    '-o x ./prog -C 1',
  ])
    assert.equal(part(`${base} ${all}`), '', all);
  for (const some of ['-C 1', '-C1', '-aC 0-2', '--cpu 2', '--cpu=2', '-o x -C 1 ./prog'])
    assert.match(part(`${base} ${some}`), /only on CPUs .* \(-C\)/, some);
  for (const some of ['-t 77', '-t77', '--tid=77', '--tid 77', '-F 99 -t 77', '-gt 77'])
    assert.match(part(`${base} ${some}`), /only of thread 77/, some);
  assert.equal(partWatched({}), '');
  assert.equal(part('perf mem report -C 1'), '');
  assert.match(partWatched({ commandLine: ['perf', 'record', '-C', '0'] }), /CPUs 0/);
});

test('one kind of the cores of a hybrid CPU is not all of it', () => {
  const pmus = new Map([
    [4, 'cpu_core'],
    [10, 'cpu_atom'],
  ]);
  assert.equal(coresLeftOut(pmus, new Set(['cpu_core'])), 'accesses on cores of cpu_atom do not show');
  assert.equal(coresLeftOut(pmus, new Set(['cpu_core', 'cpu_atom'])), '');
  assert.equal(coresLeftOut(pmus, new Set(['arm_spe_0'])), '');
  assert.equal(coresLeftOut(new Map([[4, 'cpu']]), new Set(['cpu'])), '');
});

test('what only some CPUs did is samples of some accesses, alone and as loads with stores', async () => {
  const type = F.tid | F.addr | F.identifier;
  for (const configs of [[0x83d0], [0x81d0, 0x82d0]]) {
    const builder = new PerfBuilder();
    configs.forEach((config, at) => void builder.attr({ config, sampleType: type, ids: [at + 1] }));
    builder.describeMachine();
    const line = builder.bytes().u32(4);
    for (const word of ['perf', 'record', '-C', '1']) line.featureText(word);
    builder.feature(FEATURE.commandLine, line.done());
    configs.forEach((_, at) => void builder.sample({ pid: 5, addr: 4096n, id: at + 1 }));
    const { source } = await readRows(builder.file());
    assert.equal(source.sorter.natureOf(0), 'some-accesses');
    assert.equal(source.sorter.natureOf(configs.length - 1), 'some-accesses');
  }
});
