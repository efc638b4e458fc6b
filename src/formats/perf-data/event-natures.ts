/**
 * The table of events: what the samples of an event are samples of, by its PMU and attributes. Encodings are those of
 * the kernel's drivers (arch/x86/events/intel/core.c and ds.c, arch/x86/events/amd/ibs.c, drivers/perf/arm_spe_pmu.c)
 * and of Intel's event lists (perfmon, MEM_* events). An event that is in no row is no sample of accesses.
 */
import type { SampleNature } from '../../vocabulary/nature.js';
import { ATTR_FLAG, SOFTWARE, TRACEPOINT_TYPE } from '../perf-abi/constants.js';
import type { EventAttr } from './attr.js';

/** Which accesses the event could see at all, whatever else filters them. */
export type Side = 'both' | 'loads' | 'stores';

/** What an event samples, and on which side: loads, stores or both. */
export interface EventNature {
  readonly nature: SampleNature;
  readonly side: Side;
  /** Why it is of that nature, in words. */
  readonly why: string;
  /**
   * Whether the period counts all accesses of its side, so that two such events with equal periods see accesses of
   * both sides at one rate. Load latency counts tagged loads only.
   */
  readonly isCounted: boolean;
  /** Accesses on other CPUs or by other threads do not show. */
  readonly isPart?: boolean;
  /** The hardware varies the distance from one sample to the next by chance. */
  readonly isJittered?: boolean;
}

/** What is known of an event beside its attr. */
export interface EventContext {
  readonly name: string;
  /** Name of the PMU of its type; empty when not recorded. */
  readonly pmu: string;
  /** HEADER_CPUID; empty when not recorded. */
  readonly cpuId: string;
  /** AUX data of Arm SPE belong to the event. */
  readonly isSpe: boolean;
  /** Why accesses by others do not show (part-watched.ts); empty or absent when none are known to be left out. */
  readonly part?: string;
}

const TYPE = {
  hardware: 0,
  software: SOFTWARE.type,
  tracepoint: TRACEPOINT_TYPE,
  cache: 3,
  raw: 4,
  breakpoint: 5,
};

/** Returns the nature of an event. What the attributes leave open is `unknown`, never guessed. */
export function natureOfEvent(attr: EventAttr, context: EventContext): EventNature {
  return partOf(context.part ?? '', watchedBy(attr, natureOfAll(attr, context)));
}

function partOf(part: string, event: EventNature): EventNature {
  if (part === '') return event;
  const nature = event.nature === 'all-accesses' ? 'some-accesses' : event.nature;
  return { ...event, nature, why: `${event.why}; ${part}`, isPart: true };
}

/** An event that sees one privilege level only: that of programs is theirs, that of the kernel says little of theirs. */
function watchedBy({ watched }: EventAttr, event: EventNature): EventNature {
  if (event.nature === 'nothing' || event.nature === 'access-bits') return event;
  if ((watched & ATTR_FLAG.excludeUser) !== 0)
    return nothing('only what the kernel did is in it (:k), not what programs access');
  if ((watched & ATTR_FLAG.excludeHost) !== 0) return nothing('only accesses of guests are in it (:G)');
  if ((watched & ATTR_FLAG.excludeKernel) === 0) return event;
  return { ...event, why: `${event.why}; in user space only` };
}

function natureOfAll(attr: EventAttr, context: EventContext): EventNature {
  const { pmu, isSpe, name } = context;
  if (isSpe || /^arm_spe/.test(pmu))
    return { ...armSpe(attr), isJittered: (attr.config & SPE.jitter) !== 0n };
  // The low bits of its counter begin at random.
  if (pmu === 'ibs_op' || (pmu === '' && /^ibs_op\b/.test(name)))
    return { ...amdIbs(attr), isJittered: true };
  if (attr.type === TYPE.software) return software(attr);
  if (attr.type === TYPE.tracepoint) return tracepoint(name);
  if (attr.type === TYPE.breakpoint) return nothing('a hardware breakpoint watches one address');
  if (attr.type === TYPE.cache) return cacheEvent(attr, context);
  if (attr.type === TYPE.hardware) return nothing(`it counts ${name || 'hardware events'}, not accesses`);
  if (attr.type === TYPE.raw || /^cpu(_core|_atom)?$/.test(pmu)) return coreEvent(attr, context);
  return pmu === ''
    ? of('unknown', 'the recording does not name its PMU')
    : nothing(`${pmu} samples no data accesses`);
}

