/** The long part of a soak: an agent at work on programs that change, and what it takes meanwhile. */
import { LiveAgent, later } from './live-agent.js';
import { mebibytes, median, type SoakReport } from './report.js';
import type { Program, Scene } from './scene.js';

const LOOK_MS = 5000;
/** Its start and first turns are told by themselves. */
const WARM_MS = 60_000;
/** CPU time of one core, and how much the memory of the last third may be above that of the first. */
const MOST_CPU = 0.01;
const MOST_GROWTH = 0.1;
/** A p99 may be this many times that of the program that Octavo never acts on, with what a shared machine does to both. */
const MOST_P99 = 1.5;

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly rss: number;
  readonly pss: number;
}

export interface LongOptions {
  readonly minutes: number;
  readonly bloat: Program;
  readonly denied: Program;
}

/** Returns the program by the name of churn that is there at the end. */
export async function soakFor(scene: Scene, options: LongOptions, report: SoakReport): Promise<Program> {
  const { minutes, bloat, denied } = options;
  const agent = new LiveAgent(scene);
  if (!(await agent.ready())) throw new Error(`the agent did not start: ${agent.errors}`);
  const totalMs = minutes * 60_000;
  const warmMs = Math.min(WARM_MS, totalMs / 2);
  const samples: Sample[] = [];
  const gaps = { bloat: [] as number[], denied: [] as number[] };
  let churn = await scene.start('churn');
  const began = performance.now();
  /** Something changes every so often: a new slab, a restart of the other program. */
  const growMs = Math.max(5000, totalMs / 40);
  let [grownMs, churnedMs] = [began, began];
  for (let now = began; now < began + totalMs; now = performance.now()) {
    await later(Math.min(LOOK_MS, totalMs / 10));
    samples.push({ atMs: performance.now() - began, ...agent.taken() });
    if (now - grownMs > growMs) {
      gaps.bloat.push(await bloat.p99());
      gaps.denied.push(await denied.p99());
      await bloat.grow();
      grownMs = now;
    }
    if (now - churnedMs > 4 * growMs) {
      await scene.end(churn);
      churn = await scene.start('churn');
      churnedMs = now;
    }
  }
  tellTaken(report, samples, warmMs);
  await tellWork(report, agent, [bloat, churn]);
  tellGaps(report, gaps);
  const { code, tookMs } = await agent.stop();
  const found = `exit ${code} in ${tookMs?.toFixed(0) ?? 'more than 10000'} ms`;
  report.add('SIGTERM', found, '≤ 1000 ms', code === 130 && (tookMs ?? Infinity) <= 1000);
  report.facts.log = agent.errors.split('\n').slice(-40);
  return churn;
}

function tellTaken(report: SoakReport, samples: readonly Sample[], warmMs: number): void {
  const warm = samples.filter(({ atMs }) => atMs >= warmMs);
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined) {
    report.add('own CPU', 'not measured', 'measured', false);
    return;
  }
  report.add(
    'start and first turns',
    `${(first.cpuMs / 1000).toFixed(2)} s of CPU in ${(first.atMs / 1000).toFixed(0)} s`,
  );
  const share = (last.cpuMs - first.cpuMs) / (last.atMs - first.atMs);
  const over = `over ${((last.atMs - first.atMs) / 60_000).toFixed(1)} min`;
  report.add(
    'own CPU, both processes',
    `${(100 * share).toFixed(2)} % of a core ${over}`,
    '≤ 1 %',
    share > 0 && share <= MOST_CPU,
  );
  tellMemory(report, warm);
  const kept = warm.filter((_, at) => at % Math.ceil(warm.length / 60) === 0);
  report.facts.taken = { share, samples: kept };
}

function tellMemory(report: SoakReport, warm: readonly Sample[]): void {
  const third = Math.ceil(warm.length / 3);
  const early = median(warm.slice(0, third).map(({ pss }) => pss));
  const late = median(warm.slice(-third).map(({ pss }) => pss));
  const rss = Math.max(...warm.map((one) => one.rss));
  report.add(
    'own memory, both processes (PSS)',
    `${mebibytes(early)} at first, ${mebibytes(late)} at last; RSS added up ${mebibytes(rss)} at most`,
    'last third ≤ first + 10 %',
    early > 0 && late <= early * (1 + MOST_GROWTH),
  );
}

/** Figures of the agent beside what page tables say. */
async function tellWork(report: SoakReport, agent: LiveAgent, programs: readonly Program[]): Promise<void> {
  await agent.turnOf('bloat', ['acted', 'nothing-to-do'], 120_000);
  const totals =
    agent
      .status()
      ?.targets.filter(({ act }) => act)
      .map((target) => target.totals) ?? [];
  const sum = (key: string) => totals.reduce((all, one) => all + (one[key] ?? 0), 0);
  report.add('turns of targets that may be acted on', String(sum('turns')), '> 0', sum('turns') > 0);
  const share = sum('met') / Math.max(1, sum('met') + sum('notMet'));
  report.add(
    'steps met, not met (memory went meanwhile)',
    `${sum('met')}, ${sum('notMet')}`,
    '≥ 90 %',
    share >= 0.9,
  );
  report.add(
    'returned, came back (told)',
    `${mebibytes(sum('returnedBytes'))}, ${mebibytes(sum('cameBackBytes'))}`,
  );
  const still = programs.reduce((all, program) => all + program.returned(), 0);
  report.add('still returned at the end (smaps)', mebibytes(still), '> 0', still > 0);
  report.facts.totals = totals;
  const failed = sum('failures');
  report.add('turns that failed', String(failed), '0', failed === 0);
}

function tellGaps(
  report: SoakReport,
  { bloat, denied }: { bloat: readonly number[]; denied: readonly number[] },
): void {
  if (bloat.length === 0) return;
  const [touched, untouched] = [median(bloat), median(denied)];
  report.add(
    'p99 between accesses, median of windows',
    `${touched.toFixed(1)} µs; of the program that Octavo never acts on ${untouched.toFixed(1)} µs; ${bloat.length} windows`,
    `≤ ${MOST_P99} ×`,
    touched <= MOST_P99 * untouched,
  );
  report.facts.gaps = { bloat, denied };
}
