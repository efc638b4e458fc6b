/** What the workload does for each verb. A refusal is thrown as WorkloadRefusal and answered as such. */
import { closeSync } from 'node:fs';
import type { PageGeometry } from '../src/vocabulary/units.js';
import { checksum } from './checksum.js';
import { Exercise } from './exercise.js';
import { MappingLoop } from './mapping-loop.js';
import {
  advise,
  armUserfaults,
  disableThp,
  lockMemory,
  PIPE_PAGES,
  PROT,
  protectMemory,
  reapChild,
  type Scratch,
  scratchMemory,
  splicePages,
  unlockMemory,
  unmapMemory,
} from './own-calls.js';
import { pagesOfPattern } from './patterns.js';
import type { Dialogue, Stretch, Verb } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';
import { ACCESS, Region, type Span } from './region.js';
import { forkSleeper } from './sleeper.js';

type Handlers = {
  [Name in Verb]: (
    ask: Dialogue[Name]['ask'],
  ) => Dialogue[Name]['answer'] | Promise<Dialogue[Name]['answer']>;
};

const NOTHING = Object.freeze({});
const PROTECTION = { none: PROT.none, read: PROT.read, write: PROT.write } as const;
const SCRATCH_BYTES = 65_536;

export class Verbs implements Handlers {
  readonly #geometry: PageGeometry;
  readonly #regions = new Map<string, Region>();
  readonly #exercises = new Map<string, Exercise>();
  readonly #pipes = new Map<string, (readonly [number, number])[]>();
  readonly #children = new Set<number>();
  #scratch: Scratch | undefined;
  #mapping: MappingLoop | undefined;

  constructor(geometry: PageGeometry) {
    this.#geometry = geometry;
  }

