/** The configuration of an agent that returns empty memory of one program, for tests beside a real one. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test is no host to spare: what else runs on the machine decides nothing here. */
const HOST_GUARDS = ['cpuPressure', 'memoryPressure', 'ioPressure', 'memoryFull', 'ioFull'];

export interface AgentWishes {
  /** Name of the program, and of the target. */
  readonly command: string;
  readonly act: boolean;
  /** Guards that are off besides those of the host. */
  readonly off?: readonly string[];
}

/**
 * Writes `agent.yaml` into a directory, with `state` and `run` below it, and returns its path. The directory must be open to all
 * users: half of an agent runs as another one.
 */
export function writeAgentFile(directory: string, { command, act, off = [] }: AgentWishes): string {
  const [path, state] = [join(directory, 'agent.yaml'), join(directory, 'state')];
  mkdirSync(state, { recursive: true });
  const guards = [...HOST_GUARDS, ...off].map((guard) => `${guard}: 0`).join(', ');
  writeFileSync(
    path,
    `octavo: agent
version: 1
state: ${state}
runtime: ${join(directory, 'run')}
targets:
  - name: ${command}
    match: { command: '${command}' }
    policy: return-empty
    actuators: [madvise]
    every: 2s
    guards: { ${guards} }
    act: ${act}
`,
  );
  chmodSync(path, 0o644);
  return path;
}
