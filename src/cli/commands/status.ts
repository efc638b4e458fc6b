import { readStatus, statusDirectory } from '../../agent/life/status.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { showStatus } from '../print/agent-status.js';
import { runtimeFlag } from '../shared-flags.js';

type Flags = { readonly json: boolean; readonly runtime?: string };

/** An agent that has not told anything for so long hangs, or its machine does. */
const SILENT_MS = 60_000;

/** `octavo status`: reads the status document of the agent. */
export const statusCommand = command<Flags, []>(
  {
    brief: 'show what the agent of this host sees and does',
    description:
      'Reads the document that the agent keeps up to date. Costs the agent nothing, and works when it hangs.',
    examples: [
      ['octavo status', 'targets, what was done, and why not'],
      ['octavo status --json', 'the same for programs'],
    ],
    effect: LOOKS,
    exits: [[EXIT.noTarget, 'no agent runs on this host']],
  },
  {
    flags: {
      json: jsonFlag,
      runtime: runtimeFlag,
    },
  },
  function ({ json, runtime }) {
    const { status, isRunning } = readStatus(this.host, runtime ?? statusDirectory(this.host));
    const { pid } = status.holder;
    const silentMs = this.host.clock.wallMs() - status.updatedMs;
    if (json) this.printJson({ ...status, running: isRunning });
    else {
      if (isRunning) this.print(`The agent runs as process ${pid} with ${status.configuration.file}.`);
      if (isRunning && silentMs > SILENT_MS)
        this.print(`It has told nothing for ${Math.round(silentMs / 1000)} s: what follows is as old.`);
      for (const line of showStatus(status)) this.print(line);
    }
    if (!isRunning) {
      const last = new Date(status.updatedMs).toISOString();
      const absent = new OctavoError('AGENT_ABSENT', {
        why: `process ${pid} has ended, and last told of itself at ${last}`,
      });
      if (json) this.endsWith('noTarget');
      else throw absent;
    }
  },
);
