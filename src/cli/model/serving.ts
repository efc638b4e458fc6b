/** Serving a model machine over FUSE: what `model mount` and `model run` have in common. */
import { type FuseMount, mountFuse } from '../../host/linux/fuse-mount.js';
import type { ModelDirectory } from '../../model/kernel/state/file-tree.js';
import type { Kernel } from '../../model/kernel/state/kernel.js';
import { Adoption } from '../../model/mount/adoption.js';
import { type Machine, startMachine } from '../../model/mount/mounted-machine.js';
import { MountSession } from '../../model/mount/session.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { kernelOptions, type MachineFlags } from './machine-flags.js';

/** Beyond the pids that a machine gives by default, and below PID_MAX_LIMIT. */
const FIRST_PID = 4_000_000;

/** A model machine whose kernel takes over the pids of live processes that meet it. */
export interface ServedMachine extends Machine {
  readonly adoption: Adoption;
}

/** Makes the machine; processes that it does not have are taken over from this one when they are named. */
export function makeMachine(context: OctavoContext, flags: MachineFlags): ServedMachine {
  let adoption: Adoption | undefined;
  const machine = startMachine({
    generation: flags.kernel,
    kernel: kernelOptions(flags),
    firstPid: FIRST_PID,
    tasks: flags.task ?? [],
    damonStat: flags.damonStat,
    adopt: (kernel) => {
      adoption = new Adoption(kernel, machineProcesses(context));
      return (pid) => adoption?.find(pid);
    },
  });
  if (adoption === undefined) throw new Error('assertion failed: the machine asked for no adoption');
  return { ...machine, adoption };
}

function machineProcesses({ host }: OctavoContext) {
  const text = (path: string) => {
    const read = host.files.readText(path);
    return read.ok ? read.value : undefined;
  };
  return {
    geometry: host.identity.geometry,
    smaps: (pid: number) => text(`/proc/${pid}/smaps`),
    command: (pid: number) => text(`/proc/${pid}/comm`)?.trim() ?? 'foreign',
  };
}

/** Mounts at an existing directory. Refused without root or /dev/fuse. */
export function mountAt(context: OctavoContext, path: string): FuseMount {
  if (context.host.identity.kind !== 'linux') {
    throw new OctavoError('ABILITY_MISSING', {
      ability: 'mounting the model',
      reason: `the host is a ${context.host.identity.kind}`,
      remedy: 'Use it on a Linux machine.',
    });
  }
  const mounted = mountFuse(path);
  if (mounted.ok) return mounted.value;
  const { call, errno } = mounted.error;
  if (errno === 'EPERM' || errno === 'EACCES') {
    throw new OctavoError('PERMISSION', { call, errno, needs: 'root (CAP_SYS_ADMIN) and /dev/fuse' });
  }
  throw new OctavoError('ABILITY_MISSING', {
    ability: 'mounting the model',
    reason: `${call}: ${errno}`,
    remedy: 'It needs an existing directory and FUSE in the kernel (/dev/fuse).',
  });
}

/** Starts to answer FUSE requests on a mount; the model's time runs at `speed` times real time. */
export function startSession(
  context: OctavoContext,
  machine: ServedMachine,
  mount: FuseMount,
  root: ModelDirectory,
  speed: number,
): MountSession {
  return new MountSession({
    kernel: machine.kernel,
    root,
    channel: mount,
    clock: context.host.clock,
    speed,
    tick: () => machine.adoption.follow(),
  });
}

/** Lines that tell which processes the model has. */
export function describeTasks(machine: Machine): string[] {
  return machine.tasks.map(
    ({ name, pid, start, bytes }) => `${name}: pid ${pid}, ${bytes} bytes at 0x${start.toString(16)}`,
  );
}

/** OCTAVO_<NAME>_PID and _ADDRESS, so that a script can name the model's processes. */
export function taskVariables(machine: Machine): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { name, pid, start } of machine.tasks) {
    const stem = `OCTAVO_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
    variables[`${stem}_PID`] = String(pid);
    variables[`${stem}_ADDRESS`] = `0x${start.toString(16)}`;
  }
  return variables;
}

/** Whether the model has a file or directory at a path. */
export function serves(kernel: Kernel, path: string): boolean {
  return typeof kernel.files.find(path) !== 'string';
}
