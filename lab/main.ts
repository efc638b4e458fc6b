/** `npm run lab`: boots real kernels and runs the conformance scenarios in them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SCENARIOS } from '../test/conformance/catalogue.js';
import type { Scenario } from '../test/conformance/scenario.js';
import { againstModel } from './against.js';
import { fetchKernel, LabUnavailable } from './apt.js';
import { LAB_KERNELS, labKernel } from './kernels.js';
import { builtOctavoKernel, OCTAVO_SERIES, octavoKernel } from './octavo-kernel.js';
import { findQemu, QEMU } from './qemu.js';
import { printRuns } from './report.js';
import { type LabRun, runLab } from './run.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');
const CACHE = join(ROOT, '.cache', 'lab');
const MINUTES_PER_KERNEL = 45;

const HELP = `npm run lab [-- OPTIONS]
  --kernel SERIES     ${LAB_KERNELS.map(({ series }) => series).join(', ')}, ${OCTAVO_SERIES} (built from source with the series of kernel/)
                      or all of them, the last if it has been built before (default: the first)
  --scenario NAME     one scenario, may be given more than once (default: all)
  --image FILE        boot this kernel image instead; --kernel says which column of differences it is held to
  --against model     set the rows beside the model kernel's
  --if-built          leave kernels out that would have to be built first, unless OCTAVO_LAB_KERNEL=1
  --short             only the scenarios of the short pass
  --list              print the scenarios and end
  --json              print the runs as JSON`;

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
    image: { type: 'string' },
    against: { type: 'string' },
    'if-built': { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosenScenarios(): Scenario[] {
  const named = values.scenario ?? [];
  const unknown = named.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new LabUnavailable(`no scenario ${unknown.join(', ')}; see --list`);
  return SCENARIOS.filter(({ name, short }) =>
    named.length > 0 ? named.includes(name) : short || !values.short,
  );
}

function chosenSeries(): string[] {
  const wanted = values.kernel ?? [LAB_KERNELS[0].series];
  const series = wanted.includes('all') ? everySeries() : wanted;
  return values['if-built'] && !mayBuild() ? series.filter((name) => name !== OCTAVO_SERIES) : series;
}

function everySeries(): string[] {
  return [...LAB_KERNELS.map(({ series }) => series), ...(mayBuild() ? [OCTAVO_SERIES] : [])];
}

/** A kernel build takes minutes: done when asked for, free when it has been done before. */
function mayBuild(): boolean {
  return process.env.OCTAVO_LAB_KERNEL === '1' || builtOctavoKernel(ROOT, CACHE) !== undefined;
}

async function imageOf(series: string): Promise<string> {
  if (values.image) return values.image;
  if (series === OCTAVO_SERIES) return octavoKernel(ROOT, CACHE, say);
  const kernel = labKernel(series);
  if (!kernel) throw new LabUnavailable(`no kernel ${series} in lab/kernels.ts`);
  return fetchKernel(kernel, CACHE, say);
}

const say = (line: string) => console.error(`lab: ${line}`);

async function main(): Promise<number> {
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.list) {
    for (const { name, says, short } of SCENARIOS)
      console.log(`${name}${short ? ' (short pass)' : ''}\n    ${says}`);
    return 0;
  }
  const scenarios = chosenScenarios();
  const everything = chosenSeries();
  if (everything.length === 0) {
    say(`skipped: the kernel ${OCTAVO_SERIES} has not been built here; OCTAVO_LAB_KERNEL=1 builds it`);
    return 0;
  }
  if (!findQemu()) throw new LabUnavailable(`${QEMU} is not installed: apt-get install qemu-system-x86`);
  const runs: LabRun[] = [];
  for (const series of everything) {
    const timeoutMs = MINUTES_PER_KERNEL * 60_000;
    const kernel = await imageOf(series);
    runs.push(await runLab({ series, kernel, scenarios, root: ROOT, cache: CACHE, timeoutMs, say }));
  }
  if (values.against !== undefined && values.against !== 'model') {
    throw new LabUnavailable(`--against ${values.against}: only the model can be compared with`);
  }
  if (values.json) console.log(JSON.stringify(runs, undefined, 2));
  else printRuns(runs);
  if (values.against) {
    for (const run of runs) for (const line of await againstModel(run, scenarios)) console.log(line);
  }
  return runs.every((run) => run.results.every(({ verdict }) => verdict === 'as declared')) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (problem) {
  if (!(problem instanceof LabUnavailable)) throw problem;
  say(problem.message);
  process.exitCode = 2;
}
