/** What a run gave back, by page tables and by what the system says of its memory. */
import { type Regret, shareOf } from '../../planning/regret.js';
import type { SystemMemory, Verdict } from '../../vocabulary/plan.js';
import { type Bytes, MIB } from '../../vocabulary/units.js';
import { showBytes, showChange } from './units.js';

/** Differences below this are those of counters kept per CPU and of other processes. */
const NOISE: Bytes = 4 * MIB;

/** Bytes that page and frame tables say went back; undefined when no verdict knows. */
export function returnedBytes(verdicts: readonly Verdict[]): Bytes | undefined {
  const known = verdicts.flatMap(({ returnedBytes: bytes }) => bytes ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0);
}

/** `returned to the system 787.5 MiB`, `taken from the system 2 MiB`. */
export function showReturned(verdicts: readonly Verdict[]): string {
  const bytes = returnedBytes(verdicts);
  if (bytes === undefined) return 'returned to the system: unknown';
  return bytes < 0
    ? `taken from the system ${showBytes(-bytes)}`
    : `returned to the system ${showBytes(bytes)}`;
}

/** The charge and free memory around the run; empty when the system tells neither. */
export function showSystemMemory({ cgroups, free }: SystemMemory, returned: Bytes | undefined): string {
  const charged = cgroups.map(
    ({ path, beforeBytes, afterBytes }) => `charge of cgroup ${path} ${showChange(afterBytes - beforeBytes)}`,
  );
  const freed = free ? [`free memory of the host ${showChange(free.afterBytes - free.beforeBytes)}`] : [];
  const told = [...charged, ...freed].join(', ');
  if (told === '') return '';
  return `The system says: ${told}${shortfall(cgroups, returned)}`;
}

/** Memory that went back and was in use again before the run was over. */
function shortfall(cgroups: SystemMemory['cgroups'], returned: Bytes | undefined): string {
  if (cgroups.length === 0 || returned === undefined || returned <= 0) return '';
  const fell = cgroups.reduce((sum, { beforeBytes, afterBytes }) => sum + beforeBytes - afterBytes, 0);
  const missing = returned - fell;
  if (missing <= Math.max(NOISE, returned / 50)) return '';
  return `; ${showBytes(missing)} were taken again or charged anew by the end of the run`;
}

/** Notes of a plan about memory that earlier splits returned: how much of it is in use again, and what follows. */
export function cameBackNotes(found: readonly Regret[]): readonly string[] {
  return found
    .filter(({ cameBackBytes }) => cameBackBytes > 0)
    .map((regret) => {
      const { pid, cameBackBytes, returnedBytes: returned, afterMs, times } = regret;
      const share = `${showBytes(cameBackBytes)} of ${showBytes(returned)} (${Math.round(100 * shareOf(regret))} %)`;
      const age = `${Math.round(afterMs / 1000)} s after the last run`;
      const rest = times > 0 ? '; its zero-filled blocks are left alone for a while' : '';
      return `${share} that earlier splits returned are in use again by process ${pid}, ${age}${rest}`;
    });
}
