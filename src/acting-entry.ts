/**
 * The program of the acting process: `acting-entry.js CONFIGURATION PID DESCRIPTOR`, the pid being that of the deciding one.
 * Started by the split of `octavo agent` only. Ends with the exit code of the deciding process.
 */
import { loadConfiguration } from './agent/configuration/read.js';
import { runActing } from './agent/hands/run-acting.js';
import { stateOf } from './agent/live/two-sides.js';
import { withState } from './agent/turn/attentive.js';
import { grantsOf } from './agent/turn/grants-of.js';
import { openChannel } from './host/linux/descriptor-channel.js';
import { linuxHost } from './host/linux/linux-host.js';
import { endActing, exitCodeOf, onSignals } from './host/linux/split/acting-process.js';
import { EXIT, OctavoError } from './vocabulary/errors.js';

/** The deciding process, which has ended its side, may take so long to end itself. */
const LAST_MS = 2000;

const [file, deciding, descriptor] = process.argv.slice(2);

async function run(): Promise<number> {
  const host = linuxHost();
  const channel = openChannel(Number(descriptor));
  const code = () => exitCodeOf(Number(deciding), LAST_MS);
  try {
    await runActing({
      host: withState(host, stateOf(host, file).state),
      channel,
      readGrants: () => grantsOf(host, loadConfiguration(host, file)),
      hear: (heard) => onSignals((name) => heard(name === 'SIGHUP' ? 'reload' : 'end')),
      tell: (what) => process.stderr.write(`octavo: ${what}\n`),
    });
    return (await code()) ?? EXIT.interrupted;
  } catch (problem) {
    channel.close();
    if (!(problem instanceof OctavoError)) throw problem;
    process.stderr.write(`octavo: ${problem.message}\n`);
    return (await code()) ?? EXIT.badInput;
  }
}

void run().then(endActing);
