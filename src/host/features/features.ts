/**
 * What this kernel, CPU and user can do, asked once and never guessed from a version. Only reads: files are opened
 * for writing and closed again at most, advices are asked with an empty range, scans look at one page of Octavo itself.
 */
import { deepFreeze } from '../../base/freeze.js';
import { FEATURES_VERSION, type Features } from '../../vocabulary/abilities.js';
import type { Host } from '../host.js';
import { probeAdvices, probeSplitFile } from './acting.js';
import { probeDamon } from './damon.js';
import { configurationOfKernel, namesOfKernel } from './kernel-names.js';
import { probePages } from './pages.js';
import { probePmu } from './pmu.js';
import { summarise } from './summary.js';
import { mountsOf, probeSystem } from './system.js';
import { probeThp } from './thp.js';

/** Returns every finding on a host. Takes some tens of milliseconds; changes nothing. */
export function probeFeatures(host: Host): Features {
  const { files, identity } = host;
  const names = namesOfKernel(files);
  const mounts = mountsOf(files);
  const system = probeSystem(files, identity, mounts);
  const thp = probeThp(files, identity.geometry);
  const found = {
    octavo: 'features',
    version: FEATURES_VERSION,
    hostKind: identity.kind,
    architecture: identity.architecture,
    geometry: identity.geometry,
    userId: identity.userId,
    thp,
    damon: probeDamon(files, names, configurationOfKernel(files, system.kernelRelease)),
    splitFile: probeSplitFile(host, mounts, thp, names),
    advices: probeAdvices(host),
    pages: probePages(host),
    pmu: probePmu(files, system.capabilities),
    system,
  } as const;
  return deepFreeze({ ...found, summary: summarise(found) });
}
