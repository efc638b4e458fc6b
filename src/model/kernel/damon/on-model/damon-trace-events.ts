/** Layouts of the trace events of system `damon` (include/trace/events/damon.h), offsets in bytes on 64 bits. */
import type { TraceEvent, TraceField } from '../../tracing/trace-events.js';

const TYPES = { ulong: ['unsigned long', 8], uint: ['unsigned int', 4] } as const;

const field = (type: keyof typeof TYPES, name: string, offset: number): TraceField => ({
  type: TYPES[type][0],
  name,
  offset,
  size: TYPES[type][1],
  signed: false,
});

/** Fields in a row of one type, from an offset on. */
const row = (type: keyof typeof TYPES, offset: number, names: readonly string[]): TraceField[] =>
  names.map((name, index) => field(type, name, offset + index * TYPES[type][1]));

const STATISTICS = [
  'nr_tried',
  'sz_tried',
  'nr_applied',
  'sz_applied',
  'sz_ops_filter_passed',
  'qt_exceeds',
  'nr_snapshots',
];

const records = (names: readonly string[]): string => names.map((name) => `REC->${name}`).join(', ');
const REGION = ['nr_regions', 'start', 'end', 'nr_accesses', 'age'];
const REGION_FORMAT = 'nr_regions=%u %lu-%lu: %u %u';

type Layout = Omit<TraceEvent, 'system' | 'id'>;

const LAYOUTS: readonly Layout[] = [
  {
    name: 'damon_aggregated',
    fields: [
      field('ulong', 'target_id', 8),
      field('uint', 'nr_regions', 16),
      ...row('ulong', 24, ['start', 'end']),
      ...row('uint', 40, ['nr_accesses', 'age']),
    ],
    print: `"target_id=%lu ${REGION_FORMAT}", ${records(['target_id', ...REGION])}`,
  },
  {
    name: 'damon_region_aggregated',
    fields: [
      ...row('ulong', 8, ['target_id', 'start', 'end']),
      ...row('uint', 32, ['nr_regions', 'nr_accesses', 'age']),
      { type: '__data_loc unsigned char[]', name: 'probe_hits', offset: 44, size: 4, signed: false },
    ],
    print: `"target_id=%lu ${REGION_FORMAT} probe_hits=%s", ${records(['target_id', ...REGION])}, __print_hex(__get_dynamic_array(probe_hits), __get_dynamic_array_len(probe_hits))`,
  },
  {
    name: 'damon_monitor_intervals_tune',
    fields: [field('ulong', 'sample_us', 8)],
    print: '"sample_us=%lu", REC->sample_us',
  },
  {
    name: 'damos_before_apply',
    fields: [
      ...row('uint', 8, ['context_idx', 'scheme_idx']),
      ...row('ulong', 16, ['target_idx', 'start', 'end']),
      ...row('uint', 40, ['nr_accesses', 'age', 'nr_regions']),
    ],
    print: `"ctx_idx=%u scheme_idx=%u target_idx=%lu ${REGION_FORMAT}", ${records(['context_idx', 'scheme_idx', 'target_idx', ...REGION])}`,
  },
  {
    name: 'damos_esz',
    fields: [...row('uint', 8, ['context_idx', 'scheme_idx']), field('ulong', 'esz', 16)],
    print: '"ctx_idx=%u scheme_idx=%u esz=%lu", REC->context_idx, REC->scheme_idx, REC->esz',
  },
  {
    name: 'damos_stat_after_apply_interval',
    fields: [...row('uint', 8, ['context_idx', 'scheme_idx']), ...row('ulong', 16, STATISTICS)],
    print: `"ctx_idx=%u scheme_idx=%u ${STATISTICS.map((name) => `${name}=%lu`).join(' ')}", ${records(['context_idx', 'scheme_idx', ...STATISTICS])}`,
  },
];

/** The events of a release: `names` in the order of their ids, from `firstId` on. */
export function damonTraceEvents(names: readonly string[], firstId: number): readonly TraceEvent[] {
  return names.flatMap((name, index) => {
    const layout = LAYOUTS.find((known) => known.name === name);
    return layout === undefined ? [] : [{ system: 'damon', id: firstId + index, ...layout }];
  });
}
