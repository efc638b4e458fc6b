// What the program prints without loading a command: help pages, its version, completion scripts and proposals.
// Asked of the built commands themselves, so that nothing is written twice.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

const SHELLS = ['bash', 'zsh', 'fish'];

/** A document for src/cli/instant/prepared.ts. */
export async function preparedTexts() {
  const built = (path) => import(pathToFileURL(join(root, 'dist/src', path)).href);
  const { runCommandLine } = await built('cli/application/application.js');
  const { OctavoContext } = await built('cli/context.js');
  const { linuxHost } = await built('host/linux/linux-host.js');
  const { routes } = await built('cli/application/catalogue.js');

  /** What a command line prints, before it is laid out for a terminal. */
  async function printed(words) {
    let text = '';
    const out = {
      write(more) {
        text += more;
      },
    };
    const streams = { out, err: out, input: (async function* () {})(), interactive: false, columns: 100 };
    const context = new OctavoContext(linuxHost(), streams, new AbortController().signal);
    Object.assign(context.process, { stdout: out, stderr: out });
    const code = await runCommandLine(words, context);
    if (code !== 0) throw new Error(`octavo ${words.join(' ')} ended with ${code}: ${text}`);
    return text;
  }

  const pages = { '--version': await printed(['--version']) };
  const proposals = {};
  for (const { words, isGroup } of placesIn(routes)) {
    pages[[...words, '--help'].join(' ')] = await printed([...words, '--help']);
    const proposed = async (partial) =>
      (await printed(['__complete', '--', ...words, partial])).split('\n').filter((line) => line !== '');
    const options = await proposed('--');
    proposals[words.join(' ')] = isGroup ? { commands: await proposed(''), options } : { options };
  }
  pages['simulate --list'] = await printed(['simulate', '--list']);
  const scripts = {};
  for (const shell of SHELLS) scripts[`completion ${shell}`] = await printed(['completion', shell]);
  return { pages, scripts, proposals };
}

/** The program, its groups and its commands. */
function placesIn(target, words = []) {
  const isGroup = 'getAllEntries' in target;
  const inner = isGroup ? target.getAllEntries() : [];
  return [
    { words, isGroup },
    ...inner
      .filter(({ hidden }) => !hidden)
      .flatMap((entry) => placesIn(entry.target, [...words, entry.name.original])),
  ];
}
