import * as z from 'zod';
import { SHARE_DAMON } from '../../damon/share-damon.js';
import { toggle } from '../../vocabulary/kind.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../damon-regions.js';
import { sourceKind } from '../source.js';

/** The kind of source behind `--source damon-regions`. */
export const damonRegions = sourceKind({
  brief: 'accessed bits by DAMON, for whole huge pages; starts a kdamond and clears accessed bits',
  parameters: z.strictObject({ shareDamon: toggle(SHARE_DAMON).default(DAMON_REGIONS_DEFAULTS.share) }),
  make: ({ shareDamon }, { host }) => [
    new DamonRegionsSource(host.identity.geometry, { ...DAMON_REGIONS_DEFAULTS, share: shareDamon }),
  ],
});
