/** Which event of this machine samples memory accesses by address, and how perf record is asked for it. */
import type { Host } from '../host/host.js';
import { capabilityNames } from '../vocabulary/capabilities.js';
import { OctavoError } from '../vocabulary/errors.js';

/** How samples are taken. */
export type SamplingMethod = 'spe' | 'ibs' | 'pebs' | 'faults';

/** An event as perf record is asked for it. */
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

/** What the samples should have. */
export interface SamplingWish {
  /** Faults only when asked for: they tell who touched a page first, not what is hot. */
  readonly method?: SamplingMethod;
  readonly physical: boolean;
}

/** The event for this CPU, as much of it as this user may record; a string says why there is none. */
export function samplingEvent(host: Host, wish: SamplingWish): SamplingEvent | string {
  const listed = host.files.list(PMUS);
  const pmus = listed.ok ? listed.value : [];
  const scope: Scope = { host, kernel: maySeeKernel(host), physical: wish.physical };
  if (wish.method === 'faults') return faults(scope);
  const spe = pmus.filter((name) => /^arm_spe_\d+$/.test(name)).sort();
  if (spe.length > 0 && wants(wish, 'spe')) return armSpe(spe, scope);
  if (pmus.includes('ibs_op') && wants(wish, 'ibs')) return amdIbs(scope);
  const cores = CORE_PMUS.filter((pmu) => hasEvent(host, pmu, 'mem-loads'));
  if (cores.length > 0 && wants(wish, 'pebs')) return intelPebs(cores, scope);
  if (wish.method !== undefined) return `this machine offers no ${NAMES[wish.method]} (${PMUS})`;
  return `no PMU of this machine samples data addresses (${PMUS}: neither arm_spe, ibs_op nor mem-loads; virtual machines mostly have none)`;
}

interface Scope {
  readonly host: Host;
  /** Whether accesses of the kernel may be recorded; else events are restricted to user space. */
  readonly kernel: boolean;
  readonly physical: boolean;
}

/** Of one kind of core, or of the performance and efficiency cores of a hybrid CPU. */
const CORE_PMUS = ['cpu', 'cpu_core', 'cpu_atom'];

function hasEvent(host: Host, pmu: string, event: string): boolean {
  return host.files.status(`${PMUS}/${pmu}/events/${event}`).ok;
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

/** Sampling events of other kinds of machines, for a user who may sample everything there. */
export function eventsElsewhere(host: Host, wish: SamplingWish): readonly ElsewhereEvent[] {
  const scope: Scope = { host, kernel: true, physical: wish.physical };
  const kinds: readonly (readonly [machine: string, event: SamplingEvent | string])[] = [
    ['Arm with SPE', armSpe(['arm_spe_0'], scope)],
    ['AMD with IBS', amdIbs(scope)],
    ['Intel since Haswell', pebsOf(['cpu'], RETIRED_EVENTS, scope)],
    ['Intel with performance and efficiency cores', pebsOf(['cpu_core', 'cpu_atom'], RETIRED_EVENTS, scope)],
    ['Intel before Haswell', pebsOf(['cpu'], LATENCY_EVENTS, scope)],
    ['any', faults(scope)],
  ];
  return kinds.flatMap(([machine, event]) =>
    typeof event === 'string' || (wish.method !== undefined && event.method !== wish.method)
      ? []
      : [{ machine, event }],
  );
}

/** An event of another kind of machine, for the help of one that has none. */
export interface ElsewhereEvent {
  /** What kind of machine has it. */
  readonly machine: string;
  readonly event: SamplingEvent;
}

/**
 * branch_filter stays off: it would collect branches, which have no data address. min_latency 0 keeps fast accesses.
 * -d brings the data mappings, which name what was accessed. The AUX area of 16 MiB a CPU is more than an unprivileged user may lock.
 */
function armSpe(pmus: readonly string[], { kernel, physical }: Scope): SamplingEvent {
  const settings = `ts_enable=1,pa_enable=${physical ? 1 : 0},load_filter=1,store_filter=1,jitter=1,min_latency=0`;
  return {
    method: 'spe',
    events: pmus.map((pmu) => `${pmu}/${settings}/${kernel ? '' : 'u'}`),
    options: ['-d', ...(kernel ? ['-m', ',16M'] : [])],
    period: SPE_PERIOD,
    notes: ['SPE samples loads and stores of the host only; a guest of KVM does not show in it.'],
  };
}

/** Hardware before Zen 6 cannot leave out the kernel; since Linux 6.14 the driver can (swfilt). */
function amdIbs({ host, kernel, physical }: Scope): SamplingEvent | string {
  const canFilter = host.files.status(`${PMUS}/ibs_op/format/swfilt`).ok;
  if (!kernel && !canFilter) {
    return 'IBS samples the kernel, too, which needs CAP_PERFMON or kernel.perf_event_paranoid at 1 or lower (Linux 6.14 and later can leave it out)';
  }
  return {
    method: 'ibs',
    events: [kernel ? 'ibs_op/cnt_ctl=1/' : 'ibs_op/cnt_ctl=1,swfilt=1/u'],
    options: ['-d', '-W', '--raw-samples', ...(physical ? ['--phys-data'] : [])],
    period: IBS_PERIOD,
    notes: [
      'About half of the IBS samples are of instructions without a memory access; they are counted, not used.',
    ],
  };
}

/**
 * All retired loads and all retired stores by one period are together samples of all accesses. Load latency (mem-loads)
 * would count tagged loads only, at a rate of its own. Before Haswell only load latency has data addresses.
 */
function intelPebs(pmus: readonly string[], scope: Scope): SamplingEvent {
  const isOld = pmus.some((pmu) => isBeforeHaswell(scope.host, pmu));
  return pebsOf(pmus, isOld ? LATENCY_EVENTS : RETIRED_EVENTS, scope);
}

function pebsOf(
  pmus: readonly string[],
  events: readonly string[],
  { kernel, physical }: Scope,
): SamplingEvent {
  const modifier = kernel ? 'P' : 'Pu';
  return {
    method: 'pebs',
    events: pmus.flatMap((pmu) => events.map((terms) => `${pmu}/${terms}/${modifier}`)),
    options: ['-d', '-W', ...(physical ? ['--phys-data', '--data-page-size'] : [])],
    period: PEBS_PERIOD,
    notes:
      events === LATENCY_EVENTS
        ? [
            'This CPU samples addresses by load latency only: loads and stores have rates of their own and stay apart.',
          ]
        : ['All retired loads and stores are sampled by one period: together they are all accesses.'],
  };
}

/** MEM_INST_RETIRED (MEM_UOPS_RETIRED on small cores and before Skylake): the same encodings on all of them. */
const RETIRED_EVENTS = [
  'event=0xd0,umask=0x81,name=mem_inst_retired.all_loads',
  'event=0xd0,umask=0x82,name=mem_inst_retired.all_stores',
];
const LATENCY_EVENTS = ['mem-loads,ldlat=3', 'mem-stores'];

/** A recorded host that does not hold the name of its CPU is taken for a newer one. */
function isBeforeHaswell(host: Host, pmu: string): boolean {
  try {
    const name = host.files.readText(`${PMUS}/${pmu}/caps/pmu_name`);
    return name.ok && /^(sandybridge|ivybridge)/.test(name.value);
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'RECORDING_LACKS') return false;
    throw problem;
  }
}

