/** From what /proc says of a process to whom it belongs. Pure. */
import { cgroupPaths } from './cgroup-paths.js';
import { type ContainerPlace, containerPlace } from './container.js';
import type { ContainerNames } from './runtime-state.js';
import { type Belonging, labelsOf, type ServiceId } from './service-id.js';
import { unitOf } from './unit.js';
import { machineOf, machineOfWords, monitorOf } from './virtual-machine.js';

/** Digits of an id that runtimes print. */
const SHORT_ID = 12;

/** What is read of a process to tell whom it belongs to. */
export interface ProcessFacts {
  /** /proc/PID/comm. */
  readonly command: string;
  /** Text of /proc/PID/cgroup; empty where it cannot be read. */
  readonly cgroup: string;
  /** The monitor that its program is, where that is known (`monitorOf`). */
  readonly monitor?: string | undefined;
  /** Words of /proc/PID/cmdline; needed of monitors only. */
  readonly words?: readonly string[];
}

/** What a runtime calls a container. */
export type NamesOf = (place: ContainerPlace) => ContainerNames;

/** Returns unit, container, pod and virtual machine of a process, as far as they can be told. */
export function belongingOf(facts: ProcessFacts, namesOf: NamesOf = () => ({})): Belonging {
  const paths = cgroupPaths(facts.cgroup);
  const unit = firstOf(paths, unitOf);
  const place = firstOf(paths, containerPlace);
  const container = place === undefined ? undefined : containerOf(place, namesOf(place));
  const vm = vmOf(facts, paths, container);
  return {
    process: { kind: 'process', name: facts.command, labels: {} },
    ...(vm === undefined ? {} : { vm }),
    ...(container === undefined ? {} : { container }),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** Whether the command line has to be read to know whom a process belongs to. */
export function needsWords({ command, cgroup, monitor }: ProcessFacts): boolean {
  return (
    (monitor ?? monitorOf(command)) !== undefined || firstOf(cgroupPaths(cgroup), machineOf) !== undefined
  );
}

function firstOf<Found>(
  paths: readonly string[],
  find: (path: string) => Found | undefined,
): Found | undefined {
  for (const path of paths) {
    const found = find(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A command line tells the whole name, the cgroup what libvirt kept of it, and that of helpers as well. */
function vmOf(
  facts: ProcessFacts,
  paths: readonly string[],
  container: ServiceId | undefined,
): ServiceId | undefined {
  const { command, words = [] } = facts;
  const monitor = facts.monitor ?? monitorOf(command);
  const placed = firstOf(paths, machineOf);
  const started = machineOfWords(words, monitor);
  const unnamed: ServiceId | undefined =
    monitor === undefined ? undefined : { kind: 'vm', name: command, labels: { monitor } };
  const found = started ?? placed ?? unnamed;
  if (found === undefined) return undefined;
  const labels = labelsOf({ ...placed?.labels, ...found.labels, container: container?.name });
  return { ...found, labels };
}

function containerOf({ id, runtime, pod }: ContainerPlace, names: ContainerNames): ServiceId {
  const short = runtime === 'lxc' || runtime === 'nspawn' ? id : id.slice(0, SHORT_ID);
  const name = names.name ?? short;
  const podName = names.pod ?? (pod === undefined ? undefined : `pod ${pod.uid}`);
  const path = [names.namespace, podName, name].filter((part) => part !== undefined).join('/');
  const labels = labelsOf({
    runtime,
    id,
    container: names.name,
    image: names.image,
    pod: names.pod,
    namespace: names.namespace,
    pod_uid: pod?.uid,
    qos: pod?.qos,
  });
  return { kind: 'container', name: path, labels };
}
