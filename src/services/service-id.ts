/** Who a process belongs to, as a plain noun: targets of the agent, rows of the survey and labels of metrics are these. */

/** Kinds of services, as `octavo survey --by` takes them. */
export const SERVICE_KINDS = ['unit', 'container', 'vm', 'process'] as const;

/** What a service is: a unit, a container, a virtual machine or a single process. */
export type ServiceKind = (typeof SERVICE_KINDS)[number];

/**
 * A service. `kind` and `name` together identify it on a host:
 * - `unit`: the name as systemctl takes it, `redis.service`, `session-4.scope`; a unit of a user manager is
 *   `UID/app.service`, so that two users' units stay apart.
 * - `container`: `NAMESPACE/POD/CONTAINER` of a pod, else the runtime's name of it; where neither can be read, the first
 *   12 digits of its id.
 * - `vm`: the name that QEMU or libvirt was given.
 * - `process`: the command, as /proc/PID/comm.
 */
export interface ServiceId {
  readonly kind: ServiceKind;
  readonly name: string;
  /** What else is known, by label name; empty labels are left out. No pids: the labels are bounded. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Everything that a process belongs to, from the command up. A virtual machine may run in a container, that in a unit. */
export interface Belonging {
  readonly process: ServiceId;
  readonly vm?: ServiceId;
  readonly container?: ServiceId;
  readonly unit?: ServiceId;
}

/** What is asked first: the closest name that a person gave. */
const CLOSEST: readonly ServiceKind[] = ['vm', 'container', 'unit', 'process'];

/** The service of one kind, or the closest of any kind. Who is in none of that kind is the process itself. */
export function serviceOf(belonging: Belonging, kind?: ServiceKind): ServiceId {
  const kinds = kind === undefined ? CLOSEST : [kind];
  for (const one of kinds) {
    const found = belonging[one];
    if (found !== undefined) return found;
  }
  return belonging.process;
}

/** One word that tells services apart: `unit redis.service`. */
export function serviceKey({ kind, name }: ServiceId): string {
  return `${kind} ${name}`;
}

/** Labels without those that are not known. */
export function labelsOf(
  labels: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const known = Object.entries(labels).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(known) as Record<string, string>;
}
