/**
 * What the PMU model recorded must come back from its perf.data bytes: through Octavo's own decoder, and through
 * perf where it is installed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../../src/base/seeded-random.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { CPUS } from '../../src/model/cpus/catalogue.js';
import type { Cpu } from '../../src/model/cpus/cpu.js';
import { FlatSpace } from '../../src/model/hardware/flat-space.js';
import { DEFAULT_PMU, Pmu } from '../../src/model/hardware/pmu.js';
import { emptySample } from '../../src/model/hardware/pmu-samples.js';
import { BATCH, Tlb, windowsFor } from '../../src/model/hardware/tlb.js';
import { perfData } from '../../src/simulator/recordings/perf-data.js';
import { Uniform } from '../../src/simulator/workloads/uniform.js';
import { PerfFileSource } from '../../src/sources/perf-file.js';
import { GEOMETRY_4K, MIB } from '../../src/vocabulary/units.js';

/** The perf to compare with; `PERF` in the environment names another one, with what it needs before its parameters. */
const PERF = (process.env.PERF ?? 'perf').split(' ');
const FIRST_PAGE = 0x7f0000000;
const PAGES = (256 * MIB) / 4096;
const PID = 1234;

/** Uniform accesses to 256 MiB on two CPUs, half of it huge pages, sampled every 512 operations. */
function record(cpu: Cpu): { pmu: Pmu; bytes: Uint8Array } {
  const windows = windowsFor(cpu, GEOMETRY_4K);
  const window = windows.open(new Shifted(PAGES, 'base', GEOMETRY_4K), FIRST_PAGE, PAGES);
  const settings = { ...DEFAULT_PMU, kind: cpu.pmu.kind, period: 512 };
  const pmu = new Pmu(settings, cpu.clockGhz.value, 7);
  const tlbs = [new Tlb(cpu, windows), new Tlb(cpu, windows)];
  const loads = new Uniform(PAGES, 256, new SeededRandom(3));
  const batch = new Uint32Array(BATCH);
  for (let slice = 0; slice < 60; slice++) {
    loads.next(batch, BATCH);
    const core = slice % 2;
    tlbs[core].access(window, batch, BATCH);
    const timing = { start: slice * 1e6, nsPerAccess: 100, cpu: core, pid: PID, tid: PID + core };
    pmu.observe(tlbs[core], window, batch, BATCH, timing);
  }
  const bytes = perfData(
    {
      samples: pmu.samples,
      period: settings.period,
      physical: true,
      collisions: pmu.counters.collisions,
      cpus: 2,
      cpuTitle: cpu.title,
      pageBytes: 4096,
      blockBytes: 2 * MIB,
      threads: [
        { pid: PID, tid: PID, command: 'workload' },
        { pid: PID, tid: PID + 1, command: 'workload' },
      ],
      areas: [{ pid: PID, address: FIRST_PAGE * 4096, bytes: PAGES * 4096, name: '//anon' }],
    },
    cpu,
  );
  return { pmu, bytes };
}

/** A flat space whose pages begin at FIRST_PAGE. */
class Shifted extends FlatSpace {
  override walkAll(_first: number, accesses: Uint32Array, positions: Uint16Array, count: number): number {
    return super.walkAll(0, accesses, positions, count);
  }
  override walk(page: number, store: boolean): number {
    return super.walk(page - FIRST_PAGE, store);
  }
  override firstStore(page: number): number {
    return super.firstStore(page - FIRST_PAGE);
  }
  override frame(page: number): number {
    return 0x100000 + (page - FIRST_PAGE) * 2;
  }
}

interface Access {
  readonly address: string;
  readonly physical: string;
  readonly pid: number;
  readonly tid: number;
}

const asText = (access: Access) => `${access.address} ${access.physical} ${access.pid}/${access.tid}`;

function recorded(pmu: Pmu): string[] {
  const sample = emptySample();
  const found: string[] = [];
  for (let row = 0; row < pmu.samples.count; row++) {
    const { address, physical, pid, tid } = pmu.samples.read(row, sample);
    if (address !== 0)
      found.push(asText({ address: address.toString(16), physical: physical.toString(16), pid, tid }));
  }
  return found.sort();
}

async function decoded(path: string): Promise<string[]> {
  const source = new PerfFileSource({ path, geometry: GEOMETRY_4K });
  const hex = (low: number, high: number) => (high * 2 ** 32 + low).toString(16);
  const found: string[] = [];
  const context = { host: linuxHost(), progress: () => undefined, signal: new AbortController().signal };
  for await (const rows of source.batches(context)) {
    for (let row = 0; row < rows.count; row++) {
      const address = hex(rows.addressLow[row], rows.addressHigh[row]);
      const physical = hex(rows.physicalLow[row], rows.physicalHigh[row]);
      if (address !== '0') found.push(asText({ address, physical, pid: rows.pid[row], tid: rows.tid[row] }));
    }
  }
  assert.equal(source.session.damage.bytes, 0);
  return found.sort();
}

for (const name of ['neoverse-n1', 'kunpeng-920', 'zen3', 'zen4', 'ice-lake', 'sapphire-rapids'] as const) {
  test(`${name}: the samples come back from the perf.data bytes`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'octavo-pmu-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'perf.data');
    const { pmu, bytes } = record(CPUS[name]);
    writeFileSync(path, bytes);
    const expected = recorded(pmu);
    assert.ok(expected.length > 100, `${expected.length} samples with an address`);
    assert.deepEqual(await decoded(path), expected);
    await t.test('and perf reads the same', (inner) => comparePerf(inner, path, CPUS[name], expected));
  });
}

function comparePerf(t: { skip(reason: string): void }, path: string, cpu: Cpu, expected: string[]): void {
  if (spawnSync(PERF[0], [...PERF.slice(1), '--version']).error !== undefined) {
    t.skip(`${PERF[0]} is not installed`);
    return;
  }
  const isSpe = cpu.pmu.kind === 'spe';
  const fields = isSpe ? 'pid,tid,addr' : 'pid,tid,addr,phys_addr';
  const parameters = ['script', '-i', path, '-F', fields, ...(isSpe ? ['--itrace=M'] : [])];
  const perf = spawnSync(PERF[0], [...PERF.slice(1), ...parameters], { encoding: 'utf8' });
  assert.equal(perf.status, 0, perf.stderr);
  const lines = perf.stdout.split('\n').filter((line) => line.trim() !== '');
  const found = lines.map((line) => line.trim().split(/\s+/)).filter((words) => words[1] !== '0');
  const wanted = isSpe ? expected.map((text) => text.replace(/ [0-9a-f]+ /, ' ')) : expected;
  const got = found.map((words) =>
    isSpe ? `${words[1]} ${words[0]}` : `${words[1]} ${words[2]} ${words[0]}`,
  );
  assert.deepEqual(got.sort(), wanted.sort());
}
