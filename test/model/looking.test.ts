/**
 * Looking changes nothing, on the model: the same command lines as on a live kernel, beside memory of every kind, in swap
 * as well. Nobody else acts there, so that everything is compared: page tables, every field of smaps, every event.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { type ModelHost, modelHost } from '../../src/model/host/model-host.js';
import { access } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { createInode, exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { mprotect } from '../../src/model/kernel/address-space/vmas.js';
import { adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { setLocked } from '../../src/model/kernel/advice/mlock.js';
import { boot } from '../../src/model/kernel/boot.js';
import { installDamon } from '../../src/model/kernel/damon/on-model/model-damon.js';
import { drainAll } from '../../src/model/kernel/memory/lru.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import { VM } from '../../src/model/kernel/state/mm.js';
import { RELEASES } from '../../src/model/kernel/state/options.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { EXIT } from '../../src/vocabulary/errors.js';
import { GIB, MIB } from '../../src/vocabulary/units.js';
import { temporaryFolder } from '../support/kernels.js';
import { killedJournal } from '../support/killed-journal.js';
import { LOOKING_LINES, lookingCommands, mayEndWith, type Scene } from '../support/looking.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { terminalOn } from '../support/terminal.js';

const PAGES = 512;
/** The model has no network to serve on: these say so, and have looked at nothing. */
const NEEDS_NETWORK = new Set(['dashboard']);

describe('looking at memory of the model', () => {
  for (const architecture of ['x64', 'arm64'] as const) {
    it(`leaves no trace on ${architecture}, but accessed bits of huge pages that were read on arm64`, async () => {
      const made = new Scenery(architecture);
      const scene = await made.scene();
      for (const { words } of lookingCommands()) {
        for (const line of LOOKING_LINES[words](scene)) {
          const before = made.traces();
          const terminal = terminalOn(made.host);
          const code = await terminal.run([...words.split(' '), ...line]);
          assert.ok(
            [...mayEndWith(words), ...(NEEDS_NETWORK.has(words) ? [EXIT.notAble] : [])].includes(code),
            `${words} ${line.join(' ')} → ${code}\n${terminal.err()}`,
          );
          assert.deepEqual(made.traces(), before, `octavo ${words} ${line.join(' ')}`);
        }
      }
      assert.equal(made.swapped() > 0, true, 'nothing was swapped');
    });
  }
});

class Scenery {
  host: ModelHost;
  readonly #kernel: Kernel;
  readonly #process: Process;
  readonly #child: Process;
  readonly #first = new Map<string, number>();
  #names = 0;

