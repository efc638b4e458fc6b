/** Parts of the policy that a comparison switches off one by one, to see what each brings. On a host all are on. */

import * as z from 'zod';
import { toggle } from '../../vocabulary/kind.js';

const part = (brief: string) => toggle({ brief }).default(true);

/** All parts, each a switch. */
export const PARTS = {
  memory: part('beliefs that are carried from turn to turn'),
  doubt: part('a probability of 0.9 before anything is changed'),
  twoRounds: part('changes beyond the clear ones only as far as the goal needs them'),
  khugepaged: part('what khugepaged takes again'),
  refaults: part('faults on pages that are given back'),
  observedWalks: part('samples that missed the TLB'),
  tables: part('walks that take longer the more page tables are in use'),
  parity: part('no larger share of the time than of the memory'),
} as const;

const SCHEMA = z.strictObject(PARTS);

/** Which parts are on. */
export type Parts = z.output<typeof SCHEMA>;

/** Every part is on, as on a host. */
export const ALL_PARTS: Parts = Object.freeze(SCHEMA.parse({}));
