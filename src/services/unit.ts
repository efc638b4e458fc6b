/** The systemd unit of a cgroup path (systemd: src/basic/cgroup-util.c, cg_path_get_unit(), cg_path_get_user_unit()). */
import { namesOf, unescapeUnit } from './cgroup-paths.js';
import { labelsOf, type ServiceId } from './service-id.js';

const UNIT = /^[^/]+\.(service|scope|socket|mount|swap|automount|timer|path|target|device)$/;
const SLICE = /^[^/]+\.slice$/;

/** The unit that a path lies in; undefined where systemd does not manage it. The innermost manager's: a user's own unit. */
export function unitOf(path: string): ServiceId | undefined {
  const names = namesOf(path);
  const system = unitIn(names, 0);
  if (system === undefined) return undefined;
  const user = userOf(system.unit);
  const own = user === undefined ? undefined : unitIn(names, system.at + 1);
  if (own === undefined) return unit(system.unit, { slice: system.slice, user: sessionUser(names) });
  return { ...unit(own.unit, { slice: own.slice, user }), name: `${user}/${own.unit}` };
}

interface Found {
  readonly unit: string;
  readonly slice: string | undefined;
  readonly at: number;
}

/** Slices, and then a unit. */
function unitIn(names: readonly string[], from: number): Found | undefined {
  let at = from;
  while (at < names.length && SLICE.test(names[at])) at++;
  if (at >= names.length || !UNIT.test(names[at])) return undefined;
  return { unit: names[at], slice: at > from ? names[at - 1] : undefined, at };
}

/** The user of a user manager. */
function userOf(unit: string): string | undefined {
  return /^user@(.+)\.service$/.exec(unit)?.[1];
}

/** The user of a login session's scope, by the slice around it. */
function sessionUser(names: readonly string[]): string | undefined {
  return names.map((name) => /^user-(\d+)\.slice$/.exec(name)?.[1]).find((user) => user !== undefined);
}

function unit(name: string, labels: Readonly<Record<string, string | undefined>>): ServiceId {
  const instance = /^[^@]+@(.+)\.[a-z]+$/.exec(name)?.[1];
  const told = { ...labels, instance: instance === undefined ? undefined : unescapeUnit(instance) };
  return { kind: 'unit', name, labels: labelsOf(told) };
}
