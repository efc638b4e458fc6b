/** Findings of processes to ranked rows of services, and their totals. Pure. */
import type { HugeCounters } from '../formats/proc/memory-cgroup.js';
import {
  type Belonging,
  type ServiceId,
  type ServiceKind,
  serviceKey,
  serviceOf,
} from '../services/service-id.js';
import type { Bytes } from '../vocabulary/units.js';
import { type Amount, atLeast, between, capped, exactly, isExact, sumOf } from './amount.js';
import type { Judged } from './judge.js';
import type { Person } from './people.js';

/** What a survey tells of each target, in the order of print. */
export const FIGURES = [
  'resident',
  'huge',
  'emptyInHuge',
  'unmappedHeld',
  'holes',
  'cold',
  'returns',
] as const;
/** Name of a figure of a row. */
export type Figure = (typeof FIGURES)[number];
/** All figures; undefined where nothing is known. */
export type Figures = Readonly<Record<Figure, Amount | undefined>>;

/** How a process was looked at. */
export type Looked = 'whole' | 'part' | 'counters';

/** Why a process was not looked at. */
export interface Unlooked {
  readonly why: 'time' | 'ended' | 'not permitted' | 'not able';
  readonly message: string;
}

/** What is known of one process. */
export interface Finding {
  readonly person: Person;
  readonly looked: Looked;
  /** Why it was not looked at. */
  readonly unlooked: Unlooked | undefined;
  readonly huge: Amount | undefined;
  readonly holes: Amount | undefined;
  readonly judged: Judged | undefined;
  /** Bytes that can be in huge pages at most; undefined where nothing is known. 0: nothing can be empty in one. */
  readonly most: Bytes | undefined;
}

/** What is known of one service. */
export interface Row {
  readonly service: ServiceId;
  readonly pids: readonly number[];
  readonly figures: Figures;
  /** What the splits would take of the processes' locks, and how many there would be. */
  readonly lockUs: Amount | undefined;
  readonly splits: Amount | undefined;
  readonly findings: readonly Finding[];
  /** Where `resident`, `huge` and `unmappedHeld` come from: counters of its own cgroups, or its processes. */
  readonly counted: 'cgroup' | 'processes';
}

/** Counters of the cgroups of some processes; undefined where they are not known. */
export type CountersOf = (findings: readonly Finding[]) => readonly HugeCounters[] | undefined;

/** How processes become services. */
export interface Grouping {
  readonly by: ServiceKind | undefined;
  /** Of cgroups that are a service's alone. */
  alone(key: string, findings: readonly Finding[]): readonly HugeCounters[] | undefined;
  /** Of the cgroups that processes are in, other members included. */
  readonly around: CountersOf;
  /** Of all of the host. */
  readonly host: HugeCounters | undefined;
}

/** Returns the key of the service that a process is counted with. */
export function keyOf(belonging: Belonging, by: ServiceKind | undefined): string {
  return serviceKey(serviceOf(belonging, by));
}

/** Returns a row for each service, its processes added up. */
export function rowsOf(findings: readonly Finding[], grouping: Grouping): readonly Row[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = keyOf(finding.person.belonging, grouping.by);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(finding);
  }
  return [...groups].map(([key, group]) => rowOf(key, group, grouping));
}

function rowOf(key: string, findings: readonly Finding[], { by, alone, around, host }: Grouping): Row {
  const counters = alone(key, findings);
  const judged = findings.map(({ judged: one, most }) => one ?? unjudged(most));
  const empty = sumOf(judged.map((one) => one?.emptyInHuge));
  const figures: Figures = {
    // Of a single process its own count: a cgroup is charged for the pages of files that it touched first.
    resident:
      counters && findings.length > 1
        ? exactly(sumBytes(counters, ({ mapped }) => mapped))
        : residentOf(findings),
    huge: hugeOf(findings, counters),
    emptyInHuge: empty,
    unmappedHeld: counters ? heldByCounters(counters) : atMostHeld(around(findings)),
    holes: sumOf(findings.map(({ holes }) => holes)),
    cold: sumOf(judged.map((one) => one?.cold)),
    returns: sumOf(judged.map((one) => one?.returns)),
  };
  return {
    service: serviceOf(findings[0].person.belonging, by),
    pids: findings.map(({ person }) => person.process.pid),
    figures: withinHost(figures, host),
    lockUs: sumOf(judged.map((one) => one?.lockUs)),
    splits: sumOf(judged.map((one) => one?.splits)),
    findings,
    counted: counters ? 'cgroup' : 'processes',
  };
}

