/** What is done to an agent that must lose nothing by it: killed, reloaded, its disk full, its clock set, made to stand still. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { configure, LiveAgent, later, type Wanted, within } from './live-agent.js';
import { median, type SoakReport } from './report.js';
import type { Program, Scene } from './scene.js';

export interface FaultParts {
  readonly scene: Scene;
  readonly wanted: Wanted;
  readonly report: SoakReport;
  /** Draws a whole number below a bound. */
  upTo(bound: number): number;
}

/** An end of both within this time, whichever was killed. */
const MOST_END_MS = 1000;

/** Kills either process at a random moment, again and again, while there is something to do. */
export async function killMany({ scene, report, upTo }: FaultParts, bloat: Program, kills: number) {
  const ends: number[] = [];
  const killed = { acting: 0, deciding: 0, early: 0 };
  let stayed = 0;
  for (let count = 0; count < kills; count++) {
    await bloat.grow();
    const agent = new LiveAgent(scene);
    // Every third may not have become two yet.
    if (count % 3 > 0) await agent.ready(20_000);
    await later(upTo(3000));
    const { acting, deciding } = agent;
    const which = upTo(2) === 0 || deciding === undefined ? 'acting' : 'deciding';
    killed[deciding === undefined ? 'early' : which]++;
    const pids = [acting, deciding ?? acting];
    agent.signal(which === 'acting' ? acting : deciding, 'SIGKILL');
    const ms = await agent.over(pids);
    if (ms === undefined) stayed++;
    else ends.push(ms);
    for (const pid of pids) agent.signal(pid, 'SIGKILL');
    await agent.ended;
  }
  const most = Math.max(...ends);
  const found = `${killed.acting} of the acting, ${killed.deciding} of the deciding, ${killed.early} before there were two`;
  report.add(`kill -9 × ${kills}`, found);
  report.add(
    'end of the other process',
    `median ${median(ends).toFixed(0)}, at most ${most.toFixed(0)} ms, ${stayed} stayed`,
    `≤ ${MOST_END_MS} ms`,
    stayed === 0 && median(ends) <= MOST_END_MS,
  );
}

/** What is no configuration. */
const WRONG: readonly ((text: string) => string | undefined)[] = [
  (text) => text.replace('version: 1', 'version: 2'),
  (text) => text.replace('policy: return-empty', 'policy: no-such-policy'),
  (text) => `${text}  - { name: bloat, match: { command: twice } }\n`,
  (text) => `${text}\n\t- : : [`,
  (text) => text.slice(0, text.length / 2).replace(/[^\n]*$/, 'targets: ['),
  () => '',
  () => '\u0000\u0001\u0002',
  (text) => text.replace('octavo: agent', 'octavo: heat'),
  () => undefined,
];

/** Reads the configuration again and again, right and wrong ones in turn. */
export async function reloadMany({ scene, wanted, report }: FaultParts, reloads: number): Promise<void> {
  const path = scene.path('agent.yaml');
  const agent = new LiveAgent(scene);
  await agent.ready();
  const right = readFileSync(path, 'utf8');
  let [taken, refused] = [0, 0];
  for (let count = 0; count < reloads; count++) {
    const isWrong = count % 2 === 1;
    if (isWrong) write(path, WRONG[(count >> 1) % WRONG.length](right));
    else configure(scene, { ...wanted, every: `${10 + (count % 7)}s` });
    const before = agent.status()?.configuration;
    agent.signal(agent.acting, 'SIGHUP');
    const after = await within(30_000, () => {
      const now = agent.status()?.configuration;
      const isRead = isWrong
        ? now?.problem !== '' && now?.problem !== before?.problem
        : now?.problem === '' && now.loadedMs !== before?.loadedMs;
      return isRead ? now : undefined;
    });
    if (after === undefined) continue;
    if (isWrong && after.loadedMs === before?.loadedMs) refused++;
    if (!isWrong) taken++;
  }
  const wrong = reloads >> 1;
  report.add(
    `reload × ${reloads}`,
    `${taken} right ones taken, ${refused} wrong ones refused and told`,
    `${reloads - wrong}, ${wrong}`,
    taken === reloads - wrong && refused === wrong,
  );
  configure(scene, wanted);
  const acted = await agent.turnOf('bloat', ['acted', 'nothing-to-do', 'observed']);
  report.add('a turn after the reloads', agent.words('bloat'), 'taken', acted !== undefined);
  await agent.stop();
}

function write(path: string, text: string | undefined): void {
  if (text === undefined) rmSync(path, { force: true });
  else writeFileSync(path, text);
}

