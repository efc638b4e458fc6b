/** Options and failures that the damon commands share. */

import { readDamonFeatures } from '../damon/features.js';
import { DamonSlot } from '../damon/slot.js';
import { EXIT, OctavoError } from '../vocabulary/errors.js';
import type { OctavoContext } from './context.js';
import { type ActingFlags, actingFlags } from './flags.js';

export type ShareFlags = Pick<ActingFlags, 'shareDamon'>;

export const shareFlags = { shareDamon: actingFlags.shareDamon } as const;

export const DAMON_EXITS = [
  [EXIT.notPermitted, 'this user may not write to DAMON’s files'],
  [EXIT.notAble, 'this kernel has no DAMON in sysfs'],
  [EXIT.refused, 'another tool or module has DAMON'],
] as const;

/** Throws unless DAMON is there and may be used by this user. */
export function requireDamon({ host }: OctavoContext): void {
  const { missing } = readDamonFeatures(host);
  if (missing === '') return;
  const remedy = 'A kernel with CONFIG_DAMON_SYSFS, and root.';
  throw new OctavoError('ABILITY_MISSING', { ability: 'DAMON', reason: missing, remedy });
}

/** Opens a slot, runs something with it and puts everything back, also when it throws or a signal ends it. */
export async function withSlot<Value>(
  context: OctavoContext,
  share: boolean,
  run: (slot: DamonSlot) => Promise<Value>,
): Promise<Value> {
  requireDamon(context);
  const slot = await DamonSlot.open(context.host, { share });
  if (!slot.ok) throw new OctavoError('DAMON_OCCUPIED', { ...slot.error });
  try {
    return await run(slot.value);
  } finally {
    await slot.value.close();
  }
}