function faults({ kernel, physical }: Scope): SamplingEvent {
  return {
    method: 'faults',
    events: [kernel ? 'page-faults' : 'page-faults:u'],
    options: ['-d', ...(physical ? ['--phys-data'] : [])],
    period: 1,
    notes: ['Page faults tell which pages were touched first, not which are hot.'],
  };
}

/** What is recorded: processes, or all CPUs, there perhaps one cgroup only. */
export type RecordScope =
  | { readonly kind: 'processes'; readonly pids: readonly number[] }
  | { readonly kind: 'system'; readonly cgroup?: string };

/** `all` is every CPU and a cgroup is asked of the kernel, unless processes of them are left out by name. */
export function scopeOf(target: string, pids: readonly number[], isPart: boolean): RecordScope {
  if (isPart) return { kind: 'processes', pids };
  if (target === 'all') return { kind: 'system' };
  const cgroup = /^cgroup:(\/.*)$/.exec(target)?.[1]?.replace(/\/+$/, '');
  if (cgroup === undefined) return { kind: 'processes', pids };
  return cgroup === '' ? { kind: 'system' } : { kind: 'system', cgroup };
}

/** perf wants the cgroup of each event, behind the events. */
function scopeWords(scope: RecordScope, events: number): string[] {
  if (scope.kind === 'processes') return ['-p', scope.pids.join(',')];
  const { cgroup } = scope;
  return ['-a', ...(cgroup === undefined ? [] : ['--cgroup', Array(events).fill(cgroup.slice(1)).join(',')])];
}

/** The words of perf record that write `seconds` of samples to standard output. */
export function recordCommand(
  event: SamplingEvent,
  scope: RecordScope,
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
    ...scopeWords(scope, event.events.length),
    '--',
    'sleep',
    String(seconds),
  ];
}

/** What forbids recording here, empty when nothing does (kernel/events/core.c perf_event_open()). */
export function recordingObstacle(host: Host, scope: RecordScope): string {
  if (isPerfmon(host)) return '';
  const paranoid = paranoidLevel(host);
  if (scope.kind === 'system' && paranoid > 0)
    return `kernel.perf_event_paranoid is ${paranoid}: all CPUs are for CAP_PERFMON only (--only NAME records processes)`;
  return paranoid > 2 ? `kernel.perf_event_paranoid is ${paranoid}: events are for CAP_PERFMON only` : '';
}

/** Whether physical addresses, SPE context packets and kernel accesses may be recorded (perf_allow_kernel()). */
export function maySeeKernel(host: Host): boolean {
  return isPerfmon(host) || paranoidLevel(host) <= 1;
}

/** perfmon_capable(): CAP_PERFMON, or CAP_SYS_ADMIN as before Linux 5.8. */
function isPerfmon(host: Host): boolean {
  if (host.identity.isPrivileged) return true;
  const status = host.files.readText('/proc/self/status');
  const mask = status.ok ? /^CapEff:\s*([0-9a-f]+)$/m.exec(status.value)?.[1] : undefined;
  return capabilityNames(mask ?? '').some((name) => name === 'CAP_PERFMON' || name === 'CAP_SYS_ADMIN');
}

function paranoidLevel(host: Host): number {
  const text = host.files.readText('/proc/sys/kernel/perf_event_paranoid');
  return text.ok ? Number(text.value.trim()) : 2;
}
