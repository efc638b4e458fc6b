/** `npm run lab`: boots real kernels and runs the conformance scenarios in them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, type Architecture } from '../src/model/kernel/state/options.js';
import { SCENARIOS } from '../test/conformance/catalogue.js';
import type { Scenario } from '../test/conformance/scenario.js';
import { againstModel, type Compared, describeCompared } from './against.js';
import { runAgentService, serviceProblems } from './agent-service.js';
import { fetchKernel, LabUnavailable } from './apt.js';
import { arm64Programs } from './arm64-guest.js';
import { ARM_KERNELS, kernelsOf, LAB_KERNELS, labKernel } from './kernels.js';
import { runMachines } from './machine-runs.js';
import { LAB_MACHINES } from './machines.js';
import { runModelTools } from './model-tools.js';
import { checkNeeds, needsOf } from './needs.js';
import { builtOctavoKernel, OCTAVO_SERIES, octavoKernel } from './octavo-kernel.js';
import { exitCodeOf, printRuns } from './report.js';
import { type LabRequest, type LabRun, runLab } from './run.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');
const CACHE = join(ROOT, '.cache', 'lab');
const MINUTES_PER_KERNEL = 45;

const HELP = `npm run lab [-- OPTIONS]
  --arch ARCH         x64 or arm64 (default: x64): kernels of ${ARM_KERNELS.map(({ series }) => series).join(', ')} in qemu-system-aarch64
  --kernel SERIES     ${LAB_KERNELS.map(({ series }) => series).join(', ')}, ${OCTAVO_SERIES} (built from source with the series of kernel/)
                      or all of them, the last if it has been built before (default: the first)
  --machine NAME      another machine than the usual one, with its own kernel and scenarios (see --list), or all of them
  --scenario NAME     one scenario, may be given more than once (default: all)
  --image FILE        boot this kernel image instead; --kernel says which column of differences it is held to
  --cpus N            CPUs of the machine (default: 2)
  --memory MIB        its memory (default: 2048, arm64 6144)
  --append WORDS      further words of the kernel's command line, for example lockdown=integrity
  --against model     set the rows beside the model kernel's
  --agent             the agent's systemd unit under systemd of this machine's packages: boot, act, reload, stop
  --model-tools       damo's own tests and the kernel's selftests of DAMON, fetched now, against the model
  --if-built          leave kernels out that would have to be built first, unless OCTAVO_LAB_KERNEL=1
  --short             only the scenarios of the short pass
  --list              print the scenarios and end
  --json              print the runs as JSON

Exit codes: 0 all as declared, 1 not so (or the model differs), 2 the lab cannot be had here or wrong usage.`;

const OPTIONS = {
  arch: { type: 'string', default: 'x64' },
  kernel: { type: 'string', multiple: true },
  machine: { type: 'string', multiple: true },
  scenario: { type: 'string', multiple: true },
  image: { type: 'string' },
  cpus: { type: 'string' },
  memory: { type: 'string' },
  append: { type: 'string' },
  against: { type: 'string' },
  agent: { type: 'boolean', default: false },
  'model-tools': { type: 'boolean', default: false },
  'if-built': { type: 'boolean', default: false },
  short: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Options = ReturnType<typeof options>;

function options() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (problem) {
    throw new LabUnavailable(`${(problem as Error).message.split('. To ')[0]}; see --help`);
  }
}

function chosenScenarios(values: Options): Scenario[] {
  const named = values.scenario ?? [];
  const unknown = named.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new LabUnavailable(`no scenario ${unknown.join(', ')}; see --list`);
  return SCENARIOS.filter(({ name, short }) =>
    named.length > 0 ? named.includes(name) : short || !values.short,
  );
}

function architectureOf({ arch }: Options): Architecture {
  const found = ARCHITECTURES.find((name) => name === arch);
  if (found === undefined) throw new LabUnavailable(`--arch ${arch}: ${ARCHITECTURES.join(' or ')}`);
  return found;
}

function chosenSeries(values: Options): string[] {
  const architecture = architectureOf(values);
  const wanted = values.kernel ?? [kernelsOf(architecture)[0].series];
  const series = wanted.includes('all') ? everySeries(architecture) : wanted;
  const isBuilt = (name: string) => architecture === 'x64' && name === OCTAVO_SERIES;
  const unknown = series.filter((name) => !isBuilt(name) && !labKernel(name, architecture));
  if (unknown.length > 0) {
    throw new LabUnavailable(`no kernel ${unknown.join(', ')} in lab/kernels.ts; see --help`);
  }
  return values['if-built'] && !mayBuild() ? series.filter((name) => name !== OCTAVO_SERIES) : series;
}

function everySeries(architecture: Architecture): string[] {
  const packaged = kernelsOf(architecture).map(({ series }) => series);
  return architecture === 'x64' && mayBuild() ? [...packaged, OCTAVO_SERIES] : packaged;
}

/** A kernel build takes minutes: done when asked for, free when it has been done before. */
function mayBuild(): boolean {
  return process.env.OCTAVO_LAB_KERNEL === '1' || builtOctavoKernel(ROOT, CACHE) !== undefined;
}

