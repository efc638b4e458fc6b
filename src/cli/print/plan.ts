/** Plans, receipts and verdicts in words and columns. */
import type { Plan, Step, Verdict } from '../../vocabulary/plan.js';
import { blockToPage, pageGeometry, pageToAddress } from '../../vocabulary/units.js';
import { showCost, showPace, showTotalCost } from './costs.js';
import { showReturned } from './returned.js';
import { facts, table } from './table.js';
import { plural, showBytes, showChange, showOrder } from './units.js';

const SHOWN_STEPS = 20;

/**
 * Returns a plan as text: its head, up to `most` steps, totals, forecasts, refusals and what was left alone.
 */
export function showPlan(plan: Plan, most = SHOWN_STEPS): string {
  return [
    headline(plan),
    ...(plan.steps.length > 0 ? ['', stepTable(plan, most), '', totals(plan), '', forecasts(plan)] : []),
    ...(plan.refused.length > 0 ? ['', 'Refused:', refusals(plan)] : []),
    ...(plan.passedOver.length > 0 ? ['', 'Left alone:', passedOver(plan)] : []),
    ...(plan.notes.length > 0
      ? [
          '',
          alike(
            plan.notes.map((note) => `note: ${note}`),
            'note',
          ),
        ]
      : []),
  ].join('\n');
}

function headline(plan: Plan): string {
  const who = plan.processes
    .map(({ pid, command }) => `${pid} (${command})`)
    .slice(0, 4)
    .join(', ');
  const more = plan.processes.length > 4 ? ` and ${plan.processes.length - 4} more` : '';
  return `Plan ${plan.id} for ${who}${more}: policy ${plan.policy}, ${plural(plan.steps.length, 'step')}`;
}

function stepTable(plan: Plan, most: number): string {
  const rows = plan.steps.slice(0, most).map((step) => stepRow(plan, step));
  const more =
    plan.steps.length > most
      ? `\n(${plan.steps.length - most} more steps; the plan file and --json have all)`
      : '';
  return (
    table(
      ['step', 'pid', 'address', 'action', 'to', 'by', 'returns', 'costs', 'reason'],
      rows,
      [0, 1, 6, 7],
    ) + more
  );
}

function stepRow(plan: Plan, { id, proposal, actuator }: Step): readonly string[] {
  const { gain, cost } = proposal;
  return [
    String(id),
    String(proposal.process.pid),
    addressOf(plan, proposal.block),
    proposal.action,
    showOrder(proposal.targetOrder, plan.geometry.pageBytes),
    actuator,
    gain.returnedBytes === null ? 'unknown' : gain.returnedBytes > 0 ? showBytes(gain.returnedBytes) : '-',
    cost.grownBytes > 0 ? `${showCost(cost)}, +${showBytes(cost.grownBytes)}` : showCost(cost),
    proposal.reason,
  ];
}

function totals(plan: Plan): string {
  const sum = (pick: (step: Step) => number) => plan.steps.reduce((total, step) => total + pick(step), 0);
  // Nothing is said where no heat tells which pages are cold.
  const reclaimable = sum(({ proposal }) => proposal.gain.reclaimableBytes);
  return facts([
    ['returned at once', returnedAtOnce(plan)],
    ...(reclaimable > 0 ? [['made reclaimable', showBytes(reclaimable)] as const] : []),
    ['TLB reach', showChange(sum(({ proposal }) => proposal.gain.tlbReachBytes))],
    ['work', `${showTotalCost(plan)}, ${showBytes(sum(({ proposal }) => proposal.cost.copiedBytes))} copied`],
    ['takes', showPace(plan)],
    ['memory taken', showBytes(sum(({ proposal }) => proposal.cost.grownBytes))],
  ]);
}

/** What is known to go back, and how many steps may return more. */
function returnedAtOnce({ steps }: Plan): string {
  const known = steps.flatMap(({ proposal }) => proposal.gain.returnedBytes ?? []);
  const bytes = known.reduce((sum, one) => sum + one, 0);
  const unknown = steps.length - known.length;
  if (unknown === 0) return showBytes(bytes);
  const more = `unknown for ${plural(unknown, 'step')}, whose content was not read`;
  return bytes > 0 ? `${showBytes(bytes)}; ${more}` : more;
}

