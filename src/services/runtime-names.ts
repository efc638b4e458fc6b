/** Looks container names up in the state of the runtimes, as far as this user may read it. */
import { Memo } from '../base/memo.js';
import type { Host } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';
import type { ContainerPlace } from './container.js';
import type { KubeletPods } from './kubelet-pods.js';
import { bundleNames, type ContainerNames, dockerNames, storageNames } from './runtime-state.js';

/** Containers whose names are remembered. */
const MOST_CONTAINERS = 4096;

const BUNDLES = '/run/containerd/io.containerd.runtime.v2.task';
/** Namespaces of containerd: kubelet's, docker's, nerdctl's and k3d's default. */
const NAMESPACES = ['k8s.io', 'moby', 'default'];
const STORAGES = [
  '/var/lib/containers/storage/overlay-containers',
  '/run/containers/storage/overlay-containers',
  '/var/lib/containers/storage/vfs-containers',
];

/** Reads the state files of runtimes once for each container, within a bound. */
export class RuntimeNames {
  readonly #host: Host;
  readonly #known = new Memo<ContainerNames>(MOST_CONTAINERS);
  #stored: ReadonlyMap<string, ContainerNames> | undefined;

  readonly #kubelet: KubeletPods | undefined;

  constructor(host: Host, kubelet?: KubeletPods) {
    this.#host = host;
    this.#kubelet = kubelet;
  }

  /** Names of a container; none of them where no state that tells of it can be read. What a runtime says itself counts. */
  of(place: ContainerPlace): ContainerNames {
    const names = this.#known.of(place.id, () => this.#lookUp(place) ?? {});
    return this.#kubelet === undefined ? names : { ...this.#kubelet.of(place), ...names };
  }

  #lookUp({ id, runtime }: ContainerPlace): ContainerNames | undefined {
    // Names of LXC and nspawn are their ids; an id comes from another process's cgroup and is no path by itself.
    if (runtime === 'lxc' || runtime === 'nspawn' || !/^[0-9a-f-]+$/.test(id)) return undefined;
    return this.#docker(id) ?? this.#bundle(id) ?? this.#storage(id);
  }

  #docker(id: string): ContainerNames | undefined {
    const text = this.#read(`/var/lib/docker/containers/${id}/config.v2.json`);
    return text === undefined ? undefined : dockerNames(text);
  }

  #bundle(id: string): ContainerNames | undefined {
    for (const namespace of NAMESPACES) {
      const text = this.#read(`${BUNDLES}/${namespace}/${id}/config.json`);
      const names = text === undefined ? undefined : bundleNames(text);
      if (names !== undefined) return names;
    }
    return undefined;
  }

  /** The list is read again when a container is not on it: it may be new. */
  #storage(id: string): ContainerNames | undefined {
    const known = this.#stored?.get(id);
    if (known !== undefined) return known;
    this.#stored = this.#readStorages();
    return this.#stored.get(id);
  }

  #readStorages(): ReadonlyMap<string, ContainerNames> {
    const lists = STORAGES.flatMap((folder) =>
      ['containers.json', 'volatile-containers.json'].map((file) => this.#read(`${folder}/${file}`)),
    );
    return new Map(lists.flatMap((text) => (text === undefined ? [] : [...storageNames(text)])));
  }

  #read(path: string): string | undefined {
    const text = ifRecorded(() => this.#host.files.readText(path));
    return text?.ok ? text.value : undefined;
  }
}
