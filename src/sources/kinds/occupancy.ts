import * as z from 'zod';
import { size } from '../../vocabulary/kind.js';
import { OCCUPANCY_DEFAULTS, OccupancySource } from '../occupancy.js';
import { sourceKind } from '../source.js';

/** Content is what can be had on any host. */
export const occupancy = sourceKind({
  brief: 'content: which sub-pages of huge pages hold anything but zeroes',
  parameters: z.strictObject({
    readRate: size({
      brief: 'bytes per second that may be read',
      placeholder: 'bytes',
      min: 1024,
      max: 2 ** 40,
    }).default(OCCUPANCY_DEFAULTS.bytesPerSecond),
  }),
  make: ({ readRate }, { only }) => [
    new OccupancySource({ bytesPerSecond: readRate, ...(only === undefined ? {} : { only }) }),
  ],
});
