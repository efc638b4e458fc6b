/** Asks the acting side, waits where it says that it is too soon, and tells its denials as failures of Octavo. */
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Told } from '../hands/acting-side.js';
import type { Denial } from '../hands/protocol.js';
import type { TurnWatch } from './hands.js';

/** A look that must wait for longer is left to the next turn. What took long may be looked at again only after much longer. */
const LONGEST_WAIT: Milliseconds = 900_000;

/** Throws HANDS_DENIED, TARGET_GONE for a process that is another one now, STOPPED when the agent ends. */
export async function granted<Value>(watch: TurnWatch, ask: () => Promise<Told<Value>>): Promise<Value> {
  for (let waited = 0; ; ) {
    const told = await ask();
    if (told.ok) return told.value;
    const { code, retryMs = 0 } = told.error;
    waited += retryMs;
    if (code !== 'too-soon' || retryMs === 0 || waited > LONGEST_WAIT || watch.signal.aborted)
      throw failureOf(told.error, watch);
    await watch.sleep(retryMs, watch.signal);
  }
}

function failureOf({ code, why }: Denial, { signal }: TurnWatch): OctavoError {
  if (signal.aborted) return new OctavoError('STOPPED', { signal: String(signal.reason) });
  // The acting side is there no more, and this one ends with it: nothing that the target is to blame for.
  if (code === 'cancelled') return new OctavoError('STOPPED', { signal: why });
  return new OctavoError('HANDS_DENIED', { denial: code, why });
}
