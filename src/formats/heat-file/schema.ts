/**
 * The heat file: what a recording says of each touched page, as Parquet. The schema is documented in
 * docs/heat-file.md; a change that a reader of the old one would misread raises HEAT_VERSION.
 */
import type { ColumnType } from '../parquet/columns.js';

/** Version of the heat file; a reader refuses later ones. */
export const HEAT_VERSION = 3;
/** Key of the file's metadata that holds a HeatFacts document. */
export const FACTS_KEY = 'octavo.heat';

/** One row per process, touched page and slice of time, ascending in this order. */
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
  { name: 'time_ms', type: 'int64' },
] as const satisfies readonly ColumnType[];

/** Value of time_ms in rows whose time is not known. */
export const NO_TIME = -1;
