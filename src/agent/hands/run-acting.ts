/** The acting process of a live host, from its start to its end. */
import type { Channel } from '../../host/channel.js';
import type { Host } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Grants } from './grants.js';
import { Performer } from './performer.js';
import type { Wish } from './protocol.js';
import { serve } from './serve.js';

/** The deciding side may take so long to end by itself once it is asked to. */
const ASKED_MS: Milliseconds = 500;

/** What the acting process of a live host is made of. */
export interface ActingParts {
  readonly host: Host;
  readonly channel: Channel;
  readGrants(): Grants;
  /** Is given what to call for the host's signals: `end` and, for a new configuration, `reload`. */
  hear(heard: (wish: Wish) => void): void;
  /** Plain sentences about refusals and the end. */
  tell(what: string): void;
}

/** Serves until either side ends. Throws what `readGrants` throws. Everything is put back then. */
export async function runActing({ host, channel, readGrants, hear, tell }: ActingParts): Promise<string> {
  const ending = new AbortController();
  const acting = new Performer({ host, readGrants });
  let pass: (wish: Wish) => void = () => undefined;
  hear((wish) => {
    // Its own configuration first: what it allows must not lag behind what the other side plans by.
    if (wish === 'reload') void acting.reload().then(() => pass(wish));
    else {
      pass(wish);
      void host.clock.sleep(ASKED_MS, ending.signal).then(() => ending.abort('SIGTERM'));
    }
  });
  return serve({
    ...{ channel, acting, clock: host.clock, signal: ending.signal, tell },
    wishes: (given) => {
      pass = given;
    },
  });
}
