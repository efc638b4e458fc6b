/** Runs the machines of lab/machines.ts, and says what their rows are held to. */
import { linuxHost } from '../src/host/linux/linux-host.js';
import { runInProcess } from '../test/conformance/command-run.js';
import { type ModelRelease, modelStage } from '../test/conformance/model-stage.js';
import type { Rows, Scenario } from '../test/conformance/scenario.js';
import type { Stage } from '../test/conformance/stage.js';
import { fetchKernel, LabUnavailable } from './apt.js';
import { arm64Programs } from './arm64-guest.js';
import { labKernel } from './kernels.js';
import { LAB_MACHINES, type LabMachine, labMachine, scenariosOf } from './machines.js';
import { modulesFor } from './modules.js';
import { checkNeeds, MODULE_NEEDS, type Need, needsOf } from './needs.js';
import { type LabRun, runLab } from './run.js';

export interface MachineRequest {
  readonly names: readonly string[];
  readonly root: string;
  readonly cache: string;
  readonly timeoutMs: number;
  say(line: string): void;
}

export function chosenMachines(names: readonly string[]): readonly LabMachine[] {
  if (names.includes('all')) return LAB_MACHINES;
  const unknown = names.filter((name) => !labMachine(name));
  if (unknown.length > 0) throw new LabUnavailable(`no machine ${unknown.join(', ')}; see --list`);
  return LAB_MACHINES.filter(({ name }) => names.includes(name));
}

/** One after the other; each run is named after its machine. */
export async function runMachines({ names, ...request }: MachineRequest): Promise<readonly LabRun[]> {
  const machines = chosenMachines(names);
  checkNeeds(needsOfMachines(machines));
  const runs: LabRun[] = [];
  for (const machine of machines)
    runs.push({ ...(await runMachine(machine, request)), series: machine.name });
  return runs;
}

/** Exported for its test. */
export function needsOfMachines(machines: readonly LabMachine[]): readonly Need[] {
  const architectures = [...new Set(machines.map(({ architecture }) => architecture))];
  const hasModules = machines.some(({ setup }) => setup.zramMiB !== undefined);
  return [...architectures.flatMap((name) => needsOf(name, false)), ...(hasModules ? MODULE_NEEDS : [])];
}

async function runMachine(machine: LabMachine, request: Omit<MachineRequest, 'names'>): Promise<LabRun> {
  const { architecture, series, setup } = machine;
  const { cache, root, say } = request;
  const kernel = labKernel(series, architecture);
  if (!kernel) throw new Error(`no kernel ${series} for ${architecture}`);
  const scenarios = scenariosOf(machine);
  say(`${machine.name}: ${machine.says}`);
  return runLab({
    ...request,
    ...(architecture === 'arm64' ? { architecture, programs: arm64Programs(root, cache, say) } : {}),
    series,
    machine: machine.boot,
    kernel: fetchKernel(kernel, cache, say),
    setup: { setup, modules: setup.zramMiB === undefined ? [] : modulesFor('zram', cache, say) },
    scenarios,
    expected: await heldTo(machine, scenarios),
  });
}

/** Rows that are not declared: the model's, and those that are alike everywhere, as they are here. */
async function heldTo(machine: LabMachine, scenarios: readonly Scenario[]): Promise<Record<string, Rows>> {
  const rows: Record<string, Rows> = {};
  for (const scenario of scenarios) {
    if (scenario.everywhereAlike) rows[scenario.name] = await scenario.run(hereStage());
    else if (machine.heldTo === 'model') rows[scenario.name] = await scenario.run(modelOf(machine, scenario));
  }
  return rows;
}

function modelOf({ series, architecture }: LabMachine, { asBooted = false }: Scenario): Stage {
  return modelStage(series as ModelRelease, () => undefined, { asBooted, architecture });
}

/** This machine, for what needs nothing of it but its CPU and files. */
function hereStage(): Stage {
  const host = linuxHost();
  const none = () => Promise.reject(new Error('this machine is no stage for scenarios that act'));
  return {
    host,
    kernel: 'here',
    startWorkload: none,
    octavo: (words) => runInProcess(host, words),
    killOctavoHoldingDamon: none,
    note: () => undefined,
  };
}