function of(nature: SampleNature, why: string, side: Side = 'both', isCounted = false): EventNature {
  return { nature, why, side, isCounted };
}

const nothing = (why: string): EventNature => of('nothing', why);

/** All accesses of a side. */
function unfiltered(side: Side, why: string, isCounted = true): EventNature {
  return of(side === 'both' ? 'all-accesses' : side, why, side, isCounted);
}

function software({ config }: EventAttr): EventNature {
  const { pageFaults, minorFaults, majorFaults } = SOFTWARE;
  const event = Number(config & 0xffffffffn);
  if ([pageFaults, minorFaults, majorFaults].some((fault) => fault === event)) {
    return of('first-touches', 'a page fault is the first touch of a page');
  }
  return nothing(`a software event (${SOFTWARE_NAMES[event] ?? event}) is no access`);
}

/** enum perf_sw_ids. */
const SOFTWARE_NAMES: Readonly<Record<number, string>> = {
  0: 'cpu-clock',
  1: 'task-clock',
  3: 'context-switches',
  4: 'cpu-migrations',
  7: 'alignment-faults',
  8: 'emulation-faults',
  9: 'dummy',
  10: 'bpf-output',
  11: 'cgroup-switches',
};

function tracepoint(name: string): EventNature {
  if (/\bdamon:damon_aggregated\b/.test(name)) return of('access-bits', 'regions of DAMON');
  return nothing('a tracepoint is no access');
}

/** Bits of arm_spe's config; those above 31 filter by the kind of operation. */
const SPE = {
  jitter: 1n << 16n,
  branches: 1n << 32n,
  loads: 1n << 33n,
  stores: 1n << 34n,
  discard: 1n << 35n,
  masks: 0x7n << 36n,
  vectors: 0xfn << 39n,
} as const;
/** Bits of the event filter, all of which a record must have: those that every access has, and what the others select. */
const SPE_EVENT = { retired: 1n << 1n, l1Access: 1n << 2n, tlbAccess: 1n << 4n, tlbWalk: 1n << 5n } as const;
const SPE_HARMLESS = SPE_EVENT.retired | SPE_EVENT.l1Access | SPE_EVENT.tlbAccess;
/** L1D refill, LLC access and miss, remote access, L2D access and miss: what left the first-level cache. */
const SPE_SLOW = (1n << 3n) | (1n << 8n) | (1n << 9n) | (1n << 10n) | (1n << 19n) | (1n << 20n);
const SPE_LATENCY_MASK = 0xfffn;

function armSpe({ config, config1, config2, config3, config4 }: EventAttr): EventNature {
  const side = speSide(config);
  const latency = config2 & SPE_LATENCY_MASK;
  const events = config1 & ~SPE_HARMLESS;
  if (side === undefined) return nothing('its filters leave out all loads and stores');
  if ((config & SPE.vectors) !== 0n) return nothing('only vector or floating-point operations are in it');
  if (config3 !== 0n || config4 !== 0n)
    return nothing('an inverse filter leaves out accesses by what became of them');
  if ((events & SPE_EVENT.tlbWalk) !== 0n) return of('tlb-misses', 'event filter: TLB walks', side);
  if ((events & ~SPE_SLOW) !== 0n)
    return nothing(`event filter 0x${config1.toString(16)} selects special accesses`);
  if (events !== 0n) return of('slow-accesses', `event filter 0x${config1.toString(16)}: cache misses`, side);
  if (latency > 1n) return of('slow-accesses', `min_latency ${latency}: faster accesses are left out`, side);
  return unfiltered(side, 'Arm SPE without filters');
}

/** Undefined when no access with a data address passes. Filters add up unless a mask makes one of them a must. */
function speSide(config: bigint): Side | undefined {
  const loads = (config & SPE.loads) !== 0n;
  const stores = (config & SPE.stores) !== 0n;
  if ((config & SPE.discard) !== 0n) return undefined;
  if ((config & SPE.masks) !== 0n) return maskedSide(config, loads, stores);
  if (loads && stores) return 'both';
  if (loads || stores) return loads ? 'loads' : 'stores';
  return (config & SPE.branches) === 0n ? 'both' : undefined;
}

