import { runBehindMounts } from '../../host/linux/foreign-program.js';
import { bindMount, enterPrivateMounts } from '../../host/linux/fuse-mount.js';
import type { Kernel } from '../../model/kernel/state/kernel.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { command } from '../command.js';
import type { OctavoContext } from '../context.js';
import { withMachineProc } from '../model/joined-proc.js';
import { type MachineFlags, machineFlags } from '../model/machine-flags.js';
import {
  makeMachine,
  mountAt,
  type ServedMachine,
  serves,
  startSession,
  taskVariables,
} from '../model/serving.js';
import { makeStage, removeStage } from '../model/stage.js';

/** Where the model's files take the place of the machine's, the most specific that the machine has. */
const PLACES: readonly (readonly string[])[] = [
  ['/sys/kernel/mm/damon', '/sys/kernel/mm'],
  ['/sys/kernel/mm/transparent_hugepage', '/sys/kernel/mm'],
  ['/sys/kernel/debug'],
  ['/sys/kernel/tracing'],
  ['/sys/module/damon_stat', '/sys/module'],
  ['/sys/module/damon_reclaim', '/sys/module'],
  ['/sys/module/damon_lru_sort', '/sys/module'],
];

/** `octavo model run -- COMMAND`: the command sees the model's /proc and /sys in place of the kernel's. */
export const modelRunCommand = command<MachineFlags, string[]>(
  {
    brief: 'run a command that sees a model kernel in place of this machine’s',
    effect: { kind: 'acts', what: 'starts a command in a mount namespace of its own' },
    description: [
      'Starts a command in a mount namespace of its own, in which the model’s files lie over the kernel’s: /sys/kernel/mm',
      'and, where the model has them, debugfs, tracefs and processes in /proc. Tools made for the real tree run',
      'unchanged; this machine’s own tree is not touched. A pid of this machine that the command names to DAMON gets a',
      'twin in the model, with its mappings and idle memory. Tasks of the model are in OCTAVO_<NAME>_PID and',
      'OCTAVO_<NAME>_ADDRESS, and {NAME} in the command becomes the pid. Needs root.',
    ].join('\n'),
    examples: [
      [
        'octavo model run --task redis,1G,0.05 -- ./my-damon-script.sh {redis}',
        'a script against a process of the model',
      ],
      ['octavo model run --kernel 6.12 -- sh sysfs.sh', 'a kernel selftest against an older tree'],
    ],
    exits: [
      [5, 'not permitted'],
      [6, 'this machine cannot mount it; every other code is the command’s own, 128 + n after signal n'],
    ],
  },
  {
    flags: machineFlags,
    positional: {
      kind: 'array',
      parameter: { placeholder: 'command', brief: 'The command and its parameters, after --', parse: String },
      minimum: 1,
    },
  },
  async function (flags, ...words) {
    const machine = makeMachine(this, flags);
    const stage = makeStage(this.host);
    try {
      await runOnStage(this, machine, stage, flags, words);
    } finally {
      removeStage(this.host, stage);
    }
  },
);

async function runOnStage(
  context: OctavoContext,
  machine: ServedMachine,
  stage: string,
  flags: MachineFlags,
  words: readonly string[],
): Promise<void> {
  requirePrivateMounts();
  const mount = mountAt(context, `${stage}/model`);
  try {
    const behind = bindMount('/proc', `${stage}/proc`);
    const root = behind.ok
      ? withMachineProc(context.host, machine.kernel, `${stage}/proc`)
      : machine.kernel.files.root;
    const session = startSession(context, machine, mount, root, flags.speed);
    const ended = new AbortController();
    const serving = session.run(ended.signal);
    const filled = words.map((word) => fillIn(word, machine.tasks));
    const binds = bindsOf(context, machine.kernel, stage);
    const code = await runBehindMounts(binds, filled, taskVariables(machine), context.signal);
    ended.abort();
    mount.close();
    await serving;
    if (context.signal.aborted) context.endsWith('interrupted');
    else context.endsWithCode(code);
  } finally {
    mount.close();
  }
}

/** From here on this process's own mounts are private: nothing that follows is seen outside. */
function requirePrivateMounts(): void {
  const entered = enterPrivateMounts();
  if (entered.ok) return;
  const { call, errno } = entered.error;
  throw new OctavoError('PERMISSION', { call, errno, needs: 'root (CAP_SYS_ADMIN)' });
}

function bindsOf({ host }: OctavoContext, kernel: Kernel, stage: string): (readonly [string, string])[] {
  const places = PLACES.flatMap((choices) => {
    if (!serves(kernel, choices[0])) return [];
    const place = choices.find((path) => host.files.status(path).ok);
    return place === undefined ? [] : [place];
  });
  if (serves(kernel, '/proc')) places.push('/proc');
  return [...new Set(places)].map((path) => [`${stage}/model${path}`, path] as const);
}

function fillIn(word: string, tasks: readonly { readonly name: string; readonly pid: number }[]): string {
  return tasks.reduce((text, { name, pid }) => text.replaceAll(`{${name}}`, String(pid)), word);
}
