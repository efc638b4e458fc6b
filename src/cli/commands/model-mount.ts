import { command } from '../command.js';
import { type MachineFlags, machineFlags } from '../model/machine-flags.js';
import { describeTasks, makeMachine, mountAt, startSession } from '../model/serving.js';
import { parseWord } from '../parameters.js';

/** `octavo model mount DIR`: needs FUSE and the right to mount. */
export const modelMountCommand = command<MachineFlags, [string]>(
  {
    brief: 'mount a model kernel’s files at a directory until interrupted',
    effect: { kind: 'acts', what: 'mounts a FUSE file system at the directory' },
    description: [
      'Mounts the files of a model kernel with FUSE: sys/kernel/mm/damon with everything below it, and what else the',
      'model has. Modes, sizes, errno values and truncating writes are those of the modelled kernel, and commands that',
      'block in the kernel block here. Virtual time follows real time. Needs root. Ends with SIGINT.',
    ].join('\n'),
    examples: [
      ['octavo model mount /mnt --task redis,256M,0.1', 'a process of 256 MiB, a tenth of it hot'],
      ['octavo model mount /mnt --kernel 6.12', 'the tree of an older kernel'],
    ],
    exits: [
      [5, 'not permitted'],
      [6, 'this machine cannot mount it'],
    ],
  },
  {
    flags: machineFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'directory', brief: 'An existing, empty directory', parse: parseWord }],
    },
  },
  async function (flags, directory) {
    const machine = makeMachine(this, flags);
    const mount = mountAt(this, directory);
    this.print([`model kernel ${flags.kernel} at ${directory}`, ...describeTasks(machine)].join('\n'));
    const session = startSession(this, machine, mount, machine.kernel.files.root, flags.speed);
    try {
      await session.run(this.signal);
    } finally {
      mount.close();
    }
    if (this.signal.aborted) this.endsWith('interrupted');
  },
);
