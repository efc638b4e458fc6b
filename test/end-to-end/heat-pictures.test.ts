/** Heat over time as pictures: on pages, in files and in the terminal, from a recording to what is seen. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { documentProblem } from '../../src/cli/documents.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-pictures-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);
const heat = at('two.parquet');
const BASE = 0x7f0000000000n;
const SECOND = 1_000_000_000n;

/** 60 samples on one page in the first second, 3 on another block in the third. */
before(async () => {
  const builder = new PerfBuilder();
  const sampleType = F.identifier | F.tid | F.time | F.addr;
  builder.attr({ sampleType, ids: [1], name: 'event', period: 1, config: 0x83d0 });
  builder.describeEvents().describeMachine();
  builder.comm(7, 7, 'a<b>').mmap2(7, BASE, 0x400000n, '/data');
  for (let i = 0n; i < 60n; i++) builder.sample({ id: 1, pid: 7, addr: BASE, time: SECOND + i });
  for (let i = 0n; i < 3n; i++)
    builder.sample({ id: 1, pid: 7, addr: BASE + 0x200000n + 4096n * i, time: 3n * SECOND + i });
  writeFileSync(at('two.data'), builder.file());
  const done = await octavo(['import', at('two.data'), '--slice', '1s', '--out', heat, '--page-size', '4K']);
  assert.equal(done.code, 0, done.stderr);
});

describe('in the terminal', () => {
  test('letters without colours: what was hot, not seen, and not known', async () => {
    const shown = await octavo(['heat', 'show', heat, '--shades', 'none']);
    assert.equal(shown.code, 0, shown.stderr);
    const lines = shown.stdout.split('\n');
    assert.match(lines[0], /^a<b> \(7\) +\/data +0x7f0000000000-0x7f0000400000/);
    assert.match(lines[1], /^ +\+0 s @\.+$/);
    assert.match(lines[2], /^ +\+1 s$/, 'nothing was recorded: not known');
    assert.match(lines[3], /^ +\+2 s \.+[:-][.:-]*$/);
    assert.equal(shown.stdout.includes('\u001b'), false);
  });

  test('windows of time, addresses and processes', async () => {
    const later = await octavo(['heat', 'show', heat, '--from', '1s', '--shades', 'none']);
    assert.match(later.stdout, /^a<b> \(7\) +\/data +0x7f0000200000-0x7f0000400000 .*\n +\+2 s /);
    const part = await octavo(['heat', 'show', heat, '--address', '0x7f0000000000-0x7f0000001000', '--json']);
    const document = JSON.parse(part.stdout);
    assert.equal(documentProblem(document), '');
    assert.deepEqual([document.columns.length, document.segments.length], [1, 1]);
    for (const none of [
      ['--from', '10s'],
      ['--to', '0s'],
      ['--pid', '8'],
      ['--address', '0x1000-0x2000'],
    ])
      assert.match(
        (await octavo(['heat', 'show', heat, ...none])).stdout,
        /There is no heat/,
        none.join(' '),
      );
    for (const wrong of ['0x2-0x1', 'here', '-'])
      assert.equal((await octavo(['heat', 'show', heat, '--address', wrong])).code, 2, wrong);
  });

  test('shades are escape codes of the kind asked for', async () => {
    const all = await octavo(['heat', 'show', heat, '--shades', 'all']);
    assert.match(all.stdout, /\[[34]8;2;\d+;\d+;\d+m/);
    const few = await octavo(['heat', 'show', heat, '--shades', '256']);
    assert.match(few.stdout, /\[[34]8;5;\d+m/);
    assert.equal(/;2;\d+;\d+;\d+m/.test(few.stdout), false);
  });

  test('the grid as numbers: rates, and null where nothing is known', async () => {
    const { stdout } = await octavo(['heat', 'show', heat, '--json']);
    const document = JSON.parse(stdout);
    assert.equal(documentProblem(document), '');
    assert.deepEqual(
      document.columns.map(({ seconds }: { seconds: number }) => seconds),
      [1, 1, 1],
    );
    const [first] = document.rows;
    assert.equal(first.address, '0x7f0000000000');
    assert.ok(first.rates[0] > 0 && first.rates[1] === null && first.rates[2] === 0, JSON.stringify(first));
    const pages = document.rowBytes / 4096;
    assert.ok(Math.abs(first.rates[0] * pages - 60) < 1e-3);
  });
});

describe('on a page and in files', () => {
  test('the page has the map and the histogram, and a name is no markup', async () => {
    const done = await octavo(['report', heat, '--html', at('heat.html')]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /63 samples/, 'the text is as it was');
    const page = readFileSync(at('heat.html'), 'utf8');
    assert.match(page, /id="figure-heat-map"/);
    assert.match(page, /id="figure-histogram"/);
    assert.equal(page.includes('a<b>'), false);
    assert.match(page, /a&#60;b&#62; \(7\)/);
  });

  test('--svg is the histogram as before, --figure another, a directory all of them', async () => {
    await octavo(['report', heat, '--svg', at('h.svg')]);
    assert.match(readFileSync(at('h.svg'), 'utf8'), /aria-labelledby="histogram-title/);
    const map = await octavo(['report', heat, '--figure', 'heat-map', '--png', '-']);
    assert.equal(map.code, 0, map.stderr);
    mkdirSync(at('all'));
    await octavo(['report', heat, '--png', at('all'), '--svg', at('all')]);
    assert.deepEqual(readdirSync(at('all')).sort(), [
      'heat-map.png',
      'heat-map.svg',
      'histogram.png',
      'histogram.svg',
    ]);
    assert.equal(readFileSync(at('all/heat-map.png')).subarray(1, 4).toString(), 'PNG');
  });

  test('what does not go together is told', async () => {
    for (const wrong of [
      ['--html', at('x'), '--format', 'csv'],
      ['--html', at('x'), '--by', 'tlb'],
      ['--heat', heat],
      ['--figure', 'plane', '--svg', at('x')],
    ])
      assert.equal((await octavo(['report', heat, ...wrong])).code, 2, wrong.join(' '));
    assert.equal((await octavo(['report', heat, '--html', '/nowhere/x.html'])).code === 0, false);
  });
});