/** FEAT_SPE_EFT: a masked filter says what an operation must be, or with 0 must not be. */
function maskedSide(config: bigint, loads: boolean, stores: boolean): Side | undefined {
  const [branchMask, loadMask, storeMask] = [36n, 37n, 38n].map((bit) => (config & (1n << bit)) !== 0n);
  if (branchMask && (config & SPE.branches) !== 0n) return undefined;
  if (loadMask && storeMask)
    return loads && stores ? undefined : loads ? 'loads' : stores ? 'stores' : undefined;
  if (loadMask) return loads ? 'loads' : 'stores';
  if (storeMask) return stores ? 'stores' : 'loads';
  return 'both';
}

const IBS = { countsOps: 1n << 19n, l3MissOnly: 1n << 16n } as const;
const IBS_LATENCY_MASK = 0xfffn;

function amdIbs({ config, config1 }: EventAttr): EventNature {
  const latency = config1 & IBS_LATENCY_MASK;
  if ((config & IBS.l3MissOnly) !== 0n)
    return of('slow-accesses', 'l3missonly: only accesses that missed the L3 cache');
  if (latency !== 0n) return of('slow-accesses', `ldlat ${latency}: faster loads are left out`);
  if ((config & IBS.countsOps) === 0n)
    return of(
      'slow-accesses',
      'IBS op by cycles (cnt_ctl=0): favours what stalls; cnt_ctl=1 counts operations',
    );
  return unfiltered('both', 'IBS op by dispatched operations');
}

/** enum perf_hw_cache_id, _op_id and _op_result_id. */
const CACHE = { l1Data: 0, lastLevel: 2, dataTlb: 3, node: 6, write: 1, prefetch: 2 } as const;

/** Where precise sampling gives them an address, events of caches are what Intel's core makes of them. */
function cacheEvent(attr: EventAttr, context: EventContext): EventNature {
  const config = Number(attr.config & 0xffffffn);
  const [cache, operation, isMiss] = [config & 0xff, (config >> 8) & 0xff, config >> 16 !== 0];
  const side: Side = operation === CACHE.write ? 'stores' : 'loads';
  if (attr.preciseIp === 0 || isNotIntel(context)) return nothing('a cache event without precise addresses');
  if (operation === CACHE.prefetch) return nothing('prefetches are no accesses');
  if (cache === CACHE.dataTlb && isMiss) return of('tlb-misses', 'misses of the data TLB', side);
  if (cache === CACHE.l1Data && !isMiss) return unfiltered(side, `all ${side} of the first-level cache`);
  if (cache === CACHE.l1Data || cache === CACHE.lastLevel || cache === CACHE.node) {
    return of('slow-accesses', 'accesses that missed a cache', side);
  }
  return nothing('a cache event that is no data access');
}

function isNotIntel({ cpuId }: EventContext): boolean {
  return cpuId !== '' && !cpuId.startsWith('GenuineIntel');
}

/** Load latency above which loads are sampled; 3 cycles and less are below every hit of the first-level cache. */
const EVERY_LOAD = 3n;
const LATENCY_MASK = 0xffffn;

/** Events of Intel's cores whose PEBS records have a data address: event | umask << 8. */
const CORE_EVENTS: Readonly<Record<number, EventNature>> = {
  717: unfiltered('stores', 'sampled stores', false),
  1744: unfiltered('stores', 'store latency', false),
  4560: of('tlb-misses', 'loads that missed the second-level TLB', 'loads', true),
  4816: of('tlb-misses', 'stores that missed the second-level TLB', 'stores', true),
  5072: of('tlb-misses', 'accesses that missed the second-level TLB', 'both', true),
  33232: unfiltered('loads', 'all retired loads'),
  33488: unfiltered('stores', 'all retired stores'),
  33744: unfiltered('both', 'all retired loads and stores'),
  33283: nothing('the auxiliary event of load latency; its samples have no meaning'),
};
/** MEM_TRANS_RETIRED.LOAD_LATENCY of large cores, MEM_UOPS_RETIRED.LOAD_LATENCY of small ones. */
const LOAD_LATENCY = [0x01cd, 0x05d0];
/** MEM_LOAD_RETIRED and what it is called with a source: L3 hits, L3 misses, others. */
const LOADS_BY_SOURCE = [0xd1, 0xd2, 0xd3, 0xd4];
const L1_HIT = 0x01d1;