function forecasts(plan: Plan): string {
  const lines = plan.steps.flatMap(({ forecast, proposal, warnings }) => {
    const lasts =
      forecast.undoneByKernel === 'no' ? 'page size lasts' : `may not last (${forecast.undoneByKernel})`;
    const keep = forecast.undoneByKernel === 'no' ? '' : `; kept by ${forecast.keptBy}`;
    return [
      `${proposal.action}: ${lasts}: ${forecast.why}${keep}`,
      ...(forecast.returned === undefined ? [] : [`returned memory: ${forecast.returned}`]),
      `undo of a ${proposal.action}: ${forecast.irreversible}`,
      ...warnings.map((warning) => `warning: ${warning}`),
    ];
  });
  return alike(lines, 'step');
}

function refusals(plan: Plan): string {
  return alike(
    plan.refused.map(({ proposal, code, why }) => `  ${proposal.action} [${code}] ${why}`),
    'block',
  );
}

function passedOver(plan: Plan): string {
  return alike(
    plan.passedOver.map(({ policy, code, why }) => `  ${policy} [${code}] ${why}`),
    'block',
    plan.passedOver.map(({ blocks }) => blocks),
  );
}

function count(lines: Map<string, number>, line: string): void {
  lines.set(line, (lines.get(line) ?? 0) + 1);
}

/** A number with its unit, or an address: what may differ between lines that say the same. */
export const QUANTITY = /0x[0-9a-f]+|\d+(?:\.\d+)?(?: ?(?:B|KiB|MiB|GiB|µs|ms|s|%)(?![a-z]))?/gi;

interface Alike {
  readonly line: string;
  /** Whether lines with other numbers were put together with it. */
  differ: boolean;
  times: number;
}

/**
 * Lines that differ only in their numbers are told once, with the numbers of the first and how many there are: one
 * line for each size would bury everything else. `weights` are what each line counts for, 1 without.
 */
function alike(lines: readonly string[], unit: string, weights?: readonly number[]): string {
  const groups = new Map<string, Alike>();
  lines.forEach((line, index) => {
    const key = line.replace(QUANTITY, '#');
    const group = groups.get(key) ?? { line, times: 0, differ: false };
    groups.set(key, group);
    group.times += weights?.[index] ?? 1;
    if (group.line !== line) group.differ = true;
  });
  return [...groups.values()].map((group) => alikeLine(group, unit, weights !== undefined)).join('\n');
}

function alikeLine({ line, times, differ }: Alike, unit: string, always: boolean): string {
  if (differ) return `${line} (${plural(times, unit)}; the numbers are those of the first)`;
  return always || times > 1 ? `${line} (${plural(times, unit)})` : line;
}

/** Returns the first address of a block in hexadecimal, in the page geometry of the plan. */
export function addressOf(plan: Plan, block: number): string {
  const geometry = pageGeometry(plan.geometry.pageBytes, plan.geometry.blockBytes);
  return pageToAddress(blockToPage(block, geometry), geometry);
}

/** Outcomes by kind, then each that was not met. */
export function showVerdicts(plan: Plan, verdicts: readonly Verdict[], most = SHOWN_STEPS): string {
  const outcomes = new Map<string, number>();
  for (const { outcome } of verdicts) count(outcomes, outcome);
  const summary =
    [...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(', ') || 'nothing was done';
  const resident = verdicts.reduce((sum, verdict) => sum + verdict.residentDelta, 0);
  const returned = verdicts.length === 0 ? '' : `, ${showReturned(verdicts)}`;
  const failed = groupedVerdicts(verdicts.filter(({ outcome }) => outcome !== 'met'));
  const rows = failed
    .slice(0, most)
    .map(({ first: { step, outcome, cause, why, after }, times }) => [
      String(times),
      String(step),
      addressOf(plan, after.block),
      outcome,
      cause,
      why,
    ]);
  const more = failed.length > most ? `\n(${failed.length - most} more; --json has all)` : '';
  const head = ['steps', 'first', 'address', 'outcome', 'cause', 'why'];
  return [
    `Verdicts by page sizes: ${summary}; resident memory ${showChange(resident)}${returned}`,
    ...(rows.length > 0 ? [table(head, rows, [0, 1]) + more] : []),
  ].join('\n');
}

interface VerdictGroup {
  readonly first: Verdict;
  times: number;
}

/** Verdicts of one outcome for one reason, in the order of their first step. */
function groupedVerdicts(verdicts: readonly Verdict[]): readonly VerdictGroup[] {
  const groups = new Map<string, VerdictGroup>();
  for (const verdict of verdicts) {
    const key = [verdict.outcome, verdict.cause, verdict.why.replace(QUANTITY, '#')].join();
    const group = groups.get(key) ?? { first: verdict, times: 0 };
    groups.set(key, group);
    group.times++;
  }
  return [...groups.values()];
}
