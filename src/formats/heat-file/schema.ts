/**
 * The heat file: what a recording says of each touched page, as Parquet. The schema is documented in
 * docs/heat-file.md; a change that a reader of the old one would misread raises HEAT_VERSION.
 */
import type { ColumnType } from '../parquet/columns.js';

export const HEAT_VERSION = 2;
/** Key of the file's metadata that holds a HeatFacts document. */
export const FACTS_KEY = 'octavo.heat';

/** One row per process and touched page, ascending by process and address. */
export const HEAT_COLUMNS = [
  { name: 'pid', type: 'int32' },
  { name: 'command', type: 'string' },
  { name: 'mapping', type: 'string' },
  { name: 'block_address', type: 'int64' },
  { name: 'sub_page', type: 'int32' },
  { name: 'address', type: 'int64' },
  { name: 'samples', type: 'int32' },
  { name: 'accesses', type: 'double' },
  { name: 'tlb_misses', type: 'int32' },
] as const satisfies readonly ColumnType[];

export type { HeatFacts } from './facts.js';