/** Of config beside event and umask: only pin control leaves the event what it is. */
const PIN_CONTROL = 1n << 19n;
const EVENT_AND_UMASK = 0xffffn;

function coreEvent(attr: EventAttr, context: EventContext): EventNature {
  if (isNotIntel(context)) return nothing('core events of this CPU have no data addresses');
  if ((attr.config & ~(EVENT_AND_UMASK | PIN_CONTROL)) !== 0n)
    return nothing(
      `config 0x${attr.config.toString(16)} has cmask, inv, edge or the like: not every access counts`,
    );
  const event = Number(attr.config & EVENT_AND_UMASK);
  if (LOAD_LATENCY.includes(event)) return loadLatency(attr.config1 & LATENCY_MASK);
  if (Object.hasOwn(CORE_EVENTS, event)) return CORE_EVENTS[event];
  if (event === L1_HIT) return nothing('only loads that hit the first-level cache are in it');
  if (LOADS_BY_SOURCE.includes(event & 0xff)) {
    return of('slow-accesses', 'loads that missed the first-level cache', 'loads');
  }
  return nothing('the event counts no loads or stores');
}

function loadLatency(threshold: bigint): EventNature {
  if (threshold > EVERY_LOAD) {
    return of('slow-accesses', `load latency above ${threshold} cycles: faster loads are left out`, 'loads');
  }
  return unfiltered('loads', `load latency from ${threshold} cycles on: every load`, false);
}

/** An event as it is weighed against the others of its recording. */
export interface WeighedEvent {
  readonly index: number;
  readonly attr: EventAttr;
  readonly nature: EventNature;
}

/**
 * The natures that samples of each event of a recording get. All loads and all stores with one fixed period are together
 * samples of all accesses; nothing else is put together.
 */
export function naturesTogether(events: readonly WeighedEvent[]): ReadonlyMap<number, SampleNature> {
  const natures = new Map<number, SampleNature>(events.map(({ index, nature }) => [index, nature.nature]));
  for (const loads of events) {
    const stores = events.find((other) => areHalves(loads, other));
    if (stores === undefined) continue;
    const together = loads.nature.isPart === true ? 'some-accesses' : 'all-accesses';
    natures.set(loads.index, together);
    natures.set(stores.index, together);
  }
  return natures;
}

function areHalves(loads: WeighedEvent, stores: WeighedEvent): boolean {
  return (
    loads.nature.nature === 'loads' &&
    stores.nature.nature === 'stores' &&
    loads.nature.isCounted &&
    stores.nature.isCounted &&
    pmuOf(loads.attr) === pmuOf(stores.attr) &&
    loads.attr.watched === stores.attr.watched &&
    !loads.attr.isFrequency &&
    !stores.attr.isFrequency &&
    loads.attr.samplePeriod === stores.attr.samplePeriod
  );
}

/**
 * Tells PMUs apart. Hardware and cache events of hybrid CPUs share a type and have that of their PMU in the upper half of
 * config (PERF_PMU_TYPE_SHIFT).
 */
function pmuOf(attr: EventAttr): string {
  return `${attr.type} ${pmuTypeOf(attr)}`;
}

/** Type number of the PMU that an event is counted by. */
export function pmuTypeOf({ type, config }: EventAttr): number {
  const isGeneric = type === TYPE.hardware || type === TYPE.cache;
  return isGeneric ? Number(config >> 32n) : type;
}

/** Whether two events of one nature could both sample one access: not on different PMUs, nor loads and stores. */
export function overlap(left: WeighedEvent, right: WeighedEvent): boolean {
  const { side } = left.nature;
  const isOther = side !== 'both' && right.nature.side !== 'both' && side !== right.nature.side;
  return pmuOf(left.attr) === pmuOf(right.attr) && !isOther;
}
