/**
 * The container and the pod of a cgroup path, by the patterns of runtimes with the systemd and the cgroupfs driver:
 * docker, podman and cri-o (libpod-, crio-), containerd, the kubelet's kubepods, LXC and systemd-nspawn.
 */
import { namesOf, unescapeUnit } from './cgroup-paths.js';

/** A container as a path names it. */
export interface ContainerPlace {
  /** docker, podman, cri-o, containerd, lxc, nspawn; undefined where the path does not say. */
  readonly runtime?: string;
  /** Hexadecimal id; for LXC and nspawn the name. */
  readonly id: string;
  readonly pod?: PodPlace;
}

/** Quality of service class of a pod. */
export type Qos = 'guaranteed' | 'burstable' | 'besteffort';

/** A pod as a path names it. */
export interface PodPlace {
  readonly uid: string;
  readonly qos: Qos;
}

const ID = '([0-9a-f]{64})';
/** Ids of ECS tasks and the like have a number behind; 32 digits are the shortest in use. */
const SHORT_ID = /^[0-9a-f]{32,64}(?:-\d+)?$/;

/** Names of scopes, and of directories as `libpod-ID` and `system.slice:docker:ID`. */
const BY_PREFIX: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^(?:[^:]+:)?docker[-:]${ID}(?:\\.scope)?$`), 'docker'],
  [new RegExp(`^libpod-${ID}(?:\\.scope)?$`), 'podman'],
  [new RegExp(`^(?:[^:]+:)?crio[-:]${ID}(?:\\.scope)?$`), 'cri-o'],
  [new RegExp(`^(?:[^:]+:)?cri-containerd[-:]${ID}(?:\\.scope)?$`), 'containerd'],
  [new RegExp(`^nerdctl-${ID}(?:\\.scope)?$`), 'containerd'],
  [/^lxc\.payload\.(.+)$/, 'lxc'],
  [/^systemd-nspawn@(.+)\.service$/, 'nspawn'],
];

/** Directories whose children are containers by their id. */
const PARENTS: Readonly<Record<string, string | undefined>> = {
  docker: 'docker',
  moby: 'docker',
  libpod_parent: 'podman',
  'k8s.io': 'containerd',
  'buildkit.slice': 'containerd',
};

/** The innermost container of a path; undefined where it lies in none, as conmon and shims do. */
export function containerPlace(path: string): ContainerPlace | undefined {
  const names = namesOf(path);
  let pod: PodPlace | undefined;
  let found: ContainerPlace | undefined;
  names.forEach((name, at) => {
    pod = podOf(names, at) ?? pod;
    const one = byPrefix(name) ?? byParent(names, at, pod);
    if (one !== undefined) found = { ...one, ...(pod === undefined ? {} : { pod }) };
  });
  return found;
}

function byPrefix(name: string): ContainerPlace | undefined {
  for (const [pattern, runtime] of BY_PREFIX) {
    const id = pattern.exec(name)?.[1];
    if (id !== undefined) return { runtime, id: unescapeUnit(id) };
  }
  return undefined;
}

/** Of the cgroupfs driver, where only the place of an id says that it is a container. */
function byParent(
  names: readonly string[],
  at: number,
  pod: PodPlace | undefined,
): ContainerPlace | undefined {
  const [parent, name] = [names[at - 1], names[at]];
  if (parent === undefined) return undefined;
  if (parent === 'lxc') return { runtime: 'lxc', id: name };
  if (!SHORT_ID.test(name)) return undefined;
  const runtime = Object.hasOwn(PARENTS, parent) ? PARENTS[parent] : undefined;
  if (runtime !== undefined) return { runtime, id: name };
  const inPod = pod !== undefined && podOf(names, at - 1) !== undefined;
  return inPod || names.slice(0, at).includes('ecs') ? { id: name } : undefined;
}

/** The kubelet's `kubepods-burstable-podUID.slice`, with `_` for `-`, or `kubepods/burstable/podUID`. */
function podOf(names: readonly string[], at: number): PodPlace | undefined {
  const slice = /(?:^|-)kubepods(?:-(burstable|besteffort))?-pod([0-9a-f_-]{32,})\.slice$/.exec(names[at]);
  if (slice !== null) return { uid: slice[2].replaceAll('_', '-'), qos: qosOf(slice[1]) };
  const uid = /^pod([0-9a-f-]{32,})$/.exec(names[at])?.[1];
  const above = names.slice(0, at);
  if (uid === undefined || !above.some((name) => /^(?:.*-)?kubepods(?:\.slice)?$/.test(name)))
    return undefined;
  return { uid, qos: qosOf(above.find((name) => name === 'burstable' || name === 'besteffort')) };
}

function qosOf(word: string | undefined): Qos {
  return word === 'burstable' || word === 'besteffort' ? word : 'guaranteed';
}