/** Of a process whose content was not read: up to all of what is huge may be empty and go back. */
function unjudged(most: Bytes | undefined): Partial<Judged> {
  if (most === undefined) return {};
  const amount = between(0, most);
  return most === 0
    ? { emptyInHuge: amount, returns: amount, lockUs: amount, splits: amount }
    : { emptyInHuge: amount, returns: amount };
}

function residentOf(findings: readonly Finding[]): Amount | undefined {
  return sumOf(
    findings.map(({ person: { resident } }) => (resident === undefined ? undefined : exactly(resident.all))),
  );
}

/** Version 1 counts anonymous memory only: there is at least that, and what page tables tell. */
function hugeOf(
  findings: readonly Finding[],
  counters: readonly HugeCounters[] | undefined,
): Amount | undefined {
  const told = sumOf(findings.map(({ huge }) => huge));
  if (counters === undefined) return told;
  const anon = sumBytes(counters, ({ anonHuge }) => anonHuge);
  const others = counters.map(({ shmemHuge, fileHuge }) =>
    shmemHuge === undefined || fileHuge === undefined ? undefined : exactly(shmemHuge + fileHuge),
  );
  const rest = sumOf(others);
  if (rest !== undefined && isExact(rest)) return exactly(anon + rest.low);
  if (told === undefined) return atLeast(anon);
  if (isExact(told)) return told;
  const low = Math.max(told.low, Math.min(anon, told.high ?? anon));
  return { ...told, low, expected: told.expected === undefined ? undefined : Math.max(low, told.expected) };
}

function heldByCounters(counters: readonly HugeCounters[]): Amount {
  const most = sumBytes(counters, ({ held }) => held.most);
  return between(
    sumBytes(counters, ({ held }) => held.least),
    Number.isFinite(most) ? most : undefined,
  );
}

/** At most what all hold that are in the same cgroups. */
function atMostHeld(counters: readonly HugeCounters[] | undefined): Amount | undefined {
  return counters && between(0, heldByCounters(counters).high);
}

function sumBytes(counters: readonly HugeCounters[], of: (one: HugeCounters) => Bytes): Bytes {
  return counters.reduce((sum, one) => sum + of(one), 0);
}

/** What rows can be sorted by. */
export type SortKey = Figure | 'name' | 'lock';

/** Largest first, by what is expected or is known at least; what is not known comes last. Names in their order. */
export function sorted(rows: readonly Row[], by: SortKey): readonly Row[] {
  const name = (left: Row, right: Row) => (left.service.name < right.service.name ? -1 : 1);
  if (by === 'name') return [...rows].sort(name);
  const amount = (row: Row) => (by === 'lock' ? row.lockUs : row.figures[by]);
  const rank = (row: Row) => {
    const value = amount(row);
    return value === undefined ? -1 : (value.expected ?? value.low);
  };
  const resident = (row: Row) => row.figures.resident?.expected ?? -1;
  return [...rows].sort(
    (left, right) => rank(right) - rank(left) || resident(right) - resident(left) || name(left, right),
  );
}

/** Sums of the rows. What the host has of a kind altogether, it tells better than rows that share it. */
export function totalsOf(
  rows: readonly Row[],
  host: HugeCounters | undefined,
): Pick<Row, 'figures' | 'lockUs' | 'splits'> {
  const sums = Object.fromEntries(
    FIGURES.map((figure) => [figure, sumOf(rows.map((row) => row.figures[figure]))]),
  ) as Record<Figure, Amount | undefined>;
  return {
    figures: host === undefined ? sums : withHost(sums, host),
    lockUs: sumOf(rows.map(({ lockUs }) => lockUs)),
    splits: sumOf(rows.map(({ splits }) => splits)),
  };
}

function withHost(sums: Figures, host: HugeCounters): Figures {
  return { ...withinHost(sums, host), unmappedHeld: heldByCounters([host]) };
}

/** No process has more in huge pages than the host. Counters are of a moment, and lag: they do not contradict what was seen. */
function withinHost(figures: Figures, host: HugeCounters | undefined): Figures {
  if (host?.shmemHuge === undefined || host.fileHuge === undefined) return figures;
  const most = host.anonHuge + host.shmemHuge + host.fileHuge;
  const bounded = (amount: Amount | undefined) =>
    amount === undefined || isExact(amount) ? amount : capped(amount, Math.max(most, amount.low));
  const { huge, emptyInHuge, returns } = figures;
  return { ...figures, huge: bounded(huge), emptyInHuge: bounded(emptyInHuge), returns: bounded(returns) };
}
