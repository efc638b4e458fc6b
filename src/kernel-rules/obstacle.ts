/** What the rules look at, and what they find in the way of a huge page. */
import type { Mapping } from '../vocabulary/mapping.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { PageGeometry } from '../vocabulary/units.js';

/** Name of an obstacle, for programs. */
export type ObstacleCode =
  | 'no-thp'
  | 'special-mapping'
  | 'mapping-too-small'
  | 'nohugepage'
  | 'thp-disabled'
  | 'setting'
  | 'too-many-holes'
  | 'shared-pages'
  | 'swapped-pages'
  | 'nothing-mapped'
  | 'never-written'
  | 'userfaultfd'
  | 'private-copies'
  | 'misaligned'
  | 'dax'
  | 'file-thp'
  | 'temporary-stack';

/** Something in the way of a huge page. */
export interface Obstacle {
  readonly code: ObstacleCode;
  /** One plain sentence. */
  readonly why: string;
}

/** Everything the rules look at. */
export interface BlockCase {
  readonly mapping: Mapping;
  readonly state: BlockState;
  readonly settings: ThpSettings;
  readonly geometry: PageGeometry;
  readonly thpDisabledByPrctl: boolean;
}
