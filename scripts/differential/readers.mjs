// Opens heat files with readers of others and compares what they see:
// node scripts/differential/readers.mjs [HEAT…]
// DuckDB, Polars (a frame that pandas takes over without a copy) and arrow-rs. They are installed in a folder of their own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from '../prepare.mjs';

const PACKAGES = ['@duckdb/node-api', 'nodejs-polars', 'parquet-wasm', 'apache-arrow'];
const cache = join(tmpdir(), 'octavo-readers');

prepare();
mkdirSync(cache, { recursive: true });
const platform = `nodejs-polars-${process.platform}-${process.arch}-gnu`;
const installed = spawnSync('npm', ['install', '--silent', '--prefix', cache, ...PACKAGES, platform], {
  stdio: 'inherit',
});
if (installed.status !== 0) throw new Error('the readers cannot be installed');
const need = createRequire(join(cache, 'package.json'));

const SUMS = ['samples', 'accesses', 'tlb_misses', 'time_ms', 'sub_page'];
const DISTINCT = ['address', 'block_address', 'command', 'mapping', 'pid'];

const files = process.argv.slice(2);
if (files.length === 0) files.push(await drawnFile());
let differences = 0;
for (const file of files) {
  const own = await ownView(file);
  const views = {
    octavo: own,
    duckdb: await duckdbView(file),
    polars: polarsView(file),
    'arrow-rs': arrowView(file),
  };
  console.log(file);
  for (const [reader, view] of Object.entries(views)) {
    const isSame = JSON.stringify(view) === JSON.stringify(own);
    if (!isSame) differences++;
    console.log(`  ${reader.padEnd(8)} ${JSON.stringify(view)}${isSame ? '' : '  DIFFERS'}`);
  }
}
if (differences > 0) process.exit(1);
console.log(`${files.length} files, no difference`);

/** A recording with several processes, mappings, slices of time and TLB misses, imported by the command line. */
async function drawnFile() {
  const { PerfBuilder } = await import(join(root, 'dist/test/support/perf-builder.js'));
  const builder = new PerfBuilder().attr({ sampleType: 0b1100 | 2 | (1 << 14) | (1 << 15), period: 1009 });
  const heap = 0x7f00_0000_0000n;
  for (const pid of [7, 8])
    builder.comm(pid, pid, `db „${pid}“`).mmap2(pid, heap, 1n << 26n, pid === 7 ? '//anon' : '/data/a,b "c"');
  for (let number = 0; number < 3000; number++) {
    const address = heap + BigInt((number * 7919) % 5000) * 4096n;
    const source = number % 3 === 0 ? 0x10100142n : 0x68100142n;
    builder.sample({
      pid: 7 + (number % 2),
      time: BigInt(number) * 3_000_000n,
      addr: address,
      weight: 30n,
      dataSource: source,
    });
  }
  const recording = join(cache, 'drawn.data');
  writeFileSync(recording, builder.file());
  const heat = join(cache, 'drawn.parquet');
  const words = [join(root, 'dist/src/main.js'), 'import', recording, '--page-size', '4K', '--out', heat];
  if (spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    throw new Error('octavo import failed');
  return heat;
}

/** Rows, sums of the numbers, and distinct addresses, commands and mappings. */
function viewOf(rows, sums, distinct) {
  return { rows: Number(rows), sums: sums.map(Number), distinct: distinct.map(Number) };
}

async function ownView(path) {
  const { HeatFile } = await import(join(root, 'dist/src/formats/heat-file/read.js'));
  const file = HeatFile.open(readFileSync(path));
  const sums = SUMS.map(() => 0);
  const seen = DISTINCT.map(() => new Set());
  let rows = 0;
  const blockBytes = BigInt(file.facts.block_bytes);
  for await (const group of file.groups()) {
    for (let row = 0; row < group.count; row++) {
      const address = group.address[row];
      const subPage = Number((address % blockBytes) / BigInt(file.facts.page_bytes));
      const values = [
        group.samples[row],
        group.accesses[row],
        group.tlbMisses[row],
        group.timeMs[row],
        subPage,
      ];
      values.forEach((value, at) => {
        sums[at] += value;
      });
      const words = [address, address / blockBytes, group.command[row], group.mapping[row], group.pid[row]];
      words.forEach((word, at) => void seen[at].add(word));
      rows++;
    }
  }
  return viewOf(
    rows,
    sums,
    seen.map(({ size }) => size),
  );
}

async function duckdbView(path) {
  const { DuckDBInstance } = need('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create()).connect();
  const columns = [
    ...SUMS.map((name) => `sum(${name})::DOUBLE`),
    ...DISTINCT.map((name) => `count(DISTINCT ${name})::INT`),
  ];
  const answer = await connection.runAndReadAll(`SELECT count(*)::INT, ${columns.join(', ')} FROM '${path}'`);
  const [rows, ...values] = answer.getRows()[0];
  return viewOf(rows, values.slice(0, SUMS.length), values.slice(SUMS.length));
}

function polarsView(path) {
  const frame = need('nodejs-polars').readParquet(path);
  const sums = SUMS.map((name) => frame.getColumn(name).cast(need('nodejs-polars').Float64).sum());
  return viewOf(
    frame.height,
    sums,
    DISTINCT.map((name) => frame.getColumn(name).nUnique()),
  );
}

function arrowView(path) {
  const { readParquet } = need('parquet-wasm/node');
  const table = need('apache-arrow').tableFromIPC(
    readParquet(new Uint8Array(readFileSync(path))).intoIPCStream(),
  );
  const valuesOf = (name) => Array.from(table.getChild(name));
  const sums = SUMS.map((name) => valuesOf(name).reduce((sum, value) => sum + Number(value), 0));
  return viewOf(
    table.numRows,
    sums,
    DISTINCT.map((name) => new Set(valuesOf(name)).size),
  );
}
