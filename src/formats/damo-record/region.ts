/** What DAMON said of one region at the end of one aggregation, from whichever file it was kept in. */
export interface RegionRecord {
  /** Number of the monitoring target in its context; older kernels wrote a pointer here. */
  readonly target: string;
  /** Nanoseconds of the recording's clock. */
  readonly endNs: number;
  /** Byte addresses [start, end), exact below 2^53. */
  readonly start: number;
  readonly end: number;
  /** Samplings of the aggregation interval that found the region accessed. */
  readonly accesses: number;
  /** Aggregations since the access pattern changed; undefined before Linux 5.16. */
  readonly age: number | undefined;
}

/** The form in which damo kept a record. */
export type DamoKind = 'json' | 'compressed-json' | 'perf-script' | 'trace';

/** Which of damo's text formats bytes are, undefined for none of them. */
export function damoKind(head: Uint8Array): DamoKind | undefined {
  const isZlib = head[0] === 0x78 && ((head[0] << 8) | head[1]) % 31 === 0;
  if (isZlib) return 'compressed-json';
  const text = new TextDecoder('latin1').decode(head.subarray(0, 4096));
  if (/^\s*\[/.test(text)) return 'json';
  if (/\bdamon:(damon_aggregated|damos_before_apply):/.test(text)) return 'perf-script';
  return /: damon_aggregated: target_id=/.test(text) ? 'trace' : undefined;
}
