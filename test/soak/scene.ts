/**
 * What the agent is soaked against: programs of its own that touch their memory all the time and change it, one that is
 * started anew again and again, one on the deny list, one that is nobody's target, and small ones that are only watched.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MapAnswer } from '../../demo/protocol.js';
import { firstBlock, hugeBlocks, hugeRegion, MIB, quietWorkload } from '../end-to-end/live-target.js';
import { smapsKb } from '../live/page-truth.js';
import type { WorkloadClient } from '../live/workload-client.js';

const SLAB_BLOCKS = 8;
const MOST_SLABS = 4;
/** Pages with data in each block of a slab; the others are zero-filled. */
const USED_PAGES = 24;
/** Threads rest so long after every 256 accesses: they share the machine. */
const REST_US = 40_000;

interface Slab {
  readonly name: string;
  readonly region: MapAnswer;
}

/** A program with slabs of memory, in huge pages that are mostly empty, all of them in use. */
export class Program {
  readonly workload: WorkloadClient;
  readonly #slabs: Slab[] = [];
  #made = 0;
  /** Reads that found something else than was written. */
  errors = 0;

  private constructor(workload: WorkloadClient) {
    this.workload = workload;
  }

  static async start(path: string, slabs: number): Promise<Program> {
    const program = new Program(await quietWorkload(path));
    for (let count = 0; count < slabs; count++) await program.grow();
    return program;
  }

  get pid(): number {
    return this.workload.pid;
  }

  /** A new slab, and the oldest goes when there are many. */
  async grow(): Promise<void> {
    const name = `slab${this.#made++}`;
    const region = await hugeRegion(this.workload, name, SLAB_BLOCKS * 2 * MIB);
    await this.workload.ask('fill', { name, pattern: { perBlock: [USED_PAGES] }, seed: this.#made });
    await this.workload.ask('start', { name, readers: 1, writers: 0, restUs: REST_US });
    this.#slabs.push({ name, region });
    if (this.#slabs.length <= MOST_SLABS) return;
    const [oldest] = this.#slabs.splice(0, 1);
    await this.#rest(oldest);
    await this.workload.ask('unmap', { name: oldest.name });
  }

  /** Ends a slab's exercise, and checks every byte of it. Returns the p99 of its accesses, microseconds. */
  async #rest({ name }: Slab): Promise<number> {
    const { errors, p99GapUs } = await this.workload.ask('stop', { name });
    const { wrongPages } = await this.workload.ask('checksum', { name });
    this.errors += errors + wrongPages;
    return p99GapUs;
  }

  /** The p99 of accesses since the last time, microseconds; every byte is checked as well. */
  async p99(): Promise<number> {
    const slab = this.#slabs.at(-1);
    assert.ok(slab);
    const found = await this.#rest(slab);
    await this.workload.ask('start', { name: slab.name, readers: 1, writers: 0, restUs: REST_US });
    return found;
  }

  /** Its blocks, `PID BLOCK` each, and whether they are huge. */
  states(): readonly { readonly key: string; readonly huge: boolean }[] {
    return this.#slabs.flatMap(({ region }) =>
      hugeBlocks(this.pid, region).map((huge, at) => ({
        key: `${this.pid} ${firstBlock(region) + at}`,
        huge,
      })),
    );
  }

  /** Whether all of its blocks are huge, as they were made. */
  isAsMade(): boolean {
    return this.states().every(({ huge }) => huge);
  }

  /** Bytes that its slabs take less than when they were made. */
  returned(): number {
    return this.#slabs.reduce(
      (sum, { region }) => sum + region.bytes - 1024 * smapsKb(this.pid, region, 'Rss'),
      0,
    );
  }

  async checkAll(): Promise<void> {
    for (const slab of this.#slabs.splice(0)) await this.#rest(slab);
  }
}

export class Scene {
  readonly directory = mkdtempSync(join(tmpdir(), 'octavo-soak-'));
  readonly #quiet: ChildProcess[] = [];
  readonly #programs: Program[] = [];
  /** Names of commands, which are nobody else's. */
  readonly names = {
    bloat: `sk${process.pid}bloat`,
    churn: `sk${process.pid}churn`,
    denied: `sk${process.pid}deny`,
    stranger: `sk${process.pid}other`,
  };

  constructor() {
    chmodSync(this.directory, 0o755);
    for (const name of Object.values(this.names)) symlinkSync(process.execPath, this.path(name));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async start(name: keyof Scene['names'], slabs = 1): Promise<Program> {
    const program = await Program.start(this.path(this.names[name]), slabs);
    this.#programs.push(program);
    return program;
  }

  async end(program: Program): Promise<void> {
    this.#programs.splice(this.#programs.indexOf(program), 1);
    await program.workload.kill();
  }

  /** A process that does nothing, by a name that it gives itself. */
  quiet(index: number): string {
    const name = `sk${process.pid}q${index}`;
    this.#quiet.push(
      spawn('sh', ['-c', `printf %s ${name} > /proc/$$/comm; read word`], {
        stdio: ['pipe', 'ignore', 'ignore'],
      }),
    );
    return name;
  }

  async close(): Promise<void> {
    for (const one of this.#quiet) one.kill('SIGKILL');
    for (const { workload } of this.#programs) await workload.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Settings of the kernel that an agent must leave as they were. */
export function kernelSettings(): string {
  const paths = [
    '/sys/kernel/mm/transparent_hugepage/enabled',
    '/sys/kernel/mm/transparent_hugepage/defrag',
    '/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none',
    '/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds',
  ];
  return paths.map((path) => `${path}: ${readIfThere(path)}`).join('\n');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return 'absent';
  }
}
