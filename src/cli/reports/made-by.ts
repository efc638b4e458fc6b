/** By what and when a report was made. */
import { showInstant } from '../../vocabulary/show.js';
import type { OctavoContext } from '../context.js';
import { VERSION } from '../version.js';

/** Returns name and value of the facts at the foot of a report: the version and the time. */
export function madeBy({ host }: OctavoContext): readonly (readonly [name: string, value: string])[] {
  return [
    ['made by', `octavo ${VERSION}`],
    ['made', showInstant(host.clock.wallMs())],
  ];
}
