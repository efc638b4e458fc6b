/** Names of pods and containers, from the kubelet's list of its pods (v1.PodList). Pure: what cannot be made out is absent. */
import { parseJson } from '../base/json-text.js';
import { failure, type Result, success } from '../base/result.js';
import type { ContainerPlace } from './container.js';
import type { ContainerNames } from './runtime-state.js';

/** Pods of a node that are read; a kubelet takes 110 unless told otherwise. */
const MOST_PODS = 4096;
/** Names as the API server takes them (RFC 1123): nothing else may come into tables, labels and globs. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const IMAGE = /^[\w./:@-]{1,300}$/;
/** Static pods have the hash of their file in the cgroup path. */
const STATIC = 'kubernetes.io/config.hash';

/** Names that a list gives to containers, by their id or the uid of their pod. */
export interface PodNames {
  readonly pods: number;
  of(place: ContainerPlace): ContainerNames;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a list names; or in plain words why it is none. */
export function podNames(text: string): Result<PodNames, string> {
  const parsed = parseJson(text);
  if (!parsed.ok) return failure(`no JSON: ${parsed.error.problem}`);
  const items = objectOf(parsed.value)?.items;
  if (!Array.isArray(items)) return failure('no list of pods (v1.PodList)');
  const byUid = new Map<string, ContainerNames>();
  const byId = new Map<string, ContainerNames>();
  for (const item of items.slice(0, MOST_PODS)) notePod(item, byUid, byId);
  const of = ({ id, pod }: ContainerPlace) => byId.get(id) ?? byUid.get(pod?.uid ?? '') ?? {};
  return success({ pods: byUid.size, of });
}

function notePod(item: unknown, byUid: Map<string, ContainerNames>, byId: Map<string, ContainerNames>): void {
  const metadata = objectOf(objectOf(item)?.metadata);
  const pod = matching(metadata?.name, NAME);
  if (metadata === undefined || pod === undefined) return;
  const namespace = matching(metadata.namespace, NAME);
  const names = { pod, ...(namespace === undefined ? {} : { namespace }) };
  for (const uid of [metadata.uid, objectOf(metadata.annotations)?.[STATIC]])
    if (typeof uid === 'string' && uid !== '') byUid.set(uid, names);
  const status = objectOf(objectOf(item)?.status);
  for (const key of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'])
    for (const one of listOf(status?.[key])) noteContainer(objectOf(one), names, byId);
}

/** `containerID` is `containerd://ID`. */
function noteContainer(
  status: Fields | undefined,
  names: ContainerNames,
  byId: Map<string, ContainerNames>,
): void {
  const id = /^[\w.-]+:\/\/([0-9a-f]{32,64})$/.exec(String(status?.containerID))?.[1];
  if (id === undefined) return;
  const name = matching(status?.name, NAME);
  const image = matching(status?.image, IMAGE);
  byId.set(id, {
    ...names,
    ...(name === undefined ? {} : { name }),
    ...(image === undefined ? {} : { image }),
  });
}

function objectOf(value: unknown): Fields | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Fields) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
