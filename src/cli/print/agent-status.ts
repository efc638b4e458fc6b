/** The status of the agent for a terminal. */
import type { Status, StatusTarget } from '../../agent/life/status.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { table } from './table.js';
import { plural, showBytes } from './units.js';

const HEAD = [
  'target',
  'processes',
  'may act',
  'standing',
  'resident',
  'huge',
  'planned',
  'met',
  'returned',
  'last turn',
];

/** How it is with the agent, each target, and what happened last. */
export function showStatus(status: Status): readonly string[] {
  const { watching, own, troubles, configuration, targets, events } = status;
  const { listed, known, waiting, groupless } = watching;
  const lines = [
    `Watching ${plural(listed, 'process', 'processes')}, ${known} of them with memory of their own${waiting > 0 ? `; ${waiting} wait to be read` : ''}.`,
    `Own CPU time ${(own.cpuMs / 1000).toFixed(1)} s; bound ${Number((own.cpuBound * 100).toPrecision(3))} % of a core.`,
    ...(groupless > 0 ? [`The cgroup of ${plural(groupless, 'process', 'processes')} cannot be read.`] : []),
    ...(configuration.problem === ''
      ? []
      : [`The configuration could not be read again: ${configuration.problem}`]),
    ...troubles.map((trouble) => `Trouble: ${trouble}`),
  ];
  if (targets.length === 0) return [...lines, 'No target is configured.'];
  return [
    ...lines,
    table(
      HEAD,
      targets.map((target) => row(target, status.updatedMs)),
      [0, 2, 3, 9],
    ),
    ...targets.flatMap(reasons),
    ...(events.length === 0 ? [] : ['', 'What happened last:']),
    ...events
      .slice(-10)
      .map(({ atMs, target, text }) => `${time(atMs)} ${target === '' ? '' : `${target}: `}${text}`),
  ];
}

function row({ name, processes, act, standing, last, totals }: StatusTarget, nowMs: Milliseconds): string[] {
  const shown = [name, String(processes), act ? 'yes' : 'no', standing];
  if (last === null) return [...shown, '-', '-', '-', '-', '-', 'none yet'];
  const returned = totals.returnedBytes ?? 0;
  return [
    ...shown,
    ...[last.resident, last.huge].map((bytes) => (bytes === null ? '?' : showBytes(bytes))),
    ...[String(last.planned), String(totals.met ?? 0), showBytes(Math.max(0, returned))],
    `${last.end}, ${ago(nowMs - last.atMs)}`,
  ];
}

function reasons(target: StatusTarget): readonly string[] {
  const { name, standing, reason, untilMs, last, pausedSinceMs } = target;
  if (pausedSinceMs != null)
    return [`${name}: paused by somebody since ${time(pausedSinceMs)}, until it is resumed`];
  const until = untilMs === null ? '' : ` until ${time(untilMs)}`;
  const stop = standing === 'clear' ? [] : [`${name}: ${standing}${until}: ${reason}`];
  const held = last !== null && last.why !== '' && standing === 'clear' ? [`${name}: ${last.why}`] : [];
  return [...stop, ...held];
}

function time(wallMs: Milliseconds): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

function ago(ms: Milliseconds): string {
  return ms < 1000 ? 'just now' : `${Math.round(ms / 1000)} s ago`;
}
