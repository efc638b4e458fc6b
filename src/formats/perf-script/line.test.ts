import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPerfScript, parseScriptLine } from './line.js';
import { natureOfName } from './natures.js';

const shown = (line: string) => {
  const sample = parseScriptLine(line);
  if (sample === undefined) return undefined;
  const { command, pid, tid, cpu, timeNs, period, event, address, physical } = sample;
  return [command, pid, tid, cpu, timeNs / 1e3, period, event, address?.toString(16), physical?.toString(16)];
};

test('lines as perf prints them, by default and with fields of choice', () => {
  const us = 7805058617;
  for (const [line, expected] of [
    ['               w 22878  7805.058617:          1 page-faults:      7f2ff269ab70 _start+0x0 (/usr/lib/ld-linux.so.2)', ['w', -1, 22878, -1, us, 1, 'page-faults', undefined, undefined]],
    ['22878/22884  7805.058617: page-faults:     7f2ff25cfb30', ['', 22878, 22884, -1, us, 1, 'page-faults', '7f2ff25cfb30', undefined]],
    ['22878/22884  7805.058617:     7f2ff25cfb30', ['', 22878, 22884, -1, us, 1, '', '7f2ff25cfb30', undefined]],
    ['22878/22884  7805.058617: page-faults:     7f2ff25cfb30        12345678', ['', 22878, 22884, -1, us, 1, 'page-faults', '7f2ff25cfb30', '12345678']],
    ['  my thing 1  22878/22884 [003]  7805.058617123:         10 cpu/mem-loads,ldlat=30/P:     7f2ff25cfb30        468100142 |OP LOAD|LVL L1 hit|SNP N/A|TLB L1 or L2 hit|LCK No|BLK  N/A               7         55d0 main+0x3 (/bin/a)         1fbcfb30', ['my thing 1', 22878, 22884, 3, us + 0.123, 10, 'cpu/mem-loads,ldlat=30/P', '7f2ff25cfb30', '1fbcfb30']],
    ['w 5 1.000001: page-faults: 7f0000001000 401000 main (/bin/a)', ['w', -1, 5, -1, 1000001, 1, 'page-faults', '7f0000001000', undefined]],
    ['5/5 1.000001: page-faults: 0', ['', 5, 5, -1, 1000001, 1, 'page-faults', undefined, undefined]],
  ] as const) // biome-ignore format: a table
    assert.deepEqual(shown(line), expected, line);
});

test('what is no sample is none', () => {
  for (const line of [
    '',
    '# captured on: today',
    '\t    7f2ff269ab70 _start+0x0 (/usr/lib/ld-linux.so.2)',
    '   w 22878  7805.058529: PERF_RECORD_MMAP2 22878/22878: [0x7ffcd94b7000(0x21000) @ 0 00:00 0 0]: rw-p [stack]',
    'hello world',
  ])
    assert.equal(parseScriptLine(line), undefined, line);
  assert.ok(isPerfScript('# header\n\n  w 5 1.000001: page-faults: 7f00\n'));
  assert.ok(!isPerfScript('[{"kdamonds": 1}]'));
});

test('a line cut at any byte is a sample of what is left of it, or none', () => {
  const line =
    '  w thing  22878/22884 [003]  7805.058617:         10 page-faults:     7f2ff25cfb30    1fbcfb30';
  for (let length = 0; length < line.length; length++) {
    const sample = parseScriptLine(line.slice(0, length));
    if (sample === undefined) continue;
    assert.ok(sample.tid === 22884 && sample.pid === 22878 && sample.cpu === 3, line.slice(0, length));
    assert.ok(
      sample.address === undefined ||
        '7f2ff25cfb30'.startsWith(sample.address.toString(16)) ||
        sample.event === '',
    );
  }
});

test('an event is taken for what its name says, and for nothing more', () => {
  const natures = ['page-faults:u', 'cpu/mem-loads,ldlat=30/P', 'cycles:ppp', 'mem_inst_retired.all_loads:Pu', 'memory', 'damon:damon_aggregated', ''].map(natureOfName); // biome-ignore format: a row
  assert.deepEqual(natures, ['first-touches', 'slow-accesses', 'nothing', 'loads', 'unknown', 'nothing', 'unknown']); // biome-ignore format: a row
});
