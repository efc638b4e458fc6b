/** Whether tests on live huge pages can run here, and the reason to print when they cannot. */
import { liveAbilities } from '../../demo/live-abilities.js';

export { liveAbilities };

/** The option that node:test takes: false to run, the reason otherwise. */
export function skipUnlessLive(): false | string {
  return liveAbilities().missing ?? false;
}