  map(ask: Dialogue['map']['ask']): Dialogue['map']['answer'] {
    if (typeof ask.name !== 'string') throw new WorkloadRefusal('EINVAL', 'map without a name');
    if (this.#regions.has(ask.name)) throw new WorkloadRefusal('EEXIST', `map ${ask.name}`);
    const region = new Region(ask, this.#geometry);
    this.#regions.set(ask.name, region);
    const { pageBytes, blockBytes } = this.#geometry;
    return {
      name: region.name,
      address: `0x${region.address.toString(16)}`,
      firstPage: region.address / pageBytes,
      pages: region.pages,
      bytes: region.bytes,
      pageBytes,
      blockBytes,
    };
  }

  fill(ask: Dialogue['fill']['ask']) {
    const region = this.#idle(ask.name);
    const { pagesPerBlock } = this.#geometry;
    const pages = pagesOfPattern(ask.pattern, region.pages, pagesPerBlock, ask.seed ?? 1);
    requirePages(region, pages);
    for (const page of pages) region.fillPage(page);
    return { pages: pages.length };
  }

  zero(ask: Stretch) {
    const { region, span } = this.#spanOf(ask);
    region.require(span, ACCESS.write);
    for (let page = span.from; page < span.to; page++) region.zeroPage(page);
    return { pages: span.to - span.from };
  }

  checksum(ask: { readonly name: string }) {
    return checksum(this.#idle(ask.name));
  }

  async start(ask: Dialogue['start']['ask']) {
    const region = this.#idle(ask.name);
    const exercise = new Exercise(region, ask);
    this.#exercises.set(ask.name, exercise);
    await exercise.begin();
    return { threads: exercise.threads, pages: exercise.pages };
  }

  stop(ask: { readonly name: string }) {
    const exercise = this.#exercises.get(ask.name);
    if (!exercise) throw new WorkloadRefusal('ENOENT', `stop ${ask.name}`);
    this.#exercises.delete(ask.name);
    return exercise.end();
  }

  startMapping(ask: Dialogue['startMapping']['ask']) {
    if (this.#mapping) throw new WorkloadRefusal('EBUSY', 'startMapping');
    this.#mapping = new MappingLoop(this.#geometry.pageBytes, ask.restUs ?? 0);
    return NOTHING;
  }

  stopMapping() {
    const loop = this.#mapping;
    if (!loop) throw new WorkloadRefusal('ENOENT', 'stopMapping');
    this.#mapping = undefined;
    return loop.end();
  }

  /** Advices are for memory in use as well, save those that drop content. */
  advise(ask: Dialogue['advise']['ask']) {
    const drops = ask.advice === 'MADV_DONTNEED' || ask.advice === 'MADV_FREE';
    const region = drops ? this.#idle(ask.name) : this.#region(ask.name);
    const span = region.span(ask);
    advise(span.at, span.bytes, ask.advice);
    region.noteAdvice(span, ask.advice);
    return NOTHING;
  }

  mlock(ask: Stretch) {
    const span = this.#region(ask.name).span(ask);
    lockMemory(span.at, span.bytes);
    return NOTHING;
  }

  munlock(ask: Stretch) {
    const span = this.#region(ask.name).span(ask);
    unlockMemory(span.at, span.bytes);
    return NOTHING;
  }

  pin(ask: Stretch) {
    const region = this.#region(ask.name);
    const span = region.span({ pages: 1, ...ask });
    if (span.to - span.from > PIPE_PAGES)
      throw new WorkloadRefusal('EINVAL', `pin more than ${PIPE_PAGES} pages`);
    this.#scratch ??= scratchMemory(SCRATCH_BYTES);
    const [readEnd, writeEnd, pinnedBytes] = splicePages(span.at, span.bytes, this.#scratch);
    const pipes = this.#pipes.get(ask.name) ?? [];
    this.#pipes.set(ask.name, [...pipes, [readEnd, writeEnd]]);
    return { pinnedBytes };
  }

  unpin(ask: { readonly name: string }) {
    for (const ends of this.#pipes.get(ask.name) ?? []) for (const end of ends) closeSync(end);
    this.#pipes.delete(ask.name);
    return NOTHING;
  }

  fork() {
    const pid = forkSleeper();
    this.#children.add(pid);
    return { pid };
  }

  reap(ask: { readonly pid: number }) {
    if (!this.#children.delete(ask.pid)) throw new WorkloadRefusal('ECHILD', `reap ${ask.pid}`);
    process.kill(ask.pid, 'SIGKILL');
    reapChild(ask.pid);
    return NOTHING;
  }

  touch(ask: Dialogue['touch']['ask']) {
    const { region, span } = this.#spanOf(ask);
    region.require(span, ask.write ? ACCESS.write : ACCESS.read);
    const step = ask.every ?? 1;
    if (!Number.isInteger(step) || step < 1) throw new WorkloadRefusal('EINVAL', `touch every ${step}`);
    let pages = 0;
    for (let page = span.from; page < span.to; page += step, pages++) {
      const at = region.memory.at(page);
      const word = Atomics.load(region.memory.view(page), at);
      if (ask.write) Atomics.store(region.memory.view(page), at, word);
    }
    return { pages };
  }

  protect(ask: Dialogue['protect']['ask']) {
    const { region, span } = this.#spanOf(ask);
    const protection = PROTECTION[ask.access];
    if (protection === undefined) throw new WorkloadRefusal('EINVAL', `protect ${ask.access}`);
    protectMemory(span.at, span.bytes, protection);
    region.access.fill(ACCESS[ask.access], span.from, span.to);
    return NOTHING;
  }

  unmap(ask: Stretch) {
    const { region, span } = this.#spanOf(ask);
    if (span.to - span.from === region.pages) {
      this.#regions.delete(region.name);
      region.release();
    } else {
      region.access.fill(ACCESS.none, span.from, span.to);
      unmapMemory(span.at, span.bytes);
    }
    return NOTHING;
  }

  userfault(ask: Stretch) {
    const { region, span } = this.#spanOf(ask);
    this.#scratch ??= scratchMemory(SCRATCH_BYTES);
    armUserfaults(span.at, span.bytes, this.#scratch);
    // From here on a page that is not there stops the process.
    region.access.fill(ACCESS.none, span.from, span.to);
    return NOTHING;
  }

  thp(ask: Dialogue['thp']['ask']) {
    disableThp(ask.disable);
    return NOTHING;
  }

  async exit() {
    await this.#mapping?.end();
    await Promise.all([...this.#exercises.values()].map((exercise) => exercise.end()));
    for (const pid of [...this.#children]) this.reap({ pid });
    return NOTHING;
  }

  #region(name: string): Region {
    const region = this.#regions.get(name);
    if (!region) throw new WorkloadRefusal('ENOENT', `region ${name}`);
    return region;
  }

  /** A region that no threads are using. */
  #idle(name: string): Region {
    if (this.#exercises.has(name)) throw new WorkloadRefusal('EBUSY', `region ${name} is in use`);
    return this.#region(name);
  }

  #spanOf(ask: Stretch): { region: Region; span: Span } {
    const region = this.#idle(ask.name);
    return { region, span: region.span(ask) };
  }
}

function requirePages(region: Region, pages: Uint32Array): void {
  for (const page of pages) {
    if (region.access[page] < ACCESS.write)
      throw new WorkloadRefusal('EACCES', `page ${page} of ${region.name}`);
  }
}
