import { dumpTree, KDAMONDS } from '../../../src/damon/kernel-files.js';
import type { Host } from '../../../src/host/host.js';
import { ForeignKdamond } from '../foreign-kdamond.js';
import { must } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { blocksOf } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 4;
const FILE = '/tmp/octavo-shown.json';

/** `octavo damon` as a person uses it: what it prints, its exit codes, and that nothing of it stays. */
export const damonCommands: Scenario = {
  name: 'damon-commands',
  says: 'octavo damon status, show, apply and heatmap: another tool\u2019s parameters come back as they were from a file',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => useCommands(stage)),
  expected: (): Rows => ({
    'status of an empty tree': '0: No kdamond is set up.',
    'status of another tool\u2019s': '0: on fvaddr 5-77 stat another tool',
    'apply while another tool has DAMON': 8,
    'show leaves the tree': 'as found',
    'applied from the file, the tree': 'as shown',
    'ended by SIGTERM': 130,
    'tree after SIGTERM': 'empty',
    'status after a kill -9': 'left behind by Octavo',
    'status --recover': '0: Left behind by a killed Octavo: put back.',
    'tree after --recover': 'empty',
    'heatmap: hottest block': 0,
    'heatmap: idle blocks': '000',
    'tree after the heatmap': 'empty',
  }),
};

async function useCommands(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const first = { start: range.start, end: range.start + host.identity.geometry.pagesPerBlock };
  const rows = {
    'status of an empty tree': firstLine(await stage.octavo(['damon', 'status'])),
    ...(await showAndApply(stage, workload, range)),
    ...(await recover(stage, workload, blocksOf(host, range, [0, 1, 2]))),
  };
  await workload.keepReading([{ range: first, every: 1 }]);
  const drawn = await stage.octavo(['damon', 'heatmap', String(workload.pid), '--for', '3s', '--json']);
  await workload.end();
  if (drawn.code !== 0) throw new Error(`heatmap: ${drawn.code} ${drawn.err}`);
  const { blocks } = JSON.parse(drawn.out) as { blocks: Record<string, number> };
  const heat = blocksOf(host, range, [0, 1, 2, 3]).map((block) => blocks[block] ?? 0);
  stage.note(`heatmap: ${heat.join(' ')}`);
  return {
    ...rows,
    'heatmap: hottest block': heat[0] > 0 ? heat.indexOf(Math.max(...heat)) : 'none was seen',
    'heatmap: idle blocks': heat.slice(1).join(''),
    'tree after the heatmap': emptiness(host),
  };
}

async function showAndApply(
  stage: Stage,
  workload: Workload,
  range: { readonly start: number; readonly end: number },
): Promise<Rows> {
  const { host } = stage;
  const foreign = await ForeignKdamond.start(host, workload.pid, range);
  const status = await stage.octavo(['damon', 'status']);
  const shown = await stage.octavo(['damon', 'show']);
  if (shown.code !== 0) throw new Error(`damon show: ${shown.code} ${shown.err}`);
  const before = { tree: await foreign.compare(), lines: parametersOf(await dumpTree(host)) };
  must(host.files.writeFile(FILE, shown.out));
  const occupied = await stage.octavo(['damon', 'apply', FILE]);
  stage.note(occupied.err.trim().split('\n')[0]);
  foreign.stop();
  let lines: string[] = [];
  const applied = await stage.octavo(['damon', 'apply', FILE, '--every', '1s'], {
    printed: /scheme 0 stat: tried/,
    before: async () => {
      lines = parametersOf(await dumpTree(host));
    },
  });
  const differing = before.lines.filter((line) => !lines.includes(line));
  for (const line of differing) stage.note(`not as shown: ${line}`);
  return {
    'status of another tool\u2019s': `${status.code}: ${summaryOf(status.out)}`,
    'apply while another tool has DAMON': occupied.code,
    'show leaves the tree': before.tree,
    'applied from the file, the tree': differing.length === 0 && lines.length > 0 ? 'as shown' : 'different',
    'ended by SIGTERM': applied.code,
    'tree after SIGTERM': emptiness(host),
  };
}

async function recover(stage: Stage, workload: Workload, blocks: readonly number[]): Promise<Rows> {
  await stage.killOctavoHoldingDamon(workload.pid, blocks, false);
  const status = await stage.octavo(['damon', 'status']);
  const recovered = await stage.octavo(['damon', 'status', '--recover']);
  return {
    'status after a kill -9': /left behind by Octavo/.exec(status.out)?.[0] ?? status.out,
    'status --recover': firstLine(recovered),
    'tree after --recover': emptiness(stage.host),
  };
}

function firstLine({ code, out, err }: { code: number | string; out: string; err: string }): string {
  return `${code}: ${(out || err).split('\n')[0]}`;
}

/** Of the row of kdamond 0: what does not differ from run to run. */
function summaryOf(out: string): string {
  const row = out.split('\n').find((line) => /^ *0 +on /.test(line)) ?? out;
  const [, state, operations, regions, schemes, owner] =
    /^ *0 +(\S+) +\d+ \S+ +(\S+) +\d+ +\S+ us +(\S+) +(\S+) +(.*?) *$/.exec(row) ?? [];
  return [state, operations, regions, schemes, owner].join(' ');
}

/** What a kdamond was told, without what it finds out by itself. */
function parametersOf(tree: readonly string[]): string[] {
  return tree.filter(
    (line) =>
      line.startsWith(`${KDAMONDS}/0/contexts/`) && !/\/(stats|tried_regions)\/|effective_bytes/.test(line),
  );
}

function emptiness(host: Host): string {
  const left = must(host.files.readText(`${KDAMONDS}/nr_kdamonds`)).trim();
  return left === '0' ? 'empty' : `${left} kdamonds`;
}
