import { EXIT } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { explainOneBlock } from '../explain/block.js';
import { parseSubject } from '../explain/subject.js';
import { explainTarget } from '../explain/target.js';
import { parseWord, type StateFlags, stateFlags } from '../shared-flags.js';

type Flags = StateFlags & { readonly json: boolean };

/** `octavo explain ADDRESS|TARGET`: reads page sizes and journals. */
export const explainCommand = command<Flags, [string]>(
  {
    brief: 'say why memory is huge or not, what was tried on it, and what that gained',
    effect: LOOKS,
    description: [
      'Of one block: how it is now and why, by the rules of this kernel; what runs tried on it, what the kernel answered, what',
      'came of it, who undid it; what it gave back against what was predicted, and how much of that is in use again; why it is',
      'left alone. Of a target: the same over its processes, with the last day of its history. Reads page tables, the journal',
      'and the history, and writes to none of them. A pid that another process has now is not taken for the one before.',
    ].join('\n'),
    examples: [
      ['octavo explain 4711:0x7f2a40000000', 'one block of a process'],
      ['octavo explain 0x7f2a40000000', 'the same, where runs acted on that address in one process only'],
      ['octavo explain 4711:block:68030464', 'a block as `--json` counts them'],
      ['octavo explain redis-server', 'a pid, a command name, `cgroup:/path`, or a target of the agent'],
    ],
    exits: [
      [EXIT.badInput, 'the address is in no mapping, or in several processes'],
      [EXIT.noTarget, 'nothing is known of it'],
      [EXIT.notPermitted, 'this user may not look into it'],
    ],
  },
  {
    flags: { ...stateFlags, json: jsonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          placeholder: 'subject',
          brief: 'PID:ADDRESS, an address, block:NUMBER, or a target',
          parse: parseWord,
        },
      ],
    },
  },
  function (flags, word) {
    const subject = parseSubject(word, this.host.identity.geometry);
    if (subject.kind === 'target') explainTarget(this, subject.word, flags);
    else explainOneBlock(this, subject.page, subject.pid, flags);
  },
);
