/** The `thp` part of a scenario's host: files below the THP directory and what is written to them at boot. */

import { CPUS } from '../../model/cpus/catalogue.js';
import { modelHost } from '../../model/host/model-host.js';
import { boot } from '../../model/kernel/boot.js';
import { GENERATIONS } from '../../model/kernel/damon/core/generations.js';
import { installDamon } from '../../model/kernel/damon/on-model/model-damon.js';
import { RELEASES } from '../../model/kernel/state/options.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import { MIB } from '../../vocabulary/units.js';
import { hostGeometry, type Scenario } from './scenario.js';

/** Directory of the THP settings, with its last slash. */
export const THP_ROOT = '/sys/kernel/mm/transparent_hugepage/';

/** A setting that the model's kernel did not take. */
export interface RefusedSetting {
  readonly name: string;
  readonly value: string;
  readonly errno: ErrnoName;
}

/** The first setting that the scenario's kernel refuses, tried on a small machine that is thrown away. */
export function refusedSetting({ host }: Scenario): RefusedSetting | undefined {
  const settings = Object.entries(host.thp);
  if (settings.length === 0) return undefined;
  const { files } = smallMachine(host);
  for (const [name, given] of settings) {
    const value = String(given);
    const written = files.writeKernelFile(THP_ROOT + name, value);
    if (!written.ok) return { name, value, errno: written.error.errno };
  }
  return undefined;
}

/** Below these, files come and go with processes, groups and kdamonds. */
const CHANGING = /^\/(proc\/\d|sys\/fs\/cgroup\/|sys\/kernel\/mm\/damon\/)/;

/** The first event that writes to a file that the scenario's kernel does not have. */
export function absentFile({ host, events }: Scenario): number | undefined {
  const paths = events.map(({ write }) => write?.path);
  if (paths.every((path) => path === undefined)) return undefined;
  const { files } = smallMachine(host);
  const absent = paths.findIndex(
    (path) => path !== undefined && !CHANGING.test(path) && !files.status(path).ok,
  );
  return absent < 0 ? undefined : absent;
}

function smallMachine(host: Scenario['host']) {
  const generation = GENERATIONS[host.kernel];
  const geometry = hostGeometry(host);
  const kernel = boot({
    memoryBytes: Math.max(64 * MIB, 2 * geometry.blockBytes),
    geometry,
    architecture: CPUS[host.cpu].architecture,
    features: RELEASES[generation.release],
  });
  installDamon(kernel, { generation: host.kernel });
  return modelHost(kernel);
}
