/**
 * Everything that must hold of a model at rest, recounted from scratch. Each check reports sentences about what is
 * wrong; none means that frames, folios, mappings and counters are conserved.
 */

import type { Kernel } from '../state/kernel.js';
import { checkCounters } from './invariants-counters.js';
import { checkBuddy, checkFolios, checkLists } from './invariants-frames.js';
import { tallyMappings } from './invariants-mappings.js';

/** All violations, at most `most` of them. */
export function violations(kernel: Kernel, most = 10): string[] {
  const found: string[] = [];
  const report = (sentence: string) => {
    if (found.length < most) found.push(sentence);
  };
  const tally = tallyMappings(kernel, report);
  checkBuddy(kernel, report);
  checkFolios(kernel, tally, report);
  checkLists(kernel, report);
  checkCounters(kernel, tally, report);
  return found;
}
