/** The modules' parameters as files: /sys/module/damon_reclaim/parameters and its like. */
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { type ModelFile, StaticDirectory } from '../../state/file-tree.js';
import type { MonitoredMemory } from '../core/monitored-memory.js';
import { type BlockingWrites, blockingWrites, type WaitFor } from '../sysfs/blocking-writes.js';
import type { DamonSystem, WriteOutcome } from '../sysfs/damon-system.js';
import { type DamonModule, RunningModule } from './damon-module.js';
import { RECLAIM } from './damon-reclaim.js';
import { LRU_SORT } from './lru-sort.js';
import type { ParameterRow } from './parameters.js';
import { STAT } from './stat.js';

const MODULES: readonly DamonModule[] = [STAT, RECLAIM, LRU_SORT];
const MODES = { readWrite: 0o600, readOnly: 0o400 } as const;

/** The modules of the system's generation, with the directory of each one's parameters by its path. */
export function moduleDirectories(
  system: DamonSystem,
  memory: MonitoredMemory,
  waitFor: WaitFor,
): {
  readonly modules: readonly RunningModule[];
  readonly directories: ReadonlyMap<string, StaticDirectory>;
} {
  const { features } = system.generation;
  const modules = MODULES.filter(({ only }) => only === undefined || features.has(only)).map(
    (module) => new RunningModule(module, system, memory),
  );
  const directories = new Map(
    modules.map((module) => [
      `/sys/module/${module.module.name}/parameters`,
      parametersDirectory(module, waitFor),
    ]),
  );
  return { modules, directories };
}

function parametersDirectory(module: RunningModule, waitFor: WaitFor): StaticDirectory {
  const directory = new StaticDirectory();
  const acting = (read: () => string, write: (text: string) => WriteOutcome): ModelFile & BlockingWrites => ({
    ...{ kind: 'file', mode: MODES.readWrite, read: () => `${read()}\n` },
    ...blockingWrites(write, waitFor),
  });
  const word = (flag: boolean) => (flag ? 'Y' : 'N');
  directory.set(
    'enabled',
    acting(
      () => word(module.isRunning),
      (text) => module.enable(text),
    ),
  );
  if (module.module.commits) {
    directory.set(
      'commit_inputs',
      acting(
        () => word(module.isCommitAsked),
        (text) => module.commitInputs(text),
      ),
    );
  }
  const { features } = module.system.generation;
  if (module.module.commits || features.has('stat-intervals')) {
    directory.set('kdamond_pid', { kind: 'file', mode: MODES.readOnly, read: () => `${module.pid}\n` });
  }
  for (const row of module.parameters.rows) directory.set(row.name, parameterFile(module, row));
  return directory;
}

function parameterFile(module: RunningModule, row: ParameterRow): ModelFile {
  const read = () => `${module.parameters.text(row.name)}\n`;
  if (row.kind === 'result') return { kind: 'file', mode: MODES.readOnly, read };
  const takesEnable = module.system.generation.booleanTakesEnable;
  const write = (text: string): ErrnoName | undefined => module.parameters.write(row, text, takesEnable);
  return { kind: 'file', mode: MODES.readWrite, read, write };
}
