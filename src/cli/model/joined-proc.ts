/** /proc as a program under `octavo model run` sees it: the model's, joined with the machine's own. */
import type { Host } from '../../host/host.js';
import { type ModelDirectory, type ModelNode, StaticDirectory } from '../../model/kernel/state/file-tree.js';
import type { Kernel } from '../../model/kernel/state/kernel.js';
import { type MachineDirectory, UnionDirectory } from '../../model/mount/union-directory.js';

/** What speaks of the program itself, or of what the model knows next to nothing about: init and kthreadd are pids. */
const MACHINES_OWN = new Set([
  ...['self', 'thread-self', 'filesystems', 'stat', 'cpuinfo', 'cmdline'],
  ...['1', '2'],
]);

/** Kernel threads of memory management: the model has its own, and tools that look for one must find those. */
const STOOD_IN_FOR = /^(kdamond\.\d+|khugepaged|kswapd\d+|kcompactd\d+)$/;

/** File systems that tools look for in the table of mounts, by where the model serves them. */
const SERVED = [
  ['sysfs', '/sys'],
  ['tracefs', '/sys/kernel/tracing'],
  ['debugfs', '/sys/kernel/debug'],
] as const;

/** The model's root with /proc joined. `behind` is where the machine's /proc can be reached. */
export function withMachineProc(host: Host, kernel: Kernel, behind: string): ModelDirectory {
  const model = kernel.files.find('/proc');
  if (typeof model === 'string' || model.kind !== 'directory') return kernel.files.root;
  const root = new StaticDirectory();
  for (const name of kernel.files.root.names()) {
    const node = kernel.files.root.lookup(name);
    if (node !== undefined) root.set(name, node);
  }
  const instead = new Map<string, ModelNode>([['mounts', mountTable(host, kernel)]]);
  const hides = (name: string) => isStoodInFor(host, name);
  const options = { behind, machineFirst: MACHINES_OWN, instead, hides };
  root.set('proc', new UnionDirectory(model, machineDirectory(host, '/proc'), options));
  return root;
}

/** Whether a name of /proc is the pid of such a thread; a program of that name has a command line. */
function isStoodInFor({ files }: Host, name: string): boolean {
  if (!/^\d+$/.test(name)) return false;
  const comm = files.readText(`/proc/${name}/comm`);
  if (!comm.ok || !STOOD_IN_FOR.test(comm.value.trim())) return false;
  const words = files.readText(`/proc/${name}/cmdline`);
  return words.ok && words.value === '';
}

function machineDirectory({ files }: Host, path: string): MachineDirectory {
  const names = () => {
    const listed = files.list(path);
    return listed.ok ? listed.value : [];
  };
  return {
    names,
    // /proc/self and its like dangle for this process when another one asks; they are listed all the same.
    has: (name) => MACHINES_OWN.has(name) || files.status(`${path}/${name}`).ok,
    enter: (name) => {
      const status = files.status(`${path}/${name}`);
      return status.ok && status.value.kind === 'directory'
        ? machineDirectory({ files } as Host, `${path}/${name}`)
        : undefined;
    },
  };
}

/** /proc/mounts: the machine's, with the file systems that the model stands in for where it serves them. */
function mountTable(host: Host, kernel: Kernel): ModelNode {
  const read = (): string => {
    const own = host.files.readText('/proc/self/mounts');
    const lines = own.ok ? own.value.split('\n').filter((line) => line !== '' && !isReplaced(line)) : [];
    for (const [type, place] of SERVED) {
      if (typeof kernel.files.find(place) !== 'string')
        lines.push(`${type} ${place} ${type} rw,relatime 0 0`);
    }
    return `${lines.join('\n')}\n`;
  };
  return { kind: 'file', mode: 0o444, read };
}

function isReplaced(line: string): boolean {
  const [source, place] = line.split(' ');
  return source === 'octavo-model' || SERVED.some(([, served]) => served === place);
}
