/**
 * A thread that maps two pages, touches one and unmaps them, over and over: what every allocator does, and what waits
 * while another task holds the mmap_lock of the process. Turns that take long are stalls; time in which the thread
 * was ready to run and no CPU was free is taken out, since no lock causes it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { CpuWait } from './cpu-wait.js';
import { MAPPING_CONTROL, type MappingOrder, type MappingReport } from './mapping-order.js';
import { MAP, mapMemory, PROT, unmapMemory, viewMemory } from './own-calls.js';

/** Turns shorter than this never waited: a fault and two calls take some microseconds. */
const STALL_NS = 100_000;
const SECOND_MS = 1000;

interface Stall {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly stalledMs: number;
}

function run({ pageBytes, restUs, control }: MappingOrder): MappingReport {
  const cpuWait = new CpuWait();
  const stalls: Stall[] = [];
  const began = performance.now();
  let turns = 0;
  let waitedNs = cpuWait.totalNs();
  while (Atomics.load(control, MAPPING_CONTROL.stop) === 0) {
    const beganMs = performance.now();
    turn(pageBytes);
    const endedMs = performance.now();
    const total = cpuWait.totalNs();
    const tookNs = (endedMs - beganMs) * 1e6;
    if (tookNs > STALL_NS)
      stalls.push({ beganMs, endedMs, stalledMs: Math.max(0, tookNs - (total - waitedNs)) / 1e6 });
    waitedNs = total;
    turns++;
    if (restUs > 0) Atomics.wait(control, MAPPING_CONTROL.rest, 0, restUs / 1000);
  }
  const durationMs = performance.now() - began;
  const sum = stalls.reduce((total, { stalledMs }) => total + stalledMs, 0);
  return {
    turns,
    durationMs,
    worstStallUs: 1000 * stalls.reduce((most, { stalledMs }) => Math.max(most, stalledMs), 0),
    worstSecond: worstSecond(stalls),
    share: sum / durationMs,
    cpuWaitKnown: cpuWait.known,
  };
}

/** The view is made for each turn: memory that is unmapped must not be touched again. */
function turn(pageBytes: number): void {
  const at = mapMemory(0, 2 * pageBytes, PROT.write, MAP.private | MAP.anonymous);
  new Uint8Array(viewMemory(at, pageBytes))[0] = 1;
  unmapMemory(at, 2 * pageBytes);
}

/** A second is worst when it begins with a stall or ends with one. */
function worstSecond(stalls: readonly Stall[]): number {
  let worst = 0;
  let first = 0;
  let sum = 0;
  for (const stall of stalls) {
    sum += stall.stalledMs;
    while (stalls[first].endedMs <= stall.endedMs - SECOND_MS) sum -= stalls[first++].stalledMs;
    worst = Math.max(worst, sum);
  }
  return worst / SECOND_MS;
}

if (parentPort) parentPort.postMessage(run(workerData as MappingOrder));
