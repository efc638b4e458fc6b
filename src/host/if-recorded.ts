import { OctavoError } from '../vocabulary/errors.js';

/**
 * What a look finds; undefined on a recording of before Octavo looked there, where it is unknown. For facts beside the
 * page sizes: without these a recording is of no use.
 */
export function ifRecorded<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'RECORDING_LACKS') return undefined;
    throw problem;
  }
}
