/** What the single findings mean for a user who wants to look, split, collapse or sample. */
import { defined } from '../../base/assert.js';
import type { AbilitySummary, Features, Probed } from '../../vocabulary/abilities.js';
import { no, partly, unknown, yes } from './probed.js';

/** Returns one finding for each thing that Octavo does, from the findings that it rests on. */
export function summarise(found: Omit<Features, 'summary'>): AbilitySummary {
  return {
    observeLevels: observeLevels(found),
    observeOrders: observeOrders(found),
    splitToPages: splitToPages(found),
    splitToOrder: splitToOrder(found),
    collapse: collapse(found),
    collapseToOrder: collapseToOrder(found),
    sample: sample(found),
  };
}

type Found = Omit<Features, 'summary'>;
type Way = readonly [name: string, probed: Probed];

function observeLevels({ pages, system }: Found): Probed {
  const reach = system.capabilities.includes('CAP_SYS_PTRACE') ? 'any process' : 'processes of this user';
  if (pages.scanCategories.includes('HUGE')) return yes(`by PAGEMAP_SCAN, ${reach}`);
  if (pages.pagemap.answer === 'yes') {
    return partly(`by smaps: bytes exact for each mapping, blocks guessed, ${reach}`, pages.scan.needs);
  }
  return partly('by smaps: bytes for each mapping, no blocks', pages.pagemap.needs);
}

function observeOrders({ pages }: Found): Probed {
  const missing = [pages.frames, pages.kpageflags].filter((probed) => probed.answer !== 'yes');
  if (missing.length === 0) return yes('folio orders by pagemap and kpageflags');
  return no(missing.map((probed) => probed.fact).join('; '), joined(missing));
}

function splitToPages({ advices, splitFile, thp }: Found): Probed {
  if (thp.present.answer === 'no') return thp.present;
  return anyOf([
    ['process_madvise MADV_COLD', advices.MADV_COLD],
    ['split_huge_pages', splitFile.writable],
  ]);
}

function splitToOrder({ splitFile, damon, thp }: Found): Probed {
  if (thp.present.answer === 'no') return thp.present;
  return anyOf([
    ['split_huge_pages', splitFile.order],
    ['DAMOS split', allOf([damon.split, damon.targetOrder, damon.vaddr, damon.free])],
  ]);
}

function collapse({ advices, damon, thp }: Found): Probed {
  if (thp.present.answer === 'no') return thp.present;
  return anyOf([
    ['process_madvise MADV_COLLAPSE', advices.MADV_COLLAPSE],
    ['DAMOS collapse', allOf([damon.collapse, damon.vaddr, damon.free])],
  ]);
}

/** Without the series there is the way round: collapse to a PMD first, then split to the order. */
function collapseToOrder(found: Found): Probed {
  const { damon, thp } = found;
  if (thp.present.answer === 'no') return thp.present;
  const direct = allOf([damon.collapse, damon.targetOrder, damon.vaddr, damon.free]);
  const around = allOf([collapse(found), splitToOrder(found)]);
  const chosen = anyOf([
    ['DAMOS collapse with target_order', direct],
    ['collapse to a PMD, then split', around],
  ]);
  if (chosen.answer === 'yes' || thp.khugepagedMultiSize.answer !== 'yes') return chosen;
  return partly('by khugepaged only: it chooses where and when', chosen.needs);
}

function sample({ pmu, damon }: Found): Probed {
  const hardware: Way[] = [
    ['Arm SPE', pmu.armSpe],
    ['AMD IBS', pmu.amdIbs],
    ['Intel PEBS', pmu.intelPebs],
  ];
  const there = hardware.filter(([, probed]) => probed.answer === 'yes').map(([name]) => name);
  const regions = allOf([damon.vaddr, damon.free]);
  const others = [
    ...(regions.answer === 'yes' ? ['DAMON regions'] : []),
    'zero pages by occupancy',
    'recordings (perf.data)',
  ].join(', ');
  if (there.length === 0) {
    const needs = hardware.map(([, probed]) => probed.needs).join('; or ');
    return partly(`no hardware that samples addresses; ${others}`, needs);
  }
  if (pmu.otherProcesses.answer === 'no') {
    return partly(
      `${there.join(', ')} is there, but ${pmu.otherProcesses.fact}; ${others}`,
      pmu.otherProcesses.needs,
    );
  }
  return yes(`${there.join(', ')}, ${others}`);
}

const RANK = { yes: 3, partly: 2, unknown: 1, no: 0 } as const;

/** The best of several ways, naming every one that is open. */
function anyOf(ways: readonly Way[]): Probed {
  const best = Math.max(...ways.map(([, probed]) => RANK[probed.answer]));
  const open = ways.filter(([, probed]) => probed.answer === 'yes');
  if (open.length > 0) return yes(open.map(([name]) => name).join(', '));
  const chosen = ways.filter(([, probed]) => RANK[probed.answer] === best);
  const fact = chosen.map(([name, probed]) => `${name}: ${probed.fact}`).join('; ');
  const needs = joined(chosen.map(([, probed]) => probed));
  if (best === RANK.partly) return partly(fact, needs);
  return best === RANK.unknown ? unknown(fact, needs) : no(fact, needs);
}

/** The worst of what is needed together; the first such part speaks for the others, which have rows of their own. */
function allOf(parts: readonly Probed[]): Probed {
  const worst = Math.min(...parts.map((probed) => RANK[probed.answer]));
  return defined(
    parts.find((probed) => RANK[probed.answer] === worst),
    'the worst answer is one of them',
  );
}

function joined(parts: readonly Probed[]): string {
  const needs = parts.flatMap((probed) => probed.needs.split('; ')).filter((need) => need !== '');
  return [...new Set(needs)].join('; ');
}
