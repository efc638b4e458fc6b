/** The model's tree against the trees recorded on real kernels: every path, mode and default; every errno. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import { SysfsDirectory } from '../../src/model/kernel/damon/sysfs/sysfs-tree.js';
import { findCorpus } from '../support/corpus.js';
import { DamonBench } from './damon-bench.js';

const RELEASES: readonly [release: string, generation: GenerationName, pid: number][] = [
  ['7.3.4', '7.3', 144],
  ['6.12.95', '6.12', 180],
];
const ROOT = '/sys/kernel/mm/damon/admin/kdamonds/';

const corpus = findCorpus('data/kernel');
const skip = corpus === undefined ? 'no recordings of kernels beside the checkout' : false;

function recorded(release: string, file: string): string[] {
  return readFileSync(join(corpus ?? '', release, file), 'utf8').split('\n');
}

/** `MODE PATH` or `MODE PATH = CONTENT` of everything below kdamonds, as the recordings are written. */
function dump(bench: DamonBench, directory = bench.system.tree, path = ROOT): string[] {
  const lines = [`0755 ${path}`];
  for (const name of directory.names()) {
    const entry = directory.entry(name);
    if (entry instanceof SysfsDirectory) lines.push(...dump(bench, entry, `${path}${name}/`));
    else if (entry !== undefined) {
      const content = bench.read(`${path}${name}`.slice(ROOT.length));
      const shown = `${content.replaceAll('\n', '\\n')}\\n`;
      lines.push(`0${entry.row.mode.toString(8)} ${path}${name} = ${shown}`);
    }
  }
  return lines;
}

for (const [release, generation, pid] of RELEASES) {
  test(`the staged tree of ${release}, path by path, mode by mode, default by default`, { skip }, () => {
    const bench = new DamonBench(generation);
    const context = bench.prepare(pid);
    bench.set(`${context}/targets/0/regions`, { nr_regions: 1, '0/start': 4096, '0/end': 8192000 });
    bench.write(`${context}/schemes/nr_schemes`, '1');
    const scheme = `${context}/schemes/0`;
    for (const layer of ['filters', 'core_filters', 'ops_filters', 'dests']) {
      const count = layer === 'dests' ? 'nr_dests' : 'nr_filters';
      if (bench.find(`${scheme}/${layer}`) !== undefined) bench.write(`${scheme}/${layer}/${count}`, '1');
    }
    bench.write(`${scheme}/quotas/goals/nr_goals`, '1');
    const probes = `${context}/monitoring_attrs/probes`;
    if (bench.find(probes) !== undefined) bench.set(probes, { nr_probes: 1, '0/filters/nr_filters': 1 });
    const expected = recorded(release, 'damon-sysfs.txt').filter((line) => line.includes(ROOT));
    assert.deepEqual(dump(bench).sort(), expected.sort());
  });

  test(`the tree of ${release} before any write`, { skip }, () => {
    const expected = recorded(release, 'damon-sysfs-initial.txt').filter((line) => line.includes(ROOT));
    assert.deepEqual(dump(new DamonBench(generation)).sort(), expected.sort());
  });

  test(`the running tree of ${release} has the same files, also below tried_regions`, { skip }, () => {
    const bench = new DamonBench(generation);
    bench.memory.addProcess(pid, [[1024, 2048], [9000, 9500], [900000, 900100]]); // biome-ignore format: a drawing
    const context = bench.prepare(pid);
    bench.addScheme(context, 'stat');
    assert.equal(bench.write('0/state', 'on'), undefined);
    bench.advance(2000);
    bench.write('0/state', 'update_schemes_stats');
    bench.write('0/state', 'update_schemes_tried_regions');
    const shape = (lines: readonly string[]) =>
      new Set(
        lines
          .filter((line) => line.includes(ROOT))
          .map((line) => line.replace(/ = .*/, '').replace(/tried_regions\/\d+/, 'tried_regions/N')),
      );
    assert.deepEqual(
      [...shape(dump(bench))].sort(),
      [...shape(recorded(release, 'damon-sysfs-running.txt'))].sort(),
    );
  });

  test(`every write of the errno recording of ${release} is answered the same`, { skip }, () => {
    const bench = new DamonBench(generation);
    bench.memory.addProcess(pid, [[1024, 2048], [9000, 9500], [900000, 900100]]); // biome-ignore format: a drawing
    const context = bench.prepare(pid);
    bench.addScheme(context, 'stat');
    for (const layer of ['filters', 'core_filters', 'ops_filters']) {
      if (bench.find(`${context}/schemes/0/${layer}`) !== undefined) {
        bench.write(`${context}/schemes/0/${layer}/nr_filters`, '1');
      }
    }
    bench.write(`${context}/schemes/0/quotas/goals/nr_goals`, '1');
    const answers: string[] = [];
    const lines = recorded(release, 'damon-errno.txt').filter((line) => line.startsWith('write '));
    for (const line of lines) {
      const [, text, path] = /^write '(.*)' -> (\S+) rc/.exec(line) ?? [];
      answers.push(`write '${text}' -> ${path} ${shellAnswer(bench.write(path, `${text}\n`))}`);
      if (bench.read('0/state') === 'on') bench.advance(50);
    }
    assert.deepEqual(answers, lines);
  });
}

const MESSAGES: Record<string, string> = {
  EINVAL: 'Invalid argument',
  ERANGE: 'Numerical result out of range',
  EBUSY: 'Device or resource busy',
  ENOMEM: 'Cannot allocate memory',
  ECANCELED: 'Operation canceled',
  EPERM: 'Operation not permitted',
};

/** As the recording's shell shows it. */
function shellAnswer(errno: string | undefined): string {
  return errno === undefined ? 'rc=0 ' : `rc=1 ${MESSAGES[errno] ?? errno}`;
}
