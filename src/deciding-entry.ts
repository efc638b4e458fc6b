/** The program of the deciding process: a command line, as main.ts runs it. Started by the split of `octavo agent` only. */
import { takeInherited } from './host/linux/inherited.js';
import { runSupervised } from './supervised.js';

void runSupervised({ recording: undefined, words: process.argv.slice(2), inherited: takeInherited() });
