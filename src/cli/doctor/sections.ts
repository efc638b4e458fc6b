/** The wording of `octavo doctor`: findings as rows, gathered in sections. Pure. */
import type { Features, ProbeAnswer, Probed, ThpSize } from '../../vocabulary/abilities.js';
import { showBytes } from '../print/units.js';

/** One finding: what was asked, the answer, the fact behind it, and what would change it. */
export interface DoctorRow {
  readonly name: string;
  readonly answer: ProbeAnswer;
  readonly fact: string;
  readonly needs: string;
}

/** Findings that belong together. */
export interface DoctorSection {
  readonly title: string;
  readonly rows: readonly DoctorRow[];
}

/** Returns all findings of a host in the order in which `octavo doctor` prints them. */
export function doctorSections(features: Features): readonly DoctorSection[] {
  return [
    { title: 'What Octavo can do here', rows: summaryRows(features) },
    { title: 'Transparent huge pages', rows: thpRows(features) },
    { title: 'khugepaged', rows: khugepagedRows(features) },
    { title: 'Acting on other processes', rows: actingRows(features) },
    { title: 'DAMON', rows: damonRows(features) },
    { title: 'Looking at pages', rows: pageRows(features) },
    { title: 'Sampling hardware', rows: pmuRows(features) },
    { title: 'User and machine', rows: systemRows(features) },
  ];
}

const row = (name: string, probed: Probed): DoctorRow => ({ name, ...probed });

/** A plain fact: there when it could be read. */
function reading(name: string, value: string | number | boolean | null): DoctorRow {
  const known = value !== null;
  const fact = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  return { name, answer: known ? 'yes' : 'no', fact: known ? fact : 'absent or not readable', needs: '' };
}

function summaryRows({ summary }: Features): readonly DoctorRow[] {
  return [
    row('see mapping levels', summary.observeLevels),
    row('see folio orders', summary.observeOrders),
    row('split to base pages', summary.splitToPages),
    row('split to any order', summary.splitToOrder),
    row('collapse to huge pages', summary.collapse),
    row('collapse to any order', summary.collapseToOrder),
    row('sample accesses', summary.sample),
  ];
}

function thpRows({ thp }: Features): readonly DoctorRow[] {
  if (thp.present.answer === 'no') return [row('THP', thp.present)];
  return [
    row('THP', thp.present),
    reading('fault effort (defrag)', thp.defrag),
    reading('shmem_enabled', thp.shmemEnabled),
    reading('PMD size', thp.pmdBytes === null ? null : showBytes(thp.pmdBytes)),
    reading('huge zero page', thp.useZeroPage),
    row('underused shrinker', thp.underusedShrinker),
    row('multi-size THP', thp.multiSize),
    ...thp.sizes.map(sizeRow),
  ];
}

function sizeRow(size: ThpSize): DoctorRow {
  const anonymous =
    size.enabled === 'inherit' ? `inherit (${size.effective})` : (size.enabled ?? 'impossible');
  const fact = `anonymous ${anonymous}, shmem ${size.shmemEnabled ?? 'not offered'}, ${size.stats.length} counters`;
  return { name: `  ${showBytes(size.bytes)}, order ${size.order}`, answer: 'yes', fact, needs: '' };
}

function khugepagedRows({ thp }: Features): readonly DoctorRow[] {
  const knobs = thp.khugepaged;
  if (!knobs) return [row('khugepaged', thp.khugepagedRuns)];
  return [
    row('works', thp.khugepagedRuns),
    row('collapses to multi-size THP', thp.khugepagedMultiSize),
    reading('defrag', knobs.defrag),
    reading('max_ptes_none', knobs.maxPtesNone),
    reading('max_ptes_swap', knobs.maxPtesSwap),
    reading('max_ptes_shared', knobs.maxPtesShared),
    reading('pages_to_scan', knobs.pagesToScan),
    reading('scan_sleep_millisecs', knobs.scanSleepMs),
    reading('alloc_sleep_millisecs', knobs.allocSleepMs),
    reading('blocks collapsed so far', knobs.pagesCollapsed),
    reading('full scans so far', knobs.fullScans),
  ];
}

