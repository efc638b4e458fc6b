/** Plans, receipts and verdicts in words and columns. */
import type { Plan, Step, Verdict } from '../../vocabulary/plan.js';
import { blockToPage, pageGeometry, pageToAddress } from '../../vocabulary/units.js';
import { showCost, showPace, showTotalCost } from './costs.js';
import { facts, table } from './table.js';
import { plural, showBytes, showChange, showOrder } from './units.js';

const SHOWN_STEPS = 20;

export function showPlan(plan: Plan, most = SHOWN_STEPS): string {
  return [
    headline(plan),
    ...(plan.steps.length > 0 ? ['', stepTable(plan, most), '', totals(plan), '', forecasts(plan)] : []),
    ...(plan.refused.length > 0 ? ['', 'Refused:', refusals(plan)] : []),
    ...(plan.passedOver.length > 0 ? ['', 'Left alone:', passedOver(plan)] : []),
    ...(plan.notes.length > 0 ? ['', ...plan.notes.map((note) => `note: ${note}`)] : []),
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
    gain.returnedBytes > 0 ? showBytes(gain.returnedBytes) : '-',
    cost.grownBytes > 0 ? `${showCost(cost)}, +${showBytes(cost.grownBytes)}` : showCost(cost),
    proposal.reason,
  ];
}

function totals(plan: Plan): string {
  const sum = (pick: (step: Step) => number) => plan.steps.reduce((total, step) => total + pick(step), 0);
  return facts([
    ['returned at once', showBytes(sum(({ proposal }) => proposal.gain.returnedBytes))],
    ['made reclaimable', showBytes(sum(({ proposal }) => proposal.gain.reclaimableBytes))],
    ['TLB reach', showChange(sum(({ proposal }) => proposal.gain.tlbReachBytes))],
    ['work', `${showTotalCost(plan)}, ${showBytes(sum(({ proposal }) => proposal.cost.copiedBytes))} copied`],
    ['takes', showPace(plan)],
    ['memory taken', showBytes(sum(({ proposal }) => proposal.cost.grownBytes))],
  ]);
}

function forecasts(plan: Plan): string {
  const lines = plan.steps.flatMap(({ forecast, proposal, warnings }) => {
    const lasts = forecast.undoneByKernel === 'no' ? 'lasts' : `may not last (${forecast.undoneByKernel})`;
    const keep = forecast.undoneByKernel === 'no' ? '' : `; kept by ${forecast.keptBy}`;
    return [
      `${proposal.action}: ${lasts}: ${forecast.why}${keep}`,
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
  return plan.passedOver
    .map(({ policy, code, why, blocks }) => `  ${policy} [${code}] ${why} (${plural(blocks, 'block')})`)
    .join('\n');
}

function count(lines: Map<string, number>, line: string): void {
  lines.set(line, (lines.get(line) ?? 0) + 1);
}

/** Lines that differ only in their numbers are told once, with the numbers of the first and how many there are. */
function alike(lines: readonly string[], unit: string): string {
  const groups = new Map<string, { readonly line: string; times: number }>();
  for (const line of lines) {
    const key = line.replace(/\d+/g, '#');
    const group = groups.get(key) ?? { line, times: 0 };
    groups.set(key, group);
    group.times++;
  }
  return [...groups.values()]
    .map(({ line, times }) => (times > 1 ? `${line} (${plural(times, unit)})` : line))
    .join('\n');
}

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
  const failed = verdicts.filter(({ outcome }) => outcome !== 'met');
  const rows = failed
    .slice(0, most)
    .map(({ step, outcome, cause, why, after }) => [
      String(step),
      addressOf(plan, after.block),
      outcome,
      cause,
      why,
    ]);
  const more = failed.length > most ? `\n(${failed.length - most} more; --json has all)` : '';
  return [
    `Verdicts by page sizes: ${summary}; resident memory ${showChange(resident)}`,
    ...(rows.length > 0 ? [table(['step', 'address', 'outcome', 'cause', 'why'], rows, [0]) + more] : []),
  ].join('\n');
}