/** A target that ends and is started anew: each start has to be noticed. */
export async function restartMany(
  { scene, report }: FaultParts,
  churn: Program,
  restarts: number,
): Promise<Program> {
  const agent = new LiveAgent(scene);
  await agent.ready();
  await agent.turnOf('churn', ['acted', 'nothing-to-do', 'observed']);
  let program = churn;
  const took: number[] = [];
  for (let count = 0; count < restarts; count++) {
    await scene.end(program);
    await within(20_000, () => (agent.target('churn')?.processes === 0 ? true : undefined));
    program = await scene.start('churn');
    const began = performance.now();
    const seen = await within(30_000, () => ((agent.target('churn')?.processes ?? 0) > 0 ? true : undefined));
    if (seen) took.push(performance.now() - began);
  }
  // The status is written every five seconds.
  report.add(
    `target restarted × ${restarts}`,
    `each seen: ${took.length}; told in ${median(took).toFixed(0)} ms (median), ${Math.max(...took).toFixed(0)} at most`,
    'all, ≤ 5 s + 5 s of the status',
    took.length === restarts && Math.max(...took) <= 10_500,
  );
  await agent.stop();
  return program;
}

/** The wall clock is set a year ahead, two back, and right again. */
export async function jumpClock({ scene, report }: FaultParts): Promise<void> {
  const path = scene.path('clock');
  const agent = new LiveAgent(scene);
  await agent.ready();
  const YEAR_MS = 365 * 86_400_000;
  let turns = 0;
  for (const ahead of [YEAR_MS, -YEAR_MS, 0]) {
    writeFileSync(path, String(ahead));
    await within(20_000, () => (agent.errors.includes('the clock jumped') ? true : undefined));
    if (await agent.turnOf('bloat', ['acted', 'nothing-to-do', 'observed'])) turns++;
  }
  const told = agent.errors.match(/the clock jumped/g)?.length ?? 0;
  report.add(
    'clock set a year ahead, two back, right',
    `${told} told, ${turns} turns after them`,
    '3, 3',
    told === 3 && turns === 3,
  );
  await agent.stop();
  rmSync(path, { force: true });
}

/** Both processes stand still, as with a machine that sleeps, and go on. */
export async function standStill({ scene, report }: FaultParts, ms: number): Promise<void> {
  const agent = new LiveAgent(scene);
  await agent.ready();
  const pids = [agent.acting, agent.deciding ?? agent.acting];
  for (const pid of pids) agent.signal(pid, 'SIGSTOP');
  await later(ms);
  for (const pid of pids) agent.signal(pid, 'SIGCONT');
  const found = await agent.turnOf('bloat', ['acted', 'nothing-to-do', 'observed']);
  report.add(
    `stopped for ${ms / 1000} s, continued`,
    found?.last?.end ?? 'no turn',
    'goes on',
    found !== undefined,
  );
  await agent.stop();
}

/** Bytes of the file system on which the state lies while it is full. */
const SMALL = 4 * 2 ** 20;

/** State on a small file system of the agent's own that becomes full, and has room again. */
export async function fillDisk({ scene, report }: FaultParts, bloat: Program): Promise<void> {
  const agent = new LiveAgent(scene, SMALL);
  if (!(await agent.ready(20_000))) {
    report.add('full disk', `not shown: ${agent.errors.trim().split('\n').at(-1) ?? 'no mount namespace'}`);
    agent.signal(agent.acting, 'SIGKILL');
    return;
  }
  await agent.turnOf('bloat', ['acted', 'nothing-to-do']);
  const filler = `/proc/${agent.acting}/root${scene.path('state')}/filler`;
  fill(filler);
  await bloat.grow();
  const huge = () => bloat.states().filter((one) => one.huge).length;
  const before = huge();
  const trouble = await within(60_000, () => agent.status()?.troubles.find((one) => one.includes('ENOSPC')));
  report.add('full disk told', trouble ?? 'not told', 'told', trouble !== undefined);
  await agent.turnOf('bloat', ['acted', 'nothing-to-do', 'failed', 'held'], 30_000);
  report.add('acted without a journal', `${before - huge()} blocks`, '0', before === huge());
  rmSync(filler);
  const clear = await within(60_000, () => ((agent.status()?.troubles.length ?? 1) === 0 ? true : undefined));
  report.add(
    'room again',
    clear ? 'no trouble any more' : String(agent.status()?.troubles),
    'told',
    clear === true,
  );
  await agent.stop();
}

function fill(path: string): void {
  for (let bytes = 2 ** 20; bytes >= 1; bytes = Math.floor(bytes / 4))
    for (;;)
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break;
      }
}
