/** Which event of this machine samples memory accesses by address, and how perf record is asked for it. */
import type { Host } from '../host/host.js';

export type SamplingMethod = 'spe' | 'ibs' | 'pebs' | 'faults';

export interface SamplingEvent {
  readonly method: SamplingMethod;
  /** What perf record is given behind -e; several are separate events. */
  readonly events: readonly string[];
  /** Options beside events and period. */
  readonly options: readonly string[];
  /** Accesses (SPE: operations) from one sample to the next, before rate control. */
  readonly period: number;
  readonly notes: readonly string[];
}

const PMUS = '/sys/bus/event_source/devices';
/** Small powers of two beat with loops; these are primes near 10^4, 10^5. */
const PEBS_PERIOD = 10_007;
const IBS_PERIOD = 100_003;
/** Neoverse N1 at 3 GHz: some 700 000 operations a second and core at most. */
const SPE_PERIOD = 4096;

export interface SamplingWish {
  /** Faults only when asked for: they tell who touched a page first, not what is hot. */
  readonly method?: SamplingMethod;
  readonly physical: boolean;
}

/** The event for this CPU; a string says why there is none. */
export function samplingEvent(host: Host, wish: SamplingWish): SamplingEvent | string {
  const listed = host.files.list(PMUS);
  const pmus = listed.ok ? listed.value : [];
  if (wish.method === 'faults') return faults(wish);
  const spe = pmus.filter((name) => /^arm_spe_\d+$/.test(name)).sort();
  if (spe.length > 0 && wants(wish, 'spe')) return armSpe(spe, wish);
  if (pmus.includes('ibs_op') && wants(wish, 'ibs')) return amdIbs(wish);
  const core = ['cpu_core', 'cpu'].find((pmu) => host.files.status(`${PMUS}/${pmu}/events/mem-loads`).ok);
  if (core !== undefined && wants(wish, 'pebs')) return intelPebs(host, core, wish);
  if (wish.method !== undefined) return `this machine offers no ${NAMES[wish.method]} (${PMUS})`;
  return `no PMU of this machine samples data addresses (${PMUS}: neither arm_spe, ibs_op nor mem-loads; virtual machines mostly have none)`;
}

const NAMES: Readonly<Record<SamplingMethod, string>> = {
  spe: 'Arm SPE',
  ibs: 'AMD IBS',
  pebs: 'Intel PEBS load latency',
  faults: 'page faults',
};

function wants(wish: SamplingWish, method: SamplingMethod): boolean {
  return wish.method === undefined || wish.method === method;
}

/** branch_filter stays off: it would collect branches, which have no data address. min_latency 0 keeps fast accesses. */
function armSpe(pmus: readonly string[], wish: SamplingWish): SamplingEvent {
  const settings = `ts_enable=1,pa_enable=${wish.physical ? 1 : 0},load_filter=1,store_filter=1,jitter=1,min_latency=0`;
  return {
    method: 'spe',
    events: pmus.map((pmu) => `${pmu}/${settings}/`),
    options: ['-m', ',16M'],
    period: SPE_PERIOD,
    notes: ['SPE samples loads and stores of the host only; a guest of KVM does not show in it.'],
  };
}

function amdIbs(wish: SamplingWish): SamplingEvent {
  return {
    method: 'ibs',
    events: ['ibs_op/cnt_ctl=1/'],
    options: ['-d', '-W', '--raw-samples', ...(wish.physical ? ['--phys-data'] : [])],
    period: IBS_PERIOD,
    notes: [
      'About half of the IBS samples are of instructions without a memory access; they are counted, not used.',
    ],
  };
}

/** Since Alder Lake and Sapphire Rapids mem-loads wants its auxiliary event as the leader of a group. */
function intelPebs(host: Host, pmu: string, wish: SamplingWish): SamplingEvent {
  const needsLeader = host.files.status(`${PMUS}/${pmu}/events/mem-loads-aux`).ok;
  const loads = needsLeader
    ? `{${pmu}/mem-loads-aux/,${pmu}/mem-loads,ldlat=3/}:P`
    : `${pmu}/mem-loads,ldlat=3/P`;
  return {
    method: 'pebs',
    events: [loads, `${pmu}/mem-stores/P`],
    options: ['-d', '-W', ...(wish.physical ? ['--phys-data', '--data-page-size'] : [])],
    period: PEBS_PERIOD,
    notes: [
      'Load latency samples loads of three cycles and more, and all stores; the two have periods of their own.',
    ],
  };
}

function faults(wish: SamplingWish): SamplingEvent {
  return {
    method: 'faults',
    events: ['page-faults'],
    options: ['-d', ...(wish.physical ? ['--phys-data'] : [])],
    period: 1,
    notes: ['Page faults tell which pages were touched first, not which are hot.'],
  };
}

/** The words of perf record that write `seconds` of samples of processes to standard output. */
export function recordCommand(
  event: SamplingEvent,
  pids: readonly number[],
  period: number,
  seconds: number,
): string[] {
  return [
    'perf',
    'record',
    '-q',
    '-o',
    '-',
    '-N',
    '-B',
    ...event.events.flatMap((name) => ['-e', name]),
    '-c',
    String(period),
    ...event.options,
    '-p',
    pids.join(','),
    '--',
    'sleep',
    String(seconds),
  ];
}

/** What forbids recording here, empty when nothing does (kernel/events/core.c perf_event_open()). */
export function recordingObstacle(host: Host): string {
  if (host.identity.isPrivileged) return '';
  const paranoid = paranoidLevel(host);
  return paranoid > 2 ? `kernel.perf_event_paranoid is ${paranoid}: events are for CAP_PERFMON only` : '';
}

/** Whether physical addresses, SPE context packets and kernel accesses may be recorded (perf_allow_kernel()). */
export function maySeeKernel(host: Host): boolean {
  return host.identity.isPrivileged || paranoidLevel(host) <= 1;
}

function paranoidLevel(host: Host): number {
  const text = host.files.readText('/proc/sys/kernel/perf_event_paranoid');
  return text.ok ? Number(text.value.trim()) : 2;
}