  constructor(architecture: 'x64' | 'arm64') {
    this.#kernel = boot({
      ...{ memoryBytes: GIB, swapBytes: 256 * MIB, features: RELEASES['7.3'], architecture },
      thp: { enabled: 'madvise' },
    });
    installDamon(this.#kernel, { generation: '7.3' });
    this.host = modelHost(this.#kernel);
    this.#process = spawn(this.#kernel, { command: 'victim' });
    this.#map('forked', 3);
    this.#map('forked locked', 1);
    this.#lock('forked locked');
    const { child } = fork(this.#kernel, this.#process);
    assert.ok(child);
    this.#child = child;
    this.#map('huge', 3);
    this.#map('acted', 1);
    this.#map('small', 2, { huge: false });
    this.#map('locked', 1);
    this.#lock('locked');
    this.#map('protected', 1);
    assert.equal(mprotect(this.#kernel, this.#mm, ...this.#range('protected', 1), 0).error, undefined);
    this.#map('shmem', 2, { inode: true });
    this.#map('guarded', 2);
    this.#advise('guarded', 'MADV_GUARD_INSTALL', 8);
    this.#map('swapped', 1, { huge: false });
    this.#advise('swapped', 'MADV_PAGEOUT', PAGES);
    this.#map('untouched', 2, { touch: false });
    drainAll(this.#kernel);
  }

  /** Everything of both processes and of the machine, but Octavo's own memory and the time. */
  traces(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const { pid } of [this.#process, this.#child]) {
      const smaps = this.#text(`/proc/${pid}/smaps`);
      // The kernel sets the accessed bit of a huge mapping that is read on arm64 only (markTouched()).
      const isArm = this.#kernel.options.architecture === 'arm64';
      found[`${pid} smaps`] = isArm ? smaps.replace(/^Referenced:.*\n/gm, '') : smaps;
      for (const [name, page] of this.#first)
        found[`${pid} ${name}`] = this.#words(`/proc/${pid}/pagemap`, page);
    }
    found.vmstat = this.#text('/proc/vmstat').replace(/^(nr_dirtied|nr_written|pgpg\w+) .*\n/gm, '');
    found.flags = this.#words('/proc/kpageflags', 0, this.#kernel.frames.count);
    found.damon = this.#text('/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds');
    const { contents, directories } = this.host.memory;
    const state = [...contents].filter(([path]) => path.startsWith('/var/lib/octavo'));
    found.state = JSON.stringify([
      state.map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')]),
      [...directories].filter((path) => path.startsWith('/var')),
    ]);
    return found;
  }

  swapped(): number {
    return Number(/^Swap: +(\d+) kB/m.exec(this.#text(`/proc/${this.#process.pid}/smaps_rollup`))?.[1]);
  }

  /** Files and runs that the lines name, made by Octavo itself. */
  async scene(): Promise<Scene> {
    const { pid } = this.#process;
    const [plan, heat, perf] = ['/tmp/plan.json', '/tmp/heat.parquet', '/tmp/perf.data'];
    const laterHeat = '/tmp/later.parquet';
    const address = (name: string) => `0x${(this.#at(name) * 4096).toString(16)}`;
    await this.#run('plan', `${pid}`, '--split', address('acted'), '--out', plan);
    const { run: ended } = JSON.parse(await this.#run('apply', plan, '--json'));
    await this.#run('plan', `${pid}`, '--split', address('huge'), '--out', plan);
    for (const [offset, out] of [4, 0].map((first) => [first, first === 0 ? heat : laterHeat] as const)) {
      const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, name: 'loads' });
      for (let page = offset; page < PAGES; page += 8)
        builder.sample({ pid, time: BigInt(page), addr: BigInt(this.#at('huge') + page) * 4096n });
      this.host.files.writeFile(perf, builder.describeEvents().file());
      await this.#run('import', perf, '--out', out);
    }
    this.host.files.writeFile('/tmp/schemes.json', '[{"action":"stat"}]');
    this.host.files.writeFile('/tmp/script.octavo', 'time\n');
    this.host.files.writeFile('/tmp/agent.yaml', 'octavo: agent\nversion: 1\n');
    this.#endOctavo();
    return {
      ...{ pid, plan, heat, laterHeat, perf, ended, killed: this.#killedCopy(ended) },
      ...{ huge: address('huge'), small: address('small') },
      ...{ schemes: '/tmp/schemes.json', script: '/tmp/script.octavo', configuration: '/tmp/agent.yaml' },
      // Recordings are folders of the machine that the model runs on.
      fresh: (name) => (name === 'host' ? temporaryFolder(name) : `/tmp/${++this.#names}-${name}`),
    };
  }

  #killedCopy(run: string): string {
    const killed = run.replace(/....$/, 'dead');
    const { contents, directories } = this.host.memory;
    directories.add(`/var/lib/octavo/runs/${killed}`);
    const from = `/var/lib/octavo/runs/${run}/`;
    for (const [path, bytes] of [...contents].filter(([name]) => name.startsWith(from))) {
      const text = new TextDecoder().decode(bytes);
      const kept = path.endsWith('.jsonl') ? killedJournal(text) : text;
      const name = path.slice(from.length);
      contents.set(`/var/lib/octavo/runs/${killed}/${name}`, new TextEncoder().encode(kept));
    }
    return killed;
  }

  /** The Octavo that made the runs is gone; another one looks. */
  #endOctavo(): void {
    const own = this.#kernel.processes.get(this.host.identity.pid);
    assert.ok(own);
    exit(this.#kernel, own);
    this.host = modelHost(this.#kernel, { memory: this.host.memory });
  }

  async #run(...words: string[]): Promise<string> {
    const terminal = terminalOn(this.host);
    assert.equal(await terminal.run(words), 0, terminal.err() + terminal.out());
    drainAll(this.#kernel);
    return terminal.out();
  }

  #map(name: string, blocks: number, how: { huge?: boolean; inode?: boolean; touch?: boolean } = {}): void {
    const pages = blocks * PAGES;
    const inode = how.inode ? createInode(this.#kernel, '/memfd:m (deleted)', pages, 'kernel') : undefined;
    const flags = VM.read | VM.write | (inode ? VM.shared : 0);
    const base = mmap(this.#kernel, this.#mm, { pages, flags, inode });
    assert.ok(typeof base === 'number');
    this.#first.set(name, base);
    if (how.huge !== false) this.#advise(name, 'MADV_HUGEPAGE', pages);
    if (how.touch === false) return;
    for (let page = base; page < base + pages; page += how.huge === false ? 1 : 64)
      assert.ok(access(this.#kernel, this.#mm, page, true) >= 0);
  }

  #advise(name: string, advice: Parameters<typeof adviseRange>[4], pages: number): void {
    const [start] = this.#range(name, 1);
    assert.equal(adviseRange(this.#kernel, this.#mm, start, start + pages, advice).error, undefined, advice);
  }

  #lock(name: string): void {
    assert.equal(setLocked(this.#kernel, this.#mm, ...this.#range(name, 1), true).error, undefined);
  }

  #range(name: string, blocks: number): [number, number] {
    return [this.#at(name), this.#at(name) + blocks * PAGES];
  }

  #at(name: string): number {
    const page = this.#first.get(name);
    assert.ok(page !== undefined, name);
    return page;
  }

  get #mm() {
    const { mm } = this.#process;
    assert.ok(mm);
    return mm;
  }

  #text(path: string): string {
    const text = this.host.files.readText(path);
    return text.ok ? text.value : text.error.errno;
  }

  #words(path: string, first: number, count = 3 * PAGES): string {
    const opened = this.host.files.open(path);
    assert.ok(opened.ok);
    const into = new Uint8Array(count * 8);
    opened.value.read(into, first * 8);
    opened.value.close();
    return Buffer.from(into).toString('base64');
  }
}
