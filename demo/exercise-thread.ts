/**
 * A thread that reads or writes the used pages of a region until it is told to stop. Every access is checked, and the
 * time between the ends of two accesses is a gap: while a folio is split or collapsed, a thread that touches it waits.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isLiveWord, liveIndex, liveWord, mix32, pageKey, wordOf } from './content.js';
import { CpuWait } from './cpu-wait.js';
import { CONTROL, type ExerciseOrder, type ThreadReport } from './exercise-order.js';
import { GapHistogram } from './gap-histogram.js';
import { PageMemory } from './page-memory.js';

const BURST = 256;
const TOLD = 4;
/** Only gaps at least this long are looked into: the look itself takes some microseconds. */
const LONG_GAP_NS = 200_000;
/** Bursts between two readings of the time waited for a CPU. */
const BURSTS_PER_READING = 32;

class Exercise {
  readonly #order: ExerciseOrder;
  readonly #memory: PageMemory;
  readonly #histogram = new GapHistogram();
  readonly #cpuWait = new CpuWait();
  readonly #firstErrors: string[] = [];
  #random: number;
  #accesses = 0;
  #errors = 0;
  #worstGapNs = 0;
  #worstGapCpuWaitNs = 0;
  #worstStallNs = 0;
  #cpuWaitNs = 0;

  constructor(order: ExerciseOrder) {
    this.#order = order;
    this.#memory = new PageMemory(order.address, order.pages, order.pageBytes);
    this.#random = mix32(order.seed + order.index * 2 + (order.role === 'writer' ? 1 : 0)) || 1;
  }

  run(): ThreadReport {
    const { control, role, restUs } = this.#order;
    Atomics.wait(control, CONTROL.go, 0);
    this.#cpuWaitNs = this.#cpuWait.totalNs();
    for (let burst = 1; Atomics.load(control, CONTROL.stop) === 0; burst++) {
      if (role === 'reader') this.#burst(() => this.#read());
      else this.#burst(() => this.#write());
      if (restUs > 0) Atomics.wait(control, CONTROL.rest, 0, restUs / 1000);
      if (burst % BURSTS_PER_READING === 0) this.#cpuWaitNs = this.#cpuWait.totalNs();
    }
    return this.#report();
  }

  #burst(access: () => void): void {
    let last = performance.now();
    for (let turn = 0; turn < BURST; turn++) {
      access();
      const now = performance.now();
      const gap = (now - last) * 1e6;
      this.#histogram.record(gap);
      last = gap < LONG_GAP_NS ? now : this.#longGap(gap);
    }
    this.#accesses += BURST;
  }

  /** Takes a long gap apart; returns the time from which the next one counts. */
  #longGap(gap: number): number {
    const total = this.#cpuWait.totalNs();
    const waited = Math.min(gap, total - this.#cpuWaitNs);
    this.#cpuWaitNs = total;
    if (gap > this.#worstGapNs) {
      this.#worstGapNs = gap;
      this.#worstGapCpuWaitNs = waited;
    }
    this.#worstStallNs = Math.max(this.#worstStallNs, gap - waited);
    return performance.now();
  }

  #read(): void {
    const { used, counts, seed } = this.#order;
    const page = used[this.#draw(used.length)];
    const key = pageKey(seed, page);
    const words = this.#memory.view(page);
    const at = this.#memory.at(page);
    const live = liveIndex(page, this.#memory.wordsPerPage);
    // The count is published after the word, so the word may be ahead of it and never behind.
    const published = Atomics.load(counts, page);
    const word = Atomics.load(words, at + live);
    if (!isLiveWord(word, key, published)) this.#fault(page, live, word);
    const index = this.#draw(this.#memory.wordsPerPage);
    const other = Atomics.load(words, at + index);
    if (index !== live && other !== wordOf(key, index)) this.#fault(page, index, other);
  }

  #write(): void {
    const { used, counts, seed, index, writers } = this.#order;
    const page = used[index + writers * this.#draw(Math.floor((used.length - 1 - index) / writers) + 1)];
    const key = pageKey(seed, page);
    const words = this.#memory.view(page);
    const at = this.#memory.at(page) + liveIndex(page, this.#memory.wordsPerPage);
    const count = counts[page];
    // This thread is the only writer, so the last word has to be there exactly.
    const word = Atomics.load(words, at);
    if (word !== liveWord(key, count)) this.#fault(page, at - this.#memory.at(page), word);
    Atomics.store(words, at, liveWord(key, count + 1));
    Atomics.store(counts, page, count + 1);
  }

  #fault(page: number, index: number, found: number): void {
    this.#errors++;
    if (this.#firstErrors.length >= TOLD) return;
    this.#firstErrors.push(
      `${this.#order.role}: page ${page} word ${index} holds 0x${(found >>> 0).toString(16)}`,
    );
  }

  /** Marsaglia's xorshift32, scaled to [0, below). */
  #draw(below: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) % below;
  }

  #report(): ThreadReport {
    const longest = this.#histogram.quantile(1);
    return {
      accesses: this.#accesses,
      errors: this.#errors,
      firstErrors: this.#firstErrors,
      worstGapNs: this.#worstGapNs || longest,
      worstGapCpuWaitNs: this.#worstGapCpuWaitNs,
      worstStallNs: Math.max(this.#worstStallNs, Math.min(longest, LONG_GAP_NS)),
      cpuWaitKnown: this.#cpuWait.known,
      bins: this.#histogram.bins,
    };
  }
}

if (parentPort) {
  const exercise = new Exercise(workerData as ExerciseOrder);
  parentPort.postMessage('ready');
  parentPort.postMessage(exercise.run());
}
