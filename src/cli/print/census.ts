/** A census in words and columns. */
import type { CensusTotals } from '../../verification/census.js';
import type { NotHuge } from '../../verification/not-huge.js';
import type { Mapping } from '../../vocabulary/mapping.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import { blockToPage, pageToAddress } from '../../vocabulary/units.js';
import { facts, table } from './table.js';
import { plural, showBytes, showOrder } from './units.js';

/** Totals of one process, a fact a line. */
export function showTotals(sizes: PageSizes, totals: CensusTotals): string {
  const { geometry } = sizes;
  const byOrder = totals.bytesByOrder.flatMap((bytes, order) =>
    bytes > 0 ? [`${showBytes(bytes)} in ${showOrder(order, geometry.pageBytes)} folios`] : [],
  );
  if (totals.bytesOfUnknownOrder > 0)
    byOrder.push(`${showBytes(totals.bytesOfUnknownOrder)} in folios of unknown order`);
  const kinds = Object.entries(totals.bytesByKind).filter(([, bytes]) => bytes > 0);
  return facts([
    [
      'resident',
      `${showBytes(totals.residentBytes)} (${kinds.map(([kind, bytes]) => `${kind} ${showBytes(bytes)}`).join(', ') || 'nothing'})`,
    ],
    ['by folio order', byOrder.join(', ') || 'nothing'],
    ['mapped by PMD', `${showBytes(totals.pmdMappedBytes)} (${plural(totals.hugeBlocks, 'huge block')})`],
    [
      'mapped by PTE',
      `${showBytes(totals.pteMappedBytes)} (${plural(totals.smallBlocks, 'whole block')}; collapsing all would fill ${showBytes(totals.holeBytes)} of holes)`,
    ],
    ...(totals.pteMappedHugeBlocks > 0
      ? [['huge, but PTE-mapped', plural(totals.pteMappedHugeBlocks, 'block')] as const]
      : []),
    ['zero page', showBytes(totals.zeroMappedBytes)],
    ['swapped', showBytes(totals.swappedBytes)],
    ['held, mapped by no process', unmapped(totals)],
    ...(totals.sharedBlocks > 0 ? [['shared', plural(totals.sharedBlocks, 'block')] as const] : []),
  ]);
}

/** Memory of partly unmapped large folios, which is in no RSS. */
function unmapped({ unmappedBytes, unmappedUnknownBlocks }: CensusTotals): string {
  const unknown = `unknown for ${plural(unmappedUnknownBlocks, 'block')}, whose frames cannot be seen`;
  if (unmappedUnknownBlocks === 0) return `${showBytes(unmappedBytes)} (not in RSS)`;
  return unmappedBytes > 0 ? `${showBytes(unmappedBytes)} (not in RSS), ${unknown}` : unknown;
}

/** The largest mappings, one a line. */
export function showMappings(
  sizes: PageSizes,
  byMapping: ReadonlyMap<number, CensusTotals>,
  most: number,
): string {
  const largest = [...byMapping].sort(([, left], [, right]) => right.residentBytes - left.residentBytes);
  const rows = largest
    .slice(0, most)
    .map(([index, totals]) => mappingRow(sizes, sizes.mappings[index], totals));
  const head = ['address', 'size', 'resident', 'huge', 'small', 'holes', 'kind', 'flags', 'name'];
  const more =
    largest.length > most
      ? `\n(${largest.length - most} smaller mappings not shown; --mappings N shows more)`
      : '';
  return table(head, rows, [1, 2, 3, 4, 5]) + more;
}

function mappingRow(sizes: PageSizes, mapping: Mapping, totals: CensusTotals): readonly string[] {
  const { geometry } = sizes;
  const telling = mapping.flags.filter((flag) => ['hg', 'nh', 'lo', 'sh', 'ht'].includes(flag));
  return [
    pageToAddress(mapping.start, geometry),
    showBytes((mapping.end - mapping.start) * geometry.pageBytes),
    showBytes(totals.residentBytes),
    showBytes(totals.pmdMappedBytes),
    showBytes(totals.pteMappedBytes),
    showBytes(totals.holeBytes),
    mapping.kind,
    telling.join(' ') || '-',
    mapping.name || '-',
  ];
}

/** Why small memory is small, a reason a line. */
export function showNotHuge(sizes: PageSizes, groups: readonly NotHuge[]): string {
  const rows = groups.map(({ blocks, residentBytes, holeBytes, example, why }) => [
    String(blocks),
    showBytes(residentBytes),
    showBytes(holeBytes),
    pageToAddress(blockToPage(example, sizes.geometry), sizes.geometry),
    why,
  ]);
  return table(
    ['blocks', 'resident', 'holes', 'for example', 'eligible, but not huge, because'],
    rows,
    [0, 1, 2],
  );
}

/** Several processes, one a line, the largest first. */
export function showProcesses(
  all: readonly { readonly sizes: PageSizes; readonly totals: CensusTotals }[],
): string {
  const rows = [...all]
    .sort((left, right) => right.totals.residentBytes - left.totals.residentBytes)
    .map(({ sizes, totals }) => [
      String(sizes.process.pid),
      sizes.process.command,
      showBytes(totals.residentBytes),
      showBytes(totals.pmdMappedBytes),
      showBytes(totals.pteMappedBytes),
      showBytes(totals.holeBytes),
      showBytes(totals.swappedBytes),
      totals.unmappedUnknownBlocks > 0 ? 'unknown' : showBytes(totals.unmappedBytes),
      sizes.process.cgroup,
    ]);
  const head = ['pid', 'command', 'resident', 'huge', 'small', 'holes', 'swapped', 'held', 'cgroup'];
  const note = 'held: by huge pages, but mapped by no process, and so in no RSS';
  return `${table(head, rows, [0, 2, 3, 4, 5, 6, 7])}\n${note}`;
}
