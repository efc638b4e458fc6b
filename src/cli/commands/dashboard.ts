import { parseListenPlace } from '../../agent/patterns/listen-place.js';
import type { ListenPlace } from '../../host/host.js';
import { EXIT } from '../../vocabulary/errors.js';
import type { ValueParser } from '../../vocabulary/quantities.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { durationBetween, parseWord } from '../parameters.js';
import { runtimeFlag, type StateFlags, stateFlags } from '../shared-flags.js';

type Flags = StateFlags & {
  readonly listen: ListenPlace;
  readonly token?: string;
  readonly heat?: string;
  readonly runtime?: string;
  readonly for?: number;
  readonly allowActions: boolean;
  readonly json: boolean;
};

/** A socket of a dashboard is its owner's alone. */
const SOCKET_MODE = 0o600;

const parsePlace: ValueParser<ListenPlace> = Object.assign(
  (text: string): ListenPlace => {
    const place = parseListenPlace(text);
    return place.kind === 'unix' ? { ...place, mode: SOCKET_MODE } : place;
  },
  {
    accepts:
      'a loopback port such as 127.0.0.1:8040 (0: any that is free) or [::1]:8040, or a socket such as unix:/run/user/1000/octavo.sock; other machines are not served',
  },
);

/** `octavo dashboard`: serves a page until it is stopped. */
export const dashboardCommand = command<Flags, [string?]>(
  {
    brief: 'serve a page that shows heat, decisions and what came of them, on this machine only',
    effect: {
      kind: 'acts',
      what: 'has the agent pause or resume a target, undo a run, split or collapse a block, as somebody confirms on the page',
      when: '--allow-actions',
    },
    description: [
      'Serves a page for a browser: addresses over time from terabytes to the sub-pages of a block, folio orders, what was given',
      'back and what came back, budgets and guards, what was decided and why. Of the agent of this host, by what it keeps; or of',
      'a heat file, a run, or what `octavo runs RUN`, `simulate`, `compare` and `history` print with --json. Prints the address to',
      'open, with a secret token in it, and serves until it is stopped. Looks only, unless --allow-actions is given:',
      'then the page can ask the agent for what its configuration allows, after showing what would happen.',
      'Only programs of this machine reach it; from elsewhere: ssh -L 8040:127.0.0.1:PORT.',
    ].join('\n'),
    examples: [
      ['octavo dashboard', 'the agent of this host'],
      ['octavo dashboard heat.parquet', 'a heat file with slices of time'],
      [
        'octavo dashboard 20260101T120000000Z-1a2b --heat heat.parquet',
        'a run, over the heat of its processes',
      ],
      ['octavo dashboard outcome.json --listen unix:/tmp/octavo.sock', 'a simulation, at a socket'],
      ['octavo dashboard --token ~/.octavo-token --listen 127.0.0.1:8040', 'an address that stays the same'],
    ],
    exits: [
      [EXIT.badInput, 'there is no such run, the file is none that can be shown, or the token is none'],
      [EXIT.notAble, 'a recording or a model serves nothing'],
      [EXIT.refused, 'the place is taken, or may not be listened at'],
      [EXIT.interrupted, 'it was stopped, which is how it ends'],
    ],
  },
  {
    flags: {
      listen: {
        kind: 'parsed',
        parse: parsePlace,
        default: '127.0.0.1:0',
        brief: 'Where to serve: a port of the loopback interface, or a Unix socket',
        placeholder: 'place',
      },
      token: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        brief: 'File with the token, which only its owner may read; a new one is made when absent',
        placeholder: 'file',
      },
      heat: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        brief: 'Of a run: draw this heat file of its processes, with what the run did over it',
        placeholder: 'file',
      },
      allowActions: {
        kind: 'boolean',
        brief: 'Let the page ask the agent to pause or resume targets, and to undo, split and collapse',
        default: false,
        withNegated: false,
      },
      for: {
        kind: 'parsed',
        parse: durationBetween(100, 366 * 86_400_000),
        optional: true,
        brief: 'Serve for so long; until it is stopped when absent',
        placeholder: 'duration',
      },
      runtime: runtimeFlag,
      ...stateFlags,
      json: jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          placeholder: 'heat|run|document',
          brief: 'What to show; the agent of this host when absent',
          parse: parseWord,
          optional: true,
        },
      ],
    },
  },
  async function (flags, word) {
    const { randomToken, serveBoard, tokenFrom } = await import('../dashboard/serve.js');
    const token = flags.token === undefined ? randomToken(this.host) : tokenFrom(this.host, flags.token);
    const { boardOf } = await import('../dashboard/subject-board.js');
    const board = await boardOf(this, word, flags);
    const { place, ended } = await serveBoard({
      ...{ host: this.host, board, listen: flags.listen, token, signal: this.signal, forMs: flags.for },
      remark: (text) => this.remark(text),
    });
    announce(this, place, flags.token === undefined ? token : undefined, flags.json);
    await ended;
    if (this.signal.aborted) this.endsWith('interrupted');
  },
);

/** A token of a file is known to who may know it, and is not told. */
function announce(
  context: OctavoContext,
  place: ListenPlace,
  token: string | undefined,
  json: boolean,
): void {
  const at = place.kind === 'unix' ? `unix:${place.path}` : `http://${hostOf(place.address)}:${place.port}/`;
  const fragment = token === undefined ? '' : `#token=${token}`;
  if (json) {
    context.printJson({ octavo: 'dashboard', version: 1, at, token: token ?? null });
    return;
  }
  if (place.kind === 'tcp') context.print(`Open ${at}${fragment}`);
  else {
    context.print(
      `Serving at ${at}; a browser reaches it through \`ssh -L 8040:${place.path} HOST\`, or socat.`,
    );
    context.print(`Then open http://localhost:8040/${fragment}`);
  }
  if (token === undefined) context.print('Add #token= and the token of the file.');
}

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);
