/** Names of containers, from the files in which runtimes keep their state. Pure: what cannot be made out is absent. */
import { parseJson } from '../base/json-text.js';

/** Names that a runtime knows a container by. */
export interface ContainerNames {
  readonly name?: string;
  readonly image?: string;
  readonly pod?: string;
  readonly namespace?: string;
}

/** /var/lib/docker/containers/ID/config.v2.json. */
export function dockerNames(text: string): ContainerNames | undefined {
  const state = objectOf(text);
  const config = record(state?.Config);
  if (state === undefined) return undefined;
  const labels = record(config?.Labels);
  const given = word(state.Name)?.replace(/^\//, '');
  return namesOf({
    name: word(labels?.['io.kubernetes.container.name']) ?? given,
    image: word(config?.Image),
    pod: word(labels?.['io.kubernetes.pod.name']),
    namespace: word(labels?.['io.kubernetes.pod.namespace']),
  });
}

/** Annotations that runtimes put into the OCI bundle's config.json: containerd's CRI plugin, cri-o, nerdctl. */
const ANNOTATIONS: Readonly<Record<keyof ContainerNames, readonly string[]>> = {
  name: ['io.kubernetes.cri.container-name', 'io.kubernetes.container.name', 'nerdctl/name'],
  image: ['io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageName', 'nerdctl/image-name'],
  pod: ['io.kubernetes.cri.sandbox-name', 'io.kubernetes.pod.name'],
  namespace: ['io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.pod.namespace'],
};

/** config.json of an OCI bundle, as in /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID. */
export function bundleNames(text: string): ContainerNames | undefined {
  const annotations = record(objectOf(text)?.annotations);
  if (annotations === undefined) return undefined;
  const told = (field: keyof ContainerNames) =>
    ANNOTATIONS[field].map((key) => word(annotations[key])).find((value) => value !== undefined);
  // The sandbox of a pod, its pause container, has no name of its own.
  const isSandbox = annotations['io.kubernetes.cri.container-type'] === 'sandbox';
  return namesOf({
    name: told('name') ?? (isSandbox ? 'sandbox' : undefined),
    image: told('image'),
    pod: told('pod'),
    namespace: told('namespace'),
  });
}

/** containers.json and volatile-containers.json of containers/storage (podman, cri-o): the names of each id. */
export function storageNames(text: string): ReadonlyMap<string, ContainerNames> {
  const parsed = parseJson(text);
  const names = new Map<string, ContainerNames>();
  if (!parsed.ok || !Array.isArray(parsed.value)) return names;
  for (const entry of parsed.value) {
    const one = record(entry);
    const id = word(one?.id);
    if (one === undefined || id === undefined) continue;
    const told = storedNames(one);
    if (told !== undefined) names.set(id, told);
  }
  return names;
}

/** cri-o and podman keep what they know in `metadata`, which is JSON in a string. */
function storedNames(entry: Readonly<Record<string, unknown>>): ContainerNames | undefined {
  const metadata = objectOf(word(entry.metadata) ?? '');
  const given = Array.isArray(entry.names) ? word(entry.names[0]) : undefined;
  const kubernetes = /^k8s_([^_]+)_([^_]+)_([^_]+)_/.exec(given ?? '');
  const pod = word(metadata?.['pod-name']);
  const image = word(metadata?.['image-name']);
  if (kubernetes === null) return namesOf({ name: given, image });
  const [, name, podName, namespace] = kubernetes;
  const own = name === 'POD' ? 'sandbox' : name;
  return namesOf({ name: own, image, namespace, pod: pod?.startsWith('k8s_') === false ? pod : podName });
}

function namesOf(
  names: Readonly<Partial<Record<keyof ContainerNames, string | undefined>>>,
): ContainerNames | undefined {
  const known = Object.entries(names).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : (Object.fromEntries(known) as ContainerNames);
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const parsed = parseJson(text);
  return parsed.ok ? record(parsed.value) : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
