import { type ModelHost, modelHost } from '../../model/host/model-host.js';
import { boot } from '../../model/kernel/boot.js';
import { GENERATION_NAMES } from '../../model/kernel/damon/core/generations.js';
import { installDamon } from '../../model/kernel/damon/on-model/model-damon.js';
import { generationOf, kernelOptions, type MachineWords } from '../../model/shell/model-options.js';
import { runLine } from '../../model/shell/shell.js';
import type { LineAnswer, ShellState } from '../../model/shell/shell-command.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, LOOKS } from '../command.js';
import { OctavoContext } from '../context.js';
import { bytesBetween, countBetween, parseFraction, parseWord, type ValueParser } from '../parameters.js';

type Flags = MachineWords & {
  readonly script?: string;
};

const word = (brief: string, placeholder: string, parse: ValueParser<string> = parseWord) =>
  ({ kind: 'parsed', parse, brief, placeholder, optional: true }) as const;

/** Checks a quantity and hands it on as the bare number that every place of the model understands. */
const plain = (parse: ValueParser<number>): ValueParser<string> =>
  Object.assign((text: string) => String(parse(text)), { accepts: parse.accepts });

/** `octavo model shell`: reads commands from standard input, line by line. */
export const modelShellCommand = command<Flags, []>(
  {
    brief: 'poke a model of a Linux machine, line by line: octavo model shell',
    effect: LOOKS,
    description: [
      'A whole machine’s memory management in memory: its /proc, /sys, debugfs and cgroup files, processes with',
      'mappings, system calls, khugepaged, and a clock that moves only when it is told to. Reads lines from standard',
      'input, or from a script. The same seed and lines give the same results. `help` inside lists the commands;',
      'docs/model.md describes them. Nothing of this machine is touched, but snapshots are files of it.',
      'A script stops at the first line that fails; lines from a terminal or a pipe go on after a failure.',
    ].join('\n'),
    examples: [
      ['octavo model shell', 'type commands'],
      ['octavo model shell --script test.octavo --seed 7', 'a test as a script'],
      [
        "printf 'ls /sys/kernel/mm/transparent_hugepage\\nadvance 2s\\ntime\\n' | octavo model shell",
        'from a pipe',
      ],
    ],
    exits: [
      [EXIT.badInput, 'a line of the script is wrong, or a line from a pipe was'],
      [EXIT.refused, 'the model’s kernel refused a line of the script'],
    ],
  },
  {
    flags: {
      script: word('Run the lines of this file and stop at the first that fails', 'file'),
      seed: word('Seed of everything random, 1 when left out', 'number', plain(countBetween(0, 0xffffffff))),
      memory: word('Memory of the machine, 4G when left out', 'size', plain(bytesBetween(2 ** 26, 2 ** 42))),
      swap: word('Swap space, 0 when left out', 'size', plain(bytesBetween(0, 2 ** 42))),
      release: word(`Kernel to be like, 7.3 when left out: ${GENERATION_NAMES.join(', ')}`, 'release'),
      architecture: word('x64 or arm64', 'name'),
      pageSize: word(
        'Base pages: 4K, and on arm64 also 16K or 64K',
        'size',
        plain(bytesBetween(4096, 65536)),
      ),
      fragmentation: word(
        'Share of huge blocks that hold an unmovable page, 0 to 1',
        'share',
        plain(parseFraction),
      ),
    },
  },
  async function (flags) {
    const { files } = this.host;
    const generation = generationOf(flags).name;
    const extend = ({ kernel }: ModelHost) => void installDamon(kernel, { generation });
    const host = modelHost(boot(kernelOptions(flags)));
    const octavo: ShellState['octavo'] = (model, words) => runOnModel(this, model, words);
    const state: ShellState = { host, outside: files, extend, octavo };
    extend(state.host);
    if (flags.script === undefined) return readInput(this, state);
    const text = files.readText(flags.script);
    if (!text.ok) throw new OctavoError('FILE_UNREADABLE', { path: flags.script, errno: text.error.errno });
    return runScript(this, state, flags.script, text.value.split('\n'));
  },
);

/** Octavo's command line with the model as its host, its output kept. */
async function runOnModel(context: OctavoContext, host: ModelHost, words: readonly string[]) {
  let text = '';
  const kept = {
    write: (piece: string) => {
      text += piece;
    },
  };
  const streams = { ...context.streams, out: kept, err: kept, input: NOTHING, interactive: false };
  const code = await context.commandLine.run(words, new OctavoContext(host, streams, context.signal));
  return { code, text };
}

const NOTHING: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: async function* () {} };

async function runScript(
  context: OctavoContext,
  state: ShellState,
  path: string,
  lines: readonly string[],
): Promise<void> {
  for (const [index, line] of lines.entries()) {
    if (context.signal.aborted) return context.endsWith('interrupted');
    const { text, failure } = await runLine(state, line);
    if (failure === undefined) {
      if (text !== '') context.printExact(text);
      continue;
    }
    const place = `line ${index + 1} \`${line.trim()}\``;
    const code = failure.kind === 'errno' ? 'MODEL_REFUSED' : 'FILE_MALFORMED';
    throw new OctavoError(code, { path, place, problem: failure.says, errno: failure.says });
  }
}

/** Lines as they come. A failure is told and the next line is read; a wrong line makes the exit code 3. */
async function readInput(context: OctavoContext, state: ShellState): Promise<void> {
  if (context.streams.interactive)
    context.remark('A model of a Linux machine. `help` lists the commands, Ctrl-D ends.');
  for await (const line of linesOf(context)) {
    if (context.signal.aborted) return context.endsWith('interrupted');
    if (line.trim() === 'exit' || line.trim() === 'quit') return;
    tell(context, await runLine(state, line));
  }
}

function tell(context: OctavoContext, { text, failure }: LineAnswer): void {
  if (failure?.kind === 'usage') {
    context.remark(`octavo: ${text}`);
    context.endsWith('badInput');
  } else if (text !== '') context.printExact(text);
}

async function* linesOf(context: OctavoContext): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of context.streams.input) {
    rest += decoder.decode(piece, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
