/** Who takes turns: with both sides in one process (on the model, in tests, where they cannot be split), or in two. */
import type { TurnRequest } from '../../config/assemble.js';
import type { Host } from '../../host/host.js';
import type { ProcessId } from '../../vocabulary/units.js';
import { loadConfiguration } from '../configuration/read.js';
import type { Connection } from '../hands/connect.js';
import { Performer } from '../hands/performer.js';
import { attentive, withState } from './attentive.js';
import { grantsOf } from './grants-of.js';
import type { Hands, TurnWatch } from './hands.js';
import { TurnHands } from './turn-hands.js';

/** `file`: the configuration, which the acting side reads by itself. `extra`: what only the caller knows of a host. */
export function handsHere(host: Host, file: string, state: string, extra?: Partial<TurnRequest>): Hands {
  let watch: TurnWatch | undefined;
  const patient = withState(
    attentive(host, () => watch),
    state,
  );
  const acting = new Performer({
    host: patient,
    readGrants: () => grantsOf(host, loadConfiguration(host, file)),
  });
  return new TurnHands({
    ...{ host: patient, acting, mind: state, processes: [], turnsAtOnce: 1 },
    ...(extra === undefined ? {} : { extra }),
    attend: (now) => {
      watch = now;
    },
  });
}

/** Turns that go on at the same time: a look that takes long keeps no other target waiting. */
const TURNS_AT_ONCE = 4;

/** The acting side is another process. `state`: the directory of this one. */
export function handsThere(host: Host, acting: Connection, state: string, actingPid: ProcessId): Hands {
  return new TurnHands({
    ...{ host: withState(host, state), acting, mind: state, processes: [actingPid] },
    turnsAtOnce: TURNS_AT_ONCE,
  });
}
