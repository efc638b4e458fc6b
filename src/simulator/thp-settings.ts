/** The `thp` part of a scenario's host: files below the THP directory and what is written to them at boot. */
import type { ErrnoName } from '../vocabulary/errno.js';
import { GEOMETRY_4K, MIB } from '../vocabulary/units.js';
import { CPUS } from './cpus/catalogue.js';
import { boot } from './kernel/boot.js';
import { GENERATIONS } from './kernel/damon/generations.js';
import { RELEASES } from './kernel/options.js';
import { modelHost } from './model-host.js';
import type { Scenario } from './scenario.js';

export const THP_ROOT = '/sys/kernel/mm/transparent_hugepage/';

export interface RefusedSetting {
  readonly name: string;
  readonly value: string;
  readonly errno: ErrnoName;
}

/** The first setting that the scenario's kernel refuses, tried on a small machine that is thrown away. */
export function refusedSetting({ host }: Scenario): RefusedSetting | undefined {
  const settings = Object.entries(host.thp);
  if (settings.length === 0) return undefined;
  const kernel = boot({
    memoryBytes: 64 * MIB,
    geometry: GEOMETRY_4K,
    architecture: CPUS[host.cpu].architecture,
    features: RELEASES[GENERATIONS[host.kernel].release],
  });
  const { files } = modelHost(kernel);
  for (const [name, given] of settings) {
    const value = String(given);
    const written = files.writeKernelFile(THP_ROOT + name, value);
    if (!written.ok) return { name, value, errno: written.error.errno };
  }
  return undefined;
}