function actingRows({ advices, splitFile, system }: Features): readonly DoctorRow[] {
  return [
    ...Object.entries(advices).map(([name, probed]) => row(name, probed)),
    row('debugfs split_huge_pages', splitFile.writable),
    row('  with a target order', splitFile.order),
    row('  around one page (buddy form)', splitFile.buddy),
    row('free of lockdown', system.lockdownProbe),
  ];
}

function damonRows({ damon }: Features): readonly DoctorRow[] {
  if (damon.sysfs.answer === 'no') return [row('sysfs interface', damon.sysfs)];
  return [
    row('sysfs interface', damon.sysfs),
    row('free for Octavo', damon.free),
    ...(damon.kdamonds ?? []).map(kdamondRow),
    ...damon.modules.map(moduleRow),
    row('virtual address spaces (vaddr)', damon.vaddr),
    row('physical memory (paddr)', damon.paddr),
    row('action collapse', damon.collapse),
    row('action split', damon.split),
    row('target_order', damon.targetOrder),
    reading('actions', damon.actions?.join(' ') ?? null),
    ...(damon.files ? [reading('newer files in use', damon.files.map(lastPart).join(' ') || 'none')] : []),
  ];
}

type Kdamond = NonNullable<Features['damon']['kdamonds']>[number];

function kdamondRow(kdamond: Kdamond): DoctorRow {
  const { index, state, pid, operations, targets, actions } = kdamond;
  const thread = pid !== null && pid > 0 ? `, thread ${pid}` : '';
  const context = operations
    ? `, ${operations}, ${targets} targets, schemes: ${actions.join(' ') || 'none'}`
    : '';
  const answer = state === null ? 'unknown' : 'yes';
  return { name: `  kdamond ${index}`, answer, fact: `${state ?? 'busy'}${thread}${context}`, needs: '' };
}

function moduleRow({ name, enabled, pid }: Features['damon']['modules'][number]): DoctorRow {
  const fact =
    enabled === null ? 'not readable' : enabled ? `runs${pid && pid > 0 ? `, thread ${pid}` : ''}` : 'off';
  return {
    name: `  ${name}`,
    answer: enabled === null ? 'unknown' : 'yes',
    fact,
    needs: enabled === null ? 'root' : '',
  };
}

function pageRows({ pages }: Features): readonly DoctorRow[] {
  return [
    row('pagemap', pages.pagemap),
    row('frame numbers in pagemap', pages.frames),
    row('PAGEMAP_SCAN', pages.scan),
    row('kpageflags', pages.kpageflags),
    row('kpagecount', pages.kpagecount),
  ];
}

function pmuRows({ pmu }: Features): readonly DoctorRow[] {
  return [
    row('Arm SPE', pmu.armSpe),
    row('AMD IBS', pmu.amdIbs),
    row('Intel PEBS', pmu.intelPebs),
    row('sampling other processes', pmu.otherProcesses),
    row('physical addresses in samples', pmu.physicalAddresses),
  ];
}

/** Capabilities that decide something in Octavo. */
const DECISIVE = ['CAP_SYS_ADMIN', 'CAP_SYS_NICE', 'CAP_SYS_PTRACE', 'CAP_PERFMON'];

function systemRows({ userId, system }: Features): readonly DoctorRow[] {
  const { memory } = system;
  const missing = DECISIVE.filter((name) => !system.capabilities.includes(name));
  const held = DECISIVE.filter((name) => system.capabilities.includes(name));
  return [
    {
      name: 'capabilities',
      answer: missing.length === 0 ? 'yes' : held.length === 0 ? 'no' : 'partly',
      fact: `user ${userId} with ${held.join(' ') || 'none that matters here'}`,
      needs: missing.join(' '),
    },
    row('cgroup v2', system.cgroup),
    row('memory pressure (PSI)', system.pressure),
    row('swap', system.swap),
    row('zswap', system.zswap),
    reading('memory', memory.totalBytes === null ? null : memoryText(memory)),
    reading('free huge blocks', memory.freeHugeBlocks),
    reading('kernel', system.kernelRelease),
  ];
}

function memoryText({ totalBytes, availableBytes }: Features['system']['memory']): string {
  const available = availableBytes === null ? '' : `, ${showBytes(availableBytes)} available`;
  return `${showBytes(totalBytes ?? 0)}${available}`;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
