/**
 * Who made a split block huge again. The page tables do not say: khugepaged and a page fault of new memory both leave
 * one new folio. What narrows it down is counted by the kernel (faults of the process; huge pages from faults and from
 * collapses, on the whole host) and seen on huge pages of the same process that Octavo left alone: khugepaged does not
 * touch those, but a process that maps its memory anew replaces them as well.
 */
import { parseStat } from '../formats/proc/process-files.js';
import { parseVmstat } from '../formats/proc/system-files.js';
import type { Host } from '../host/host.js';
import type { BlockObserver } from '../verification/block-observer.js';
import type { Actor, VerdictCause } from '../vocabulary/plan.js';
import type { BlockNumber } from '../vocabulary/units.js';
import type { Marks } from './journal-records.js';

/** Huge pages remembered per process, and how far from the split blocks they are looked for. */
const CONTROLS = 32;
const CONTROLS_WITHIN = 16;
/** Fewer huge pages left alone than this say nothing. */
const FEWEST_CONTROLS = 4;
/** A cause that can have made at most this share of what was found is not the likely one. */
const NEGLIGIBLE = 0.1;

const KHUGEPAGED = '/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed';

/** The counters as they are now, and the huge pages around `blocks` that are not among them. */
export function marksNow(
  host: Host,
  process: { readonly pid: number; readonly startTicks: number },
  observer: BlockObserver,
  blocks: readonly BlockNumber[],
): Marks {
  const { pid, startTicks } = process;
  return {
    pid,
    startTicks,
    atMs: host.clock.wallMs(),
    ...countersNow(host, pid),
    controls: controlsAround(observer, blocks),
  };
}

function countersNow(
  host: Host,
  pid: number,
): Pick<Marks, 'faults' | 'hugeFaults' | 'collapses' | 'khugepaged'> {
  const { files } = host;
  const stat = files.readText(`/proc/${pid}/stat`);
  const vmstat = files.readText('/proc/vmstat');
  const counts: ReadonlyMap<string, number> = vmstat.ok ? parseVmstat(vmstat.value) : new Map();
  const khugepaged = files.readText(KHUGEPAGED);
  const anonymous = counts.get('thp_fault_alloc');
  return {
    ...known('faults', stat.ok ? parseStat(stat.value)?.minorFaults : undefined),
    ...known(
      'hugeFaults',
      anonymous === undefined ? undefined : anonymous + (counts.get('thp_file_alloc') ?? 0),
    ),
    ...known('collapses', counts.get('thp_collapse_alloc')),
    ...known('khugepaged', khugepaged.ok ? Number(khugepaged.value) : undefined),
  };
}

function known<Name extends string>(name: Name, value: number | undefined): { [key in Name]?: number } {
  return value === undefined || !Number.isFinite(value)
    ? {}
    : ({ [name]: value } as { [key in Name]: number });
}

function controlsAround(observer: BlockObserver, blocks: readonly BlockNumber[]): Marks['controls'] {
  const acted = new Set(blocks);
  const near = new Set<BlockNumber>();
  for (const block of blocks) {
    for (let by = 1; by <= CONTROLS_WITHIN; by++)
      for (const other of [block - by, block + by]) if (other >= 0 && !acted.has(other)) near.add(other);
    if (near.size > 2 * CONTROLS) break;
  }
  const candidates = [...near];
  return observer
    .look(candidates)
    .flatMap(({ block, level, firstFrame }) =>
      level === 'pmd' && firstFrame !== null ? [[block, firstFrame] as const] : [],
    )
    .slice(0, CONTROLS);
}

/** What was counted between two looks; undefined where it was not. */
export interface Evidence {
  /** Split blocks of the process that are huge again. */
  readonly found: number;
  readonly faults: number | undefined;
  readonly hugeFaults: number | undefined;
  readonly khugepaged: number | undefined;
  /** Collapses that neither khugepaged nor Octavo made. */
  readonly asked: number | undefined;
  readonly controls: { readonly seen: number; readonly replaced: number };
}

