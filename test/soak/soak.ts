/**
 * A real agent against programs that change, for as long as wanted, and then everything that may happen to it: what it takes,
 * what it does, and that nothing is lost and nothing foreign is touched.
 */
import { xorshift } from '../support/random.js';
import {
  type FaultParts,
  fillDisk,
  jumpClock,
  killMany,
  reloadMany,
  restartMany,
  standStill,
} from './faults.js';
import { journalTruth } from './journals.js';
import { configure, LiveAgent } from './live-agent.js';
import { soakFor } from './long.js';
import { type Row, SoakReport } from './report.js';
import { kernelSettings, type Program, Scene } from './scene.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly kills: number;
  readonly reloads: number;
  readonly restarts: number;
  /** Targets that are only watched, beside the two that are acted on. */
  readonly watched: number;
  readonly seed: number;
  tell(row: Row): void;
}

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const report = new SoakReport(options.tell);
  const settings = kernelSettings();
  const scene = new Scene();
  try {
    const watched = Array.from({ length: options.watched }, (_, index) => scene.quiet(index));
    const wanted = { every: '10s', lockShare: '5%', cpu: '1%', watched };
    configure(scene, wanted);
    const foreign = [await scene.start('denied', 2), await scene.start('stranger', 2)];
    const bloat = await scene.start('bloat', 2);
    const churn = await soakFor(scene, { minutes: options.minutes, bloat, denied: foreign[0] }, report);
    const draw = xorshift(options.seed);
    // An agent that has just started has used up its share: what comes after a fault is not to be waited for.
    const parts: FaultParts = {
      scene,
      report,
      wanted: { ...wanted, cpu: '50%' },
      upTo: (bound) => draw() % bound,
    };
    const programs = [bloat, await faults(parts, options, bloat, churn)];
    await tellRest(report, scene, programs, foreign);
    report.add(
      'settings of the kernel',
      settings === kernelSettings() ? 'as they were' : kernelSettings(),
      'as they were',
      settings === kernelSettings(),
    );
    return report;
  } finally {
    await scene.close();
  }
}

async function faults(
  parts: FaultParts,
  options: SoakOptions,
  bloat: Program,
  churn: Program,
): Promise<Program> {
  const { scene, wanted, report } = parts;
  // Slow, so that kills come into the middle of runs.
  configure(scene, { ...wanted, lockShare: '0.1%' });
  await killMany(parts, bloat, options.kills);
  configure(scene, wanted);
  const agent = new LiveAgent(scene);
  const turn = await agent.turnOf('bloat', ['acted', 'nothing-to-do'], 120_000);
  report.add('a turn after the kills', agent.words('bloat'), 'taken', turn !== undefined);
  await agent.stop();
  tellJournals(report, scene, [bloat, churn], 'after the kills');
  await reloadMany(parts, options.reloads);
  const last = await restartMany(parts, churn, options.restarts);
  await jumpClock(parts);
  await standStill(parts, 10_000);
  tellJournals(report, scene, [bloat, last], 'before the full disk');
  await fillDisk(parts, bloat);
  return last;
}

function tellJournals(report: SoakReport, scene: Scene, programs: readonly Program[], when: string): void {
  const { runs, unsettled, damaged, split, wrong } = journalTruth(scene.path('state'), programs);
  report.add(
    `journals ${when}`,
    `${runs} runs, ${split} blocks split; ${unsettled} unsettled, ${damaged} damaged, ${wrong} blocks otherwise in page tables`,
    '0, 0, 0',
    unsettled === 0 && damaged === 0 && wrong === 0,
  );
}

async function tellRest(
  report: SoakReport,
  scene: Scene,
  programs: readonly Program[],
  foreign: readonly Program[],
): Promise<void> {
  const untouched = foreign.every((program) => program.isAsMade());
  report.add(
    'programs that are no targets',
    untouched ? 'all blocks as they were made' : 'changed',
    'untouched',
    untouched,
  );
  for (const program of [...programs, ...foreign]) await program.checkAll();
  const errors = [...programs, ...foreign].reduce((sum, program) => sum + program.errors, 0);
  report.add('wrong bytes in any program', String(errors), '0', errors === 0);
  const agent = new LiveAgent(scene);
  await agent.ready();
  const notes = agent.errors.split('\n').filter((line) => /damaged|set aside|begin anew/.test(line));
  report.add('state after all of it', notes[0] ?? 'read as it was kept', 'whole', notes.length === 0);
  await agent.stop();
}
