import { OctavoError } from './errors.js';

/**
 * Throws STOPPED when a stop was asked for. What was looked at until then is a part of the whole and must not be given
 * out as the whole. Cheap enough for inner loops; `aborted` is true at once, also where the event loop has no turn.
 */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new OctavoError('STOPPED', { signal: String(signal.reason) });
}
