/** What a process goes by: the words that globs of the configuration are held against. */
import type { Belonging } from '../../services/service-id.js';
import type { Names } from './match.js';

/** `cgroup`: its path; undefined where it cannot be read. A container goes by its name, its id, and the short form of that. */
export function namesOf({ process, unit, container, vm }: Belonging, cgroup: string | undefined): Names {
  const labels = container?.labels ?? {};
  return {
    unit: unit === undefined ? [] : [unit.name],
    cgroup: cgroup === undefined ? [] : [cgroup],
    container:
      container === undefined
        ? []
        : known(container.name, labels.container, labels.id, labels.id?.slice(0, 12)),
    pod: known(labels.pod, labels.pod_uid),
    namespace: known(labels.namespace),
    vm: vm === undefined ? [] : [vm.name],
    command: [process.name],
  };
}

function known(...names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as readonly string[];
}