/** `ownCollapses` are those of Octavo since `then`: the kernel counts them as well. */
export function evidence(
  then: Marks,
  now: Marks,
  observer: BlockObserver,
  found: number,
  ownCollapses: number,
): Evidence {
  const since = (name: 'faults' | 'hugeFaults' | 'collapses' | 'khugepaged') => {
    const [before, after] = [then[name], now[name]];
    return before === undefined || after === undefined ? undefined : Math.max(0, after - before);
  };
  const collapses = since('collapses');
  const khugepaged = since('khugepaged');
  const asked =
    collapses === undefined ? undefined : Math.max(0, collapses - (khugepaged ?? 0) - ownCollapses);
  const states = observer.look(then.controls.map(([block]) => block));
  const replaced = states.filter(
    ({ level, firstFrame }, index) => level !== 'pmd' || firstFrame !== then.controls[index][1],
  ).length;
  return {
    found,
    faults: since('faults'),
    hugeFaults: since('hugeFaults'),
    khugepaged,
    asked,
    controls: { seen: states.length, replaced },
  };
}

/** Who did it, by which cause, with the evidence in words. */
export interface Attribution {
  readonly by: Actor;
  readonly cause: VerdictCause;
  readonly why: string;
}

/** The one cause that the evidence leaves, or unknown. Pure. */
export function attribute(seen: Evidence): Attribution {
  const left = likely(seen, possible(seen));
  if (left.length !== 1) return UNKNOWN;
  if (left[0] === 'kernel') return BY_KERNEL;
  return left[0] === 'process' ? byProcess(seen) : ASKED;
}

type Cause = 'kernel' | 'process' | 'asked';

function possible({ faults, hugeFaults, khugepaged, asked }: Evidence): readonly Cause[] {
  const causes: Cause[] = [];
  if (khugepaged !== 0) causes.push('kernel');
  if (faults !== 0 && hugeFaults !== 0) causes.push('process');
  if (asked !== undefined && asked > 0) causes.push('asked');
  return causes;
}

/** Where several may have done it, what each can have done at most and the process's other huge pages decide. */
function likely(seen: Evidence, causes: readonly Cause[]): readonly Cause[] {
  if (causes.length < 2) return causes;
  const { found, faults = found, hugeFaults = found, khugepaged = found, asked = found, controls } = seen;
  const most: Record<Cause, number> = { kernel: khugepaged, asked, process: Math.min(faults, hugeFaults) };
  const able = causes.filter((cause) => most[cause] > NEGLIGIBLE * found);
  if (!able.includes('process')) return able;
  const others = able.filter((cause) => cause !== 'process');
  const accounted = (seen.khugepaged ?? 0) + (seen.asked ?? 0) >= found;
  if (controls.seen >= FEWEST_CONTROLS) {
    if (controls.replaced >= controls.seen / 2) return ['process'];
    // The process kept its other huge pages, and another process can have collapsed all of these.
    if (controls.replaced === 0 && accounted) return others;
  }
  // Requests for another process's memory (process_madvise) are rare; new memory of the process itself is not.
  return able.filter((cause) => cause !== 'asked');
}

const BY_KERNEL: Attribution = {
  by: { who: 'kernel' },
  cause: 'recollapsed',
  why: 'the kernel (khugepaged) collapsed it again after the split',
};

const ASKED: Attribution = {
  by: { who: 'unknown' },
  cause: 'recollapsed',
  why: 'the process or another tool asked the kernel to collapse it again (MADV_COLLAPSE)',
};

/** Where nothing was counted, or what was counted allows for several. */
export const UNKNOWN: Attribution = {
  by: { who: 'unknown' },
  cause: 'recollapsed',
  why: 'it is huge again: the kernel collapsed it, or the process mapped it anew; what was counted allows for both',
};

function byProcess({ controls }: Evidence): Attribution {
  const others =
    controls.seen >= FEWEST_CONTROLS && controls.replaced > 0
      ? `; ${controls.replaced} of ${controls.seen} of its other huge pages are new as well`
      : '';
  return {
    by: { who: 'process' },
    cause: 'remapped',
    why: `the process mapped or faulted the memory anew after the split${others}`,
  };
}
