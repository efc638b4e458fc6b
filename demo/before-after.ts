/** The figures of the demonstration: what was measured at each moment, and the table of all of them. */
import type { Census } from './octavo-command.js';
import type { ChecksumAnswer, ExerciseReport } from './protocol.js';
import type { Story } from './story.js';

/** What was measured at one moment: plain data, so that it can be kept with a recording. */
export interface Moment {
  readonly name: string;
  /** The kernel's own words: smaps_rollup of the workload, in kB. */
  readonly anonHugeKb: number;
  readonly rssKb: number;
  /** Octavo's words. */
  readonly census: Census;
  /** What the workload's threads saw until this moment. */
  readonly report: ExerciseReport;
  readonly checksum: ChecksumAnswer;
  /** How long the command before this moment took; null before any. */
  readonly commandSeconds: number | null;
}

export function tellMoments(story: Story, moments: readonly Moment[], pageBytes: number): void {
  const row = (name: string, of: (moment: Moment) => string) => [name, ...moments.map(of)];
  story.table(
    ['', ...moments.map(({ name }) => name)],
    [
      ...memoryRows(moments, pageBytes),
      row('accesses by 2 threads', ({ report }) => String(report.reads + report.writes)),
      row('wrong accesses', ({ report }) => String(report.errors)),
      row('median, 99 % access gap', ({ report }) => `${us(report.p50GapUs)}, ${us(report.p99GapUs)}`),
      row('worst access gap', ({ report }) => us(report.worstGapUs)),
      row('  without waits for a CPU', ({ report }) => us(report.worstStallUs)),
      row('checksum of all pages', ({ checksum }) => (checksum.intact ? 'intact' : 'BROKEN')),
      row('command took', ({ commandSeconds }) =>
        commandSeconds === null ? '-' : `${commandSeconds.toFixed(1)} s`,
      ),
    ],
  );
}

/** What of a moment tells of memory. */
type MemoryMoment = Pick<Moment, 'anonHugeKb' | 'rssKb' | 'census'>;

export function memoryRows(moments: readonly MemoryMoment[], pageBytes: number): string[][] {
  const row = (name: string, of: (moment: MemoryMoment) => string) => [name, ...moments.map(of)];
  return [
    row('AnonHugePages (smaps)', ({ anonHugeKb }) => `${anonHugeKb} kB`),
    row('RSS (smaps)', ({ rssKb }) => `${rssKb} kB`),
    ...orderRows(moments, pageBytes),
    row('mapped to the zero page', ({ census }) => kb(census.zeroMappedBytes)),
  ];
}

/** One row for every folio order that any moment has more than a trifle of. */
function orderRows(moments: readonly MemoryMoment[], pageBytes: number): string[][] {
  const orders = moments[0].census.bytesByOrder.length;
  const rows: string[][] = [];
  for (let order = orders - 1; order >= 0; order--) {
    const bytes = moments.map(({ census }) => census.bytesByOrder[order]);
    if (Math.max(...bytes) < 2 ** 20) continue;
    rows.push([`in folios of ${kb(pageBytes * 2 ** order)} (order ${order})`, ...bytes.map(kb)]);
  }
  return rows;
}

function kb(bytes: number): string {
  return `${Math.round(bytes / 1024)} kB`;
}

function us(microseconds: number | null): string {
  if (microseconds === null) return 'unknown';
  return microseconds < 1000 ? `${microseconds.toFixed(1)} µs` : `${(microseconds / 1000).toFixed(1)} ms`;
}
