import { modelHost } from '../host/model-host.js';
import { loadModel, saveModel } from '../host/model-snapshot.js';
import { violations } from '../kernel/checks/invariants.js';
import {
  answer,
  type LineAnswer,
  misuse,
  refusal,
  type ShellCommand,
  type ShellState,
} from './shell-command.js';
import { parseDuration } from './words.js';

/** Commands about the model as a whole: its time, its soundness, saving and resuming. */
export const STATE_COMMANDS: Readonly<Record<string, ShellCommand>> = {
  advance: {
    usage: 'advance DURATION',
    brief: 'lets time pass: 2s, 500ms, 10us, 5min; khugepaged and every other timer run',
    run: ({ host }, [word]) => {
      const duration = parseDuration(word ?? '');
      if (duration === undefined) return misuse('a duration is 2s, 500ms, 10us or 5min');
      host.kernel.clock.advance(duration);
      return answer('');
    },
  },
  time: {
    usage: 'time',
    brief: 'virtual time since boot',
    run: ({ host }) => answer(`${(host.kernel.clock.now / 1e9).toFixed(9)} s`),
  },
  check: {
    usage: 'check',
    brief: 'recounts frames, folios, mappings and counters; prints what is wrong',
    run: ({ host }) => {
      const found = violations(host.kernel);
      if (found.length === 0) return answer('sound');
      return { text: found.join('\n'), failure: { kind: 'errno', says: 'the model is not sound' } };
    },
  },
  octavo: {
    usage: 'octavo WORD …',
    brief:
      'Octavo itself on the model: `octavo inspect PID`, `octavo plan …`, `octavo apply …`; files are the model’s',
    run: async ({ host, octavo }, words) => {
      const { code, text } = await octavo(host, words);
      const said = text.trimEnd();
      return code === 0
        ? answer(said)
        : { text: said, failure: { kind: 'errno', says: `exit code ${code}: ${said.split('\n').at(-1)}` } };
    },
  },
  snapshot: {
    usage: 'snapshot [FILE]',
    brief: [
      'saves the model to FILE; prints its size and a checksum, which is all that it does without FILE.',
      'EBUSY while a kdamond runs: DAMON is not part of a snapshot',
    ].join('\n    '),
    run: (state, [path]) => save(state, path),
  },
  resume: {
    usage: 'resume FILE',
    brief: 'goes on with a model that was saved; refuses one of another version',
    run: (state, [path]) => resume(state, path),
  },
};

function save({ host, outside }: ShellState, path: string | undefined): LineAnswer {
  if ([...host.kernel.processes.values()].some((task) => task.command.startsWith('kdamond.')))
    return refusal('EBUSY');
  const bytes = saveModel(host.kernel, host.memory);
  if (path !== undefined) {
    const written = outside.writeFile(path, bytes);
    if (!written.ok) return refusal(written.error.errno);
  }
  return answer(
    `${bytes.length} bytes, checksum ${checksum(bytes)}, at ${(host.kernel.clock.now / 1e9).toFixed(3)} s`,
  );
}

function resume(state: ShellState, path: string | undefined): LineAnswer {
  if (path === undefined) return misuse('resume FILE');
  const read = state.outside.readBytes(path);
  if (!read.ok) return refusal(read.error.errno);
  const loaded = loadModel(read.value);
  if (!loaded.ok) return misuse(`${path}: ${loaded.error}`);
  state.host = modelHost(loaded.value.kernel, { memory: loaded.value.memory });
  state.extend(state.host);
  return answer(`at ${(state.host.kernel.clock.now / 1e9).toFixed(3)} s`);
}

/** FNV-1a over all bytes: tells two snapshots apart at a glance. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
