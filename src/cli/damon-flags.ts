/** Options and failures that the damon commands share. */

import { KDAMONDS } from '../damon/kernel-files.js';
import { SHARE_DAMON } from '../damon/share-damon.js';
import { DamonSlot } from '../damon/slot.js';
import { EXIT, OctavoError } from '../vocabulary/errors.js';
import type { OctavoContext } from './context.js';
import { fieldFlags } from './field-flags.js';

/** Parsed value of `--share-damon`. */
export type ShareFlags = { readonly shareDamon?: boolean };

/** Declaration of `--share-damon`, for commands that only use DAMON. */
export const shareFlags = fieldFlags({ shareDamon: SHARE_DAMON });

/** Exit codes that the damon commands add to the usual ones, for their help. */
export const DAMON_EXITS = [
  [EXIT.notPermitted, 'this user may not write to DAMON’s files'],
  [EXIT.notAble, 'this kernel has no DAMON in sysfs'],
  [EXIT.refused, 'another tool or module has DAMON'],
] as const;

/** Throws unless DAMON is there and may be used by this user: its files may be read, or written as well. */
export function requireDamon({ host }: OctavoContext, use: 'reading' | 'writing' = 'writing'): void {
  const answer = use === 'reading' ? host.files.readText(COUNT) : host.files.canWrite(COUNT);
  if (answer.ok) return;
  const { call, errno } = answer.error;
  if (errno === 'EACCES' || errno === 'EPERM')
    throw new OctavoError('PERMISSION', { call, errno, needs: 'root' });
  const reason = errno === 'ENOENT' ? `no ${KDAMONDS} (CONFIG_DAMON_SYSFS)` : `${COUNT}: ${errno}`;
  const remedy =
    errno === 'EROFS'
      ? 'Mount /sys for writing, or run outside the container.'
      : 'A kernel with CONFIG_DAMON_SYSFS.';
  throw new OctavoError('ABILITY_MISSING', { ability: 'DAMON', reason, remedy });
}

const COUNT = `${KDAMONDS}/nr_kdamonds`;

/** Opens a slot, runs something with it and puts everything back, also when it throws or a signal ends it. */
export async function withSlot<Value>(
  context: OctavoContext,
  share: boolean | undefined,
  run: (slot: DamonSlot) => Promise<Value>,
): Promise<Value> {
  requireDamon(context);
  const slot = await DamonSlot.open(context.host, { share: share === true });
  if (!slot.ok) throw new OctavoError('DAMON_OCCUPIED', { ...slot.error });
  try {
    return await run(slot.value);
  } finally {
    await slot.value.close();
  }
}
