/** A host on which duties are done while a turn waits, and on which state lies where the configuration says. */
import type { Clock, Host } from '../../host/host.js';
import type { TurnWatch } from './hands.js';

/** By prototype: system calls are loaded when they are first used. */
export function attentive(host: Host, watch: () => TurnWatch | undefined): Host {
  const clock: Clock = {
    monotonicNs: () => host.clock.monotonicNs(),
    wallMs: () => host.clock.wallMs(),
    sleep: (duration, signal) => watch()?.sleep(duration, signal) ?? host.clock.sleep(duration, signal),
  };
  return Object.create(host, { clock: { value: clock } }) as Host;
}

/** Returns the host with another state directory; everything else is the host's own. */
export function withState(host: Host, stateDirectory: string): Host {
  return Object.create(host, { identity: { value: { ...host.identity, stateDirectory } } }) as Host;
}
