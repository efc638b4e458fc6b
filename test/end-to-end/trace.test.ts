/** From the text of a tracer to a simulation of it, by the command line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHost } from '../../src/model/host/model-host.js';
import { boot } from '../../src/model/kernel/boot.js';
import { MIB } from '../../src/vocabulary/units.js';
import { terminalOn } from '../support/terminal.js';

const LINES = Array.from(
  { length: 3000 },
  (_, i) => ` ${i % 3 === 0 ? 'S' : 'L'} ${(0x40000000 + 4096 * (i % 700)).toString(16)},8`,
);

function machine(text = `==1== lackey\n${LINES.join('\n')}\n`) {
  const host = modelHost(boot({ memoryBytes: 64 * MIB, seed: 1 }));
  host.files.writeFile('/tmp/lackey.txt', text);
  return { host, terminal: terminalOn(host) };
}

const scenario = (file: string, memory = '64MiB') => `octavo: scenario
version: 1
about: a trace
duration: 20ms
host: { cpu: zen3, memory: ${memory}, thp: { enabled: never } }
processes:
  - { name: traced, workload: trace, with: { file: ${file} } }
`;

test('a text is imported, and its file and the text itself are played alike', async () => {
  const { host, terminal } = machine();
  assert.equal(await terminal.run(['import', '/tmp/lackey.txt', '--trace', '--out', '/tmp/t.parquet']), 0);
  assert.match(terminal.out(), /3000 accesses of lackey in 3001 lines/);
  assert.match(terminal.out(), /1 line of something else/);
  assert.match(terminal.out(), /written to \/tmp\/t\.parquet/);
  const outcomes: unknown[] = [];
  for (const file of ['/tmp/t.parquet', '/tmp/lackey.txt']) {
    host.files.writeFile('/tmp/s.yaml', scenario(file));
    const before = terminal.out().length;
    assert.equal(await terminal.run(['simulate', '/tmp/s.yaml', '--json']), 0, terminal.err());
    const { processes } = JSON.parse(terminal.out().slice(before));
    assert.equal(processes[0].rss, 700 * 4096);
    outcomes.push(processes);
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test('as JSON, without a file, and with the file on standard output', async () => {
  const { terminal } = machine();
  assert.equal(await terminal.run(['import', '/tmp/lackey.txt', '--trace', '--json']), 0);
  const { format, accesses, rows, timed, sampled, trace } = JSON.parse(terminal.out());
  assert.deepEqual(
    [format, accesses, rows, timed, sampled, trace],
    ['lackey', 3000, 3000, false, false, undefined],
  );
  const shown = machine();
  assert.equal(await shown.terminal.run(['import', '/tmp/lackey.txt', '--trace']), 0);
  assert.match(shown.terminal.out(), /3000 rows; --out FILE writes them/);
});

test('what cannot be is refused with a code: options of heat, two files, a bad line, a host too small', async () => {
  for (const [words, code, says] of [
    [['/tmp/lackey.txt', '--by', 'source'], 2, /--trace keeps every access, so that --by cannot be/],
    [['/tmp/lackey.txt', '--pid', '5'], 2, /so that --pid cannot be/],
    [['/tmp/lackey.txt', '/tmp/lackey.txt'], 2, /--trace reads one recording at a time/],
    [['/tmp/none.txt'], 3, /none\.txt/],
  ] as const) {
    const { terminal } = machine();
    assert.equal(await terminal.run(['import', ...words, '--trace']), code, words.join(' '));
    assert.match(terminal.err(), says);
  }
  const broken = machine(' L 1000,8\n L 2000\n');
  assert.equal(await broken.terminal.run(['import', '/tmp/lackey.txt', '--trace']), 3);
  assert.match(broken.terminal.err(), /FILE_MALFORMED.*line 2/s);
  const wide = Array.from({ length: 20_000 }, (_, i) => ` L ${(0x40000000 + 4096 * i).toString(16)},8`).join(
    '\n',
  );
  const { host, terminal } = machine(wide);
  host.files.writeFile('/tmp/s.yaml', scenario('/tmp/lackey.txt'));
  assert.equal(await terminal.run(['simulate', '/tmp/s.yaml']), 3);
  assert.match(terminal.err(), /TRACE_TOO_LARGE.*touches 79 MiB of memory, and the host has 64 MiB/s);
});
