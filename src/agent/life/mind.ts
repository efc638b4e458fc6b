/** Where what the agent has learned lies: the deciding side of two has a directory of its own in that of the state. */
import type { Host } from '../../host/host.js';

/** Below the state directory, what is the deciding side's own. */
export const DECIDING = 'deciding';

/** The directory of beliefs and costs of the agent whose state directory this is. */
export function mindDirectory({ files }: Host, state: string): string {
  const deciding = `${state}/${DECIDING}`;
  const status = files.status(deciding);
  return status.ok && status.value.kind === 'directory' ? deciding : state;
}
