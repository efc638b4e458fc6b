/** The stage of the model kernel: its host, and a workload that makes its accesses by the model's clock. */
import { blockContext, NO_PACING } from '../../src/actuators/damos/block-context.js';
import { DamonSlot } from '../../src/damon/slot.js';
import { type ModelHost, modelHost } from '../../src/model/host/model-host.js';
import { access, emptyLeaf, translate } from '../../src/model/kernel/access/access.js';
import { createInode, exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { boot } from '../../src/model/kernel/boot.js';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import { installDamon } from '../../src/model/kernel/damon/on-model/model-damon.js';
import { drainAll } from '../../src/model/kernel/memory/lru.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import { VM } from '../../src/model/kernel/state/mm.js';
import { type Architecture, type KernelFeatures, RELEASES } from '../../src/model/kernel/state/options.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import {
  type Bytes,
  GEOMETRY_4K,
  GIB,
  type PageGeometry,
  type PageNumber,
  type PageRange,
  pageGeometry,
} from '../../src/vocabulary/units.js';
import { runInProcess } from './command-run.js';
import { traitsOf } from './differences.js';
import type { Backing, Stage, Workload } from './stage.js';

/** Shorter than any DAMON sample, so that what is read all the time is seen at every one. */
const READ_EVERY_NS = 4e6;
/** Far from the model's program, heap and stack, and far from each other, so that mappings never merge. */
const SHARED = VM.read | VM.write | VM.shared;
const FIRST_AREA: Bytes = 2 ** 45;
const AREA: Bytes = 2 ** 37;

/** arm64 with pages of 16 KiB: a page table fills one, so that huge pages are of 32 MiB. */
const GEOMETRY_16K = pageGeometry(16384, 2 ** 25);

/** Columns of the table of differences, without `model `, that the model imitates. */
const MODELS = {
  '7.3': { features: RELEASES['7.3'], generation: '7.3', geometry: GEOMETRY_4K },
  '7.2': { features: RELEASES['7.2'], generation: '7.2', geometry: GEOMETRY_4K },
  '6.12': { features: RELEASES['6.12'], generation: '6.12', geometry: GEOMETRY_4K },
  octavo: { features: RELEASES['7.3'], generation: '7.3-octavo', geometry: GEOMETRY_4K },
  '7.3-16k': { features: RELEASES['7.3'], generation: '7.3', geometry: GEOMETRY_16K },
} as const satisfies Record<
  string,
  { features: KernelFeatures; generation: GenerationName; geometry: PageGeometry }
>;

export type ModelRelease = keyof typeof MODELS;

export interface ModelStageOptions {
  /** With DAMON_STAT on where the makers of the release turn it on; else DAMON is free, as in the lab. */
  readonly asBooted?: boolean;
  readonly architecture?: Architecture;
}

export function modelStage(
  release: ModelRelease,
  note: (text: string) => void,
  { asBooted = false, architecture = 'x64' }: ModelStageOptions = {},
): Stage {
  const { features, generation, geometry } = MODELS[release];
  const kernel = boot({
    memoryBytes: architecture === 'arm64' ? 6 * GIB : 2 * GIB,
    features,
    seed: 7,
    architecture,
    geometry,
  });
  const damonStat = asBooted && traitsOf(`model ${release}`).damonStatAtBoot;
  installDamon(kernel, { generation, damonStat });
  const host = modelHost(kernel);
  return {
    host,
    kernel: `model ${release}`,
    note,
    startWorkload: async () => new ModelWorkload(kernel),
    octavo: (words, until) => runInProcess(host, words, until),
    killOctavoHoldingDamon: (...order) => killHolder(kernel, host, ...order),
  };
}

/** Another Octavo of the model, which shares the ordinary files and vanishes without a word. */
async function killHolder(
  kernel: Kernel,
  host: ModelHost,
  pid: number,
  blocks: readonly number[],
  share: boolean,
) {
  const other = modelHost(kernel, { memory: host.memory });
  const slot = await DamonSlot.open(other, { share });
  if (!slot.ok) throw new Error(slot.error.owner);
  const order = { pid, action: 'stat', targetOrder: undefined, blocks, snapshotLimit: false };
  const staged = await slot.value.stage(blockContext(order, [], NO_PACING, host.identity.geometry));
  const started = await slot.value.start();
  if (!staged.ok || !started.ok) throw new Error('the slot could not be started');
  exit(kernel, kernel.processes.get(other.identity.pid) as Process);
}

class ModelWorkload implements Workload {
  static #areas = 0;
  readonly #kernel: Kernel;
  readonly #process: Process;
  readonly #event: string;
  #spans: readonly { readonly range: PageRange; readonly every: number }[] = [];
  #running = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#process = spawn(kernel, { command: 'workload' });
    this.#event = `workload-${this.#process.pid}`;
    kernel.clock.handle(this.#event, () => this.#readOnce());
  }

  get pid(): number {
    return this.#process.pid;
  }

  async map(blocks: number, backing: Backing): Promise<PageRange> {
    const { pagesPerBlock, pageBytes } = this.#kernel.geometry;
    const pages = blocks * pagesPerBlock;
    const at = (FIRST_AREA + ModelWorkload.#areas++ * AREA) / pageBytes;
    const inode =
      backing === 'anon'
        ? undefined
        : backing === 'shmem'
          ? createInode(this.#kernel, `/mnt/huge/${at}`, pages, 'always')
          : createInode(this.#kernel, '/memfd:guest (deleted)', pages, 'kernel');
    const start = mmap(this.#kernel, this.#mm, { pages, at, ...(inode ? { inode, flags: SHARED } : {}) });
    if (typeof start === 'string') throw new Error(`mmap: ${start}`);
    return { start, end: start + pages };
  }

  async touch(range: PageRange, every: number): Promise<void> {
    for (let page = range.start; page < range.end; page += every) this.#access(page, true);
    // What a program faults in besides fills its CPU's batch soon; monitors see no page that still waits in it.
    drainAll(this.#kernel);
  }

  async checksum(range: PageRange): Promise<string> {
    let hash = 0x811c9dc5;
    const leaf = emptyLeaf();
    for (let page = range.start; page < range.end; page++) {
      this.#access(page, false);
      if (!translate(this.#kernel, this.#mm, page, leaf)) throw new Error(`page ${page} is not there`);
      hash = Math.imul(hash ^ this.#kernel.folios.content[leaf.frame], 0x01000193) >>> 0;
    }
    return hash.toString(16);
  }

  async keepReading(spans: readonly { readonly range: PageRange; readonly every: number }[]): Promise<void> {
    this.#spans = spans;
    if (!this.#running) this.#kernel.clock.after(READ_EVERY_NS, this.#event);
    this.#running = true;
  }

  async rest(): Promise<void> {
    this.#spans = [];
  }

  async end(): Promise<void> {
    this.#spans = [];
    exit(this.#kernel, this.#process);
  }

  get #mm() {
    const { mm } = this.#process;
    if (!mm) throw new Error('the workload has ended');
    return mm;
  }

  #readOnce(): void {
    this.#running = this.#spans.length > 0;
    if (!this.#running) return;
    for (const { range, every } of this.#spans) {
      for (let page = range.start; page < range.end; page += every) this.#access(page, false);
    }
    this.#kernel.clock.after(READ_EVERY_NS, this.#event);
  }

  #access(page: PageNumber, write: boolean): void {
    const cost = access(this.#kernel, this.#mm, page, write);
    if (cost < 0) throw new Error(`page ${page} cannot be had: ${cost}`);
  }
}
