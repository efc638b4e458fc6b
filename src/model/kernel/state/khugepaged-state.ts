import type { PageNumber } from '../../../vocabulary/units.js';

/** Where khugepaged stands: its list of address spaces, and the cursor within the one it scans. */
export class KhugepagedState {
  /** Ids of registered address spaces, in order of arrival. */
  readonly list: number[] = [];
  /** Index into `list` of the one being scanned. */
  cursor = 0;
  /** Page in that address space to go on from. */
  address: PageNumber = 0;
  /** Id of the scheduled wake-up, −1 when none. */
  timer = -1;
}
