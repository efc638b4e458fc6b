import { probeFeatures } from '../../host/features/features.js';
import { type Recorder, recordHost } from '../../host/recording/recording-host.js';
import { EXIT, type ExitName, OctavoError } from '../../vocabulary/errors.js';
import { command, LOOKS } from '../command.js';
import { OctavoContext } from '../context.js';

/** `octavo record-host DIR -- COMMAND`: keeps what a command reads, for `--host DIR`. */
export const recordHostCommand = command<Record<never, never>, string[]>(
  {
    brief: 'run a command and record everything that it sees of this host',
    effect: LOOKS,
    description: [
      'Runs another octavo command and keeps what it reads of the kernel in a folder. With `octavo --host DIR …`, or',
      'OCTAVO_HOST=DIR in the environment, the same command gives the same results anywhere, without rights.',
      'The command cannot act: writes and advices are refused. Process memory is never kept, only which pages held',
      'anything but zeroes; neither are environments, command lines or keys. What is kept, and should be looked through',
      'before it is given away: mappings with their file names, page tables, frame numbers, command names, cgroups.',
    ].join('\n'),
    examples: [
      ['sudo octavo record-host /tmp/web1 -- inspect nginx', 'take one look home'],
      ['octavo --host /tmp/web1 inspect nginx', 'look again, elsewhere'],
      ['sudo octavo record-host /tmp/bug -- plan 4711 --json', 'attach to a bug report'],
    ],
    exits: [
      [EXIT.badInput, 'the folder is not empty or cannot be written; else the exit code of the command'],
    ],
  },
  {
    positional: {
      kind: 'array',
      minimum: 2,
      parameter: {
        placeholder: 'words',
        brief: 'The folder to make, `--`, then the command with its arguments',
        parse: String,
      },
    },
  },
  async function (this: OctavoContext, _flags, folder, ...words) {
    if (words[0] === 'record-host') {
      throw new OctavoError('USAGE', { problem: 'a recording cannot record itself', command: 'record-host' });
    }
    const recorder = recordHost(this.host);
    // So that every recording can be asked what that machine could do, whatever the command looked at.
    probeFeatures(recorder.host);
    const inner = new OctavoContext(recorder.host, this.streams, this.signal);
    const code = await this.commandLine.run(words, inner);
    this.remark(summary(recorder, folder));
    this.endsWith(exitNamed(code));
  },
);

function summary(recorder: Recorder, folder: string): string {
  const { files, bytes, scans, withheld } = recorder.save(folder);
  const size = `${files} files (${Math.ceil(bytes / 1024)} KiB) and ${scans} scans`;
  const kept = withheld.length === 0 ? '' : `; contents not kept: ${withheld.join(', ')}`;
  return `recorded ${size} in ${folder}${kept}`;
}

function exitNamed(code: number): ExitName {
  const found = Object.entries(EXIT).find(([, value]) => value === code);
  return (found?.[0] ?? 'bug') as ExitName;
}
