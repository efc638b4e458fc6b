import { RUNTIME_OF_ROOT } from '../../agent/life/status.js';
import { becomeTwo, otherSide, shouldSplit, stateOf } from '../../agent/live/two-sides.js';
import type { AgentEvent } from '../../agent/loop/events.js';
import { Session } from '../../agent/loop/session.js';
import { handsHere, handsThere } from '../../agent/turn/hands-here.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { parseWord } from '../parameters.js';
import { showStatus } from '../print/agent-status.js';
import { VERSION } from '../version.js';

type Flags = { readonly config: string; readonly once: boolean; readonly json: boolean };

/** The configuration that `octavo agent` and `octavo status` read where none is named. */
export const DEFAULT_CONFIGURATION = '/etc/octavo/agent.yaml';

/** `octavo agent`: acts only on targets with `act: true`, until a signal ends it. */
export const agentCommand = command<Flags, []>(
  {
    brief: 'watch services and keep their huge pages in shape, as a configuration says',
    description: [
      'Watches which processes come and go, takes a turn on each target in its time, and acts only on targets with',
      '`act: true`, within their budgets and hours. Everything else is observed and planned. SIGHUP reads the configuration',
      'again: a wrong one is not taken, which is told by `octavo status`. SIGTERM ends it.',
    ].join('\n'),
    examples: [
      ['octavo agent --config agent.yaml', 'in the foreground'],
      ['octavo agent --once --config agent.yaml', 'one turn of every target, for cron'],
    ],
    effect: { kind: 'acts', what: 'splits and collapses on targets with `act: true` in its configuration' },
    exits: [
      [EXIT.badInput, 'the configuration is wrong, or state cannot be written'],
      [EXIT.notAllMet, 'with --once: a turn failed'],
      [EXIT.refused, 'another agent runs on this host'],
      [EXIT.interrupted, 'ended by a signal'],
    ],
  },
  {
    flags: {
      config: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Configuration, with drop-ins in FILE.d',
        default: DEFAULT_CONFIGURATION,
        placeholder: 'file',
      },
      once: {
        kind: 'boolean',
        brief: 'Take one turn of every target and end',
        default: false,
        withNegated: false,
      },
      json: jsonFlag,
    },
  },
  async function ({ config, once, json }) {
    const onEvent = ({ target, text }: AgentEvent) =>
      this.remark(`octavo: ${target === '' ? '' : `${target}: `}${text}`);
    const two = await twoSides(this, config);
    const session = new Session({
      ...{ host: this.host, file: config, signal: this.signal, onEvent, version: VERSION, ...two },
      makeHands: (state) => two?.hands(state) ?? handsHere(this.host, config, state),
    });
    if (!once) {
      this.onReload(() => session.reload());
      await session.run();
      this.endsWith('interrupted');
      return;
    }
    const results = await session.once();
    const status = session.status();
    if (json) this.printJson(status);
    else for (const line of showStatus(status)) this.print(line);
    if (results.some(({ end }) => end === 'failed')) this.endsWith('notAllMet');
    if (this.signal.aborted) this.endsWith('interrupted');
  },
);

/** What the deciding process of two has; undefined where all is in one. Does not return where this becomes the acting one. */
async function twoSides(context: OctavoContext, file: string) {
  const { host, sides } = context;
  if (sides === undefined) return undefined;
  const other = otherSide(host);
  if (other === undefined) {
    if (!shouldSplit(host)) return undefined;
    const why = await becomeTwo(host, file, sides);
    context.remark(`octavo: the process that decides has all privileges as well: ${why}`);
    return undefined;
  }
  const about = await other.about();
  if (!about.ok) throw new OctavoError('HANDS_DENIED', { denial: about.error.code, why: about.error.why });
  const { pid, userId } = about.value;
  return {
    ...(userId === 0 ? { runtime: RUNTIME_OF_ROOT } : {}),
    state: stateOf(host, file, userId).deciding,
    hands: (state: string) => handsThere(host, other, state, pid),
  };
}
