import { probeFeatures } from '../../host/features/features.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { doctorText } from '../doctor/layout.js';
import { doctorSections } from '../doctor/sections.js';

/** `octavo doctor`: abilities of this host, each with the fact that it rests on. */
export const doctorCommand = command<{ readonly json: boolean }, []>(
  {
    brief: 'tell what this kernel, CPU and user can do',
    effect: LOOKS,
    description: [
      'Asks the kernel for everything that Octavo can use: page sizes, ways to split and collapse, DAMON, page tables,',
      'sampling hardware and rights. Each row says yes, partly, no, or unknown when it could be told only by changing',
      'something, then what was seen, and what would provide the rest. Writes nothing and compares no versions.',
    ].join('\n'),
    examples: [
      ['octavo doctor', 'what works here, and what each missing ability needs'],
      ['sudo octavo doctor', 'the same with the rights of root'],
      ['octavo doctor --json', 'all findings as data'],
    ],
  },
  { flags: { json: jsonFlag } },
  function ({ json }) {
    const features = probeFeatures(this.host);
    if (json) this.printJson(features);
    else this.print(doctorText(doctorSections(features), this.streams.columns));
  },
);