async function imageOf(series: string, values: Options): Promise<string> {
  if (values.image) return values.image;
  if (series === OCTAVO_SERIES) return octavoKernel(ROOT, CACHE, say);
  const kernel = labKernel(series, architectureOf(values));
  if (!kernel) throw new LabUnavailable(`no kernel ${series} in lab/kernels.ts`);
  return fetchKernel(kernel, CACHE, say);
}

/** What of the machine was asked to be other than usual. */
function machineOf({ cpus, memory, append }: Options): NonNullable<LabRequest['machine']> {
  return {
    ...(cpus === undefined ? {} : { cpus: wholeNumber('--cpus', cpus) }),
    ...(memory === undefined ? {} : { memoryMiB: wholeNumber('--memory', memory) }),
    ...(append === undefined ? {} : { append }),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new LabUnavailable(`${option} ${text}: a whole number above 0`);
  return Number(text);
}

/** The unit under systemd, in the first of the chosen kernels: what it told, and whether that is as it must be. */
async function agentUnit(values: Options): Promise<number> {
  const kernel = await imageOf(chosenSeries(values)[0], values);
  const facts = await runAgentService(kernel, ROOT, MINUTES_PER_KERNEL * 60_000);
  for (const [name, value] of facts) console.log(`${name}: ${value}`);
  const problems = serviceProblems(facts);
  for (const problem of problems) say(problem);
  return problems.length > 0 ? 1 : 0;
}

function list(): void {
  for (const { name, says, short } of SCENARIOS)
    console.log(`${name}${short ? ' (short pass)' : ''}\n    ${says}`);
  console.log('\nmachines (--machine):');
  for (const { name, says, scenarios } of LAB_MACHINES)
    console.log(`${name}: ${says}\n    ${scenarios.join(', ')}`);
}

async function machines(names: readonly string[], json: boolean): Promise<number> {
  const timeoutMs = MINUTES_PER_KERNEL * 60_000;
  const runs = await runMachines({ names, root: ROOT, cache: CACHE, timeoutMs, say });
  if (json) console.log(JSON.stringify(runs, undefined, 2));
  else for (const run of runs) printRuns([run]);
  return exitCodeOf(runs);
}

const say = (line: string) => console.error(`lab: ${line}`);

async function main(): Promise<number> {
  const values = options();
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.list) {
    list();
    return 0;
  }
  if (values.machine) return machines(values.machine, values.json);
  if (values['model-tools']) return runModelTools(ROOT, CACHE, say);
  if (values.agent) return agentUnit(values);
  const scenarios = chosenScenarios(values);
  const chosen = chosenSeries(values);
  if (chosen.length === 0) {
    say(`skipped: the kernel ${OCTAVO_SERIES} has not been built here; OCTAVO_LAB_KERNEL=1 builds it`);
    return 0;
  }
  if (values.against !== undefined && values.against !== 'model') {
    throw new LabUnavailable(`--against ${values.against}: only the model can be compared with`);
  }
  const architecture = architectureOf(values);
  const builds = chosen.includes(OCTAVO_SERIES) && builtOctavoKernel(ROOT, CACHE) === undefined;
  checkNeeds(needsOf(architecture, builds && values.image === undefined));
  const guest = architecture === 'arm64' ? { architecture, programs: arm64Programs(ROOT, CACHE, say) } : {};
  const machine = machineOf(values);
  const runs: LabRun[] = [];
  const compared: Compared[] = [];
  for (const series of chosen) {
    const kernel = await imageOf(series, values);
    const timeoutMs = MINUTES_PER_KERNEL * 60_000;
    const run = await runLab({
      ...guest,
      machine,
      series,
      kernel,
      scenarios,
      root: ROOT,
      cache: CACHE,
      timeoutMs,
      say,
    });
    runs.push(run);
    if (values.against) compared.push(...(await againstModel(run, scenarios, say, architecture)));
  }
  if (values.json) console.log(JSON.stringify(values.against ? { runs, compared } : runs, undefined, 2));
  else {
    printRuns(runs);
    for (const line of compared.flatMap(describeCompared)) console.log(line);
  }
  return compared.some(({ differing }) => differing.length > 0) ? 1 : exitCodeOf(runs);
}

try {
  process.exitCode = await main();
} catch (problem) {
  if (!(problem instanceof LabUnavailable)) throw problem;
  say(problem.message);
  process.exitCode = 2;
}
