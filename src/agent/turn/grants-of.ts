/** What a configuration allows, for the acting side, which reads it by itself. */

import { KINDS } from '../../config/kinds.js';
import type { Host } from '../../host/host.js';
import { AUTO } from '../../sampling/budget.js';
import { KubeletPods } from '../../services/kubelet-pods.js';
import { ServiceReader } from '../../services/service-reader.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Bytes } from '../../vocabulary/units.js';
import type { Configuration, Target } from '../configuration/configuration.js';
import {
  type Grant,
  type Grants,
  LEAST_PAUSE_MS,
  USUAL_LOOK_SHARE,
  USUAL_SAMPLE_SHARE,
} from '../hands/grants.js';
import { LOOKS } from '../hands/protocol.js';
import { isWithin } from '../patterns/hours.js';
import { namesOf } from '../patterns/names.js';

/** Returns which processes may be acted on, and within what bounds, by the first target that fits each. */
export function grantsOf(host: Host, { targets, deny, pods }: Configuration): Grants {
  const kubelet = pods === undefined ? undefined : new KubeletPods(host, pods);
  kubelet?.poll();
  const services = new ServiceReader(host, kubelet);
  const grants = new Map(targets.map((target) => [target.name, grantOf(target)]));
  return {
    targets: targets.map(({ name, act }) => ({ name, act })),
    sampleShare: USUAL_SAMPLE_SHARE,
    grantOf({ pid, command, cgroup }: ProcessIdentity) {
      const read = () => namesOf(services.read({ pid, command }), cgroup);
      let names = read();
      if (kubelet?.isMissed === true) {
        // A file tells at once; from an address the name is there when it is asked for again.
        kubelet.poll();
        names = read();
      }
      if (deny.some((match) => match.fits(names))) return undefined;
      const target = targets.find(({ match }) => match.fits(names));
      return target && grants.get(target.name);
    },
  };
}

function grantOf(target: Target): Grant {
  const { name, act, budgets, timed, hours, sources, actuators, actuatorParameters, sourceParameters } =
    target;
  return {
    ...{ name, act, actions: ['split', 'collapse'], budgets, actuatorParameters },
    actuators: (actuators.length > 0 ? actuators : Object.keys(KINDS.actuators)) as Grant['actuators'],
    looks: sources.includes(AUTO) ? LOOKS : (sources as Grant['looks']),
    bytesPerHour: timed.bytesPerHour,
    pauseMs: LEAST_PAUSE_MS,
    readBytesPerSecond: readRateOf(sourceParameters),
    lookShare: USUAL_LOOK_SHARE,
    isOpen: (atMs) => isWithin(hours, atMs),
  };
}

function readRateOf(given: Readonly<Record<string, unknown>>): Bytes {
  const { parameters } = KINDS.sources.occupancy;
  const { readRate } = parameters.parse(given.readRate === undefined ? {} : { readRate: given.readRate });
  return Number(readRate);
}
