/**
 * The first program inside `octavo model run`: gives itself mounts of its own, puts the model's files where the
 * kernel's are, and runs the foreign command there. It is a process apart from the one that serves the files, so
 * that a mount that asks the server something does not wait for itself.
 *
 * Parameters: a JSON list of [from, to] pairs, then the command and its parameters.
 */
import { runForeign } from './foreign-program.js';
import { bindMount, enterPrivateMounts } from './fuse-mount.js';

/** Exit code when the mounts could not be made; the reason is on standard error. */
const NOT_MOUNTED = 126;

const [pairs, command, ...parameters] = process.argv.slice(2);
const problem = mountAll(JSON.parse(pairs) as [string, string][]);
if (problem !== undefined) {
  process.stderr.write(`octavo: ${problem}\n`);
  process.exit(NOT_MOUNTED);
}
const asked = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => asked.abort(name));
void runForeign(command, parameters, {}, asked.signal).then((code) => process.exit(code));

function mountAll(binds: readonly [string, string][]): string | undefined {
  const entered = enterPrivateMounts();
  if (!entered.ok) return `${entered.error.call}: ${entered.error.errno}`;
  for (const [from, to] of binds) {
    const bound = bindMount(from, to);
    if (!bound.ok) return `${bound.error.call}: ${bound.error.errno}`;
  }
  return undefined;
}
