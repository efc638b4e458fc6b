/** Where a report is written to: pages, Markdown, pictures; each to a file, one of them to standard output. */
import { LIGHT } from '../../reports/design/tokens.js';
import { pngFile } from '../../reports/drawing/paint.js';
import type { Figure } from '../../reports/figures/figure.js';
import { figureSvg } from '../../reports/figures/figure-svg.js';
import { storyHtml } from '../../reports/story/html.js';
import { storyMarkdown } from '../../reports/story/markdown.js';
import { figuresOf, type Story } from '../../reports/story/story.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { STANDARD_OUTPUT, writeOutput } from '../output.js';
import { parseWord } from '../parameters.js';

/** Parsed options that say where a report goes. */
export type ReportOutputs = {
  readonly html?: string;
  readonly md?: string;
  readonly svg?: string;
  readonly png?: string;
  readonly figure?: string;
};

const file = (brief: string) =>
  ({ kind: 'parsed', parse: parseWord, optional: true, brief, placeholder: 'file' }) as const;

/** Declarations of `--html`, `--md`, `--svg`, `--png` and `--figure`. */
export const outputFlags = {
  html: file('Write a page that tells it all, opens offline and needs nothing else; - is standard output'),
  md: file('Write it as Markdown for an issue or a chat; - is standard output'),
  svg: file('Write a figure as SVG (--figure says which); into a directory: all of them'),
  png: file('Write a figure as PNG, drawn without any font or browser; into a directory: all of them'),
  figure: {
    kind: 'parsed',
    parse: parseWord,
    optional: true,
    brief: 'The figure for --svg and --png, such as heat-map, histogram, course, orders, curve, plane',
    placeholder: 'name',
  },
} as const;

/** USAGE when several of them want standard output, before anything is read for nothing. */
export function checkOutputs(outputs: ReportOutputs, json: boolean, command: string): void {
  const wanting = [...wantingOutput(outputs), ...(json ? ['--json'] : [])];
  if (wanting.length > 1)
    throw new OctavoError('USAGE', {
      problem: `${wanting.join(' and ')} both want standard output`,
      command,
    });
  if (outputs.figure !== undefined && outputs.svg === undefined && outputs.png === undefined)
    throw new OctavoError('USAGE', { problem: '--figure goes with --svg or --png', command });
}

function wantingOutput(outputs: ReportOutputs): readonly string[] {
  return (['html', 'md', 'svg', 'png'] as const)
    .filter((name) => outputs[name] === STANDARD_OUTPUT)
    .map((name) => `--${name} -`);
}

/** The path of standard output, where one of them goes there. */
export const pipedOutput = (outputs: ReportOutputs): string | undefined =>
  wantingOutput(outputs).length > 0 ? STANDARD_OUTPUT : undefined;

/** Whether any file was asked for; the terminal then shows only what was written. */
export const hasOutputs = ({ html, md, svg, png }: ReportOutputs): boolean =>
  [html, md, svg, png].some((path) => path !== undefined);

/** `preferred`: the figure that is written unless one is named. */
export function writeStory(
  context: OctavoContext,
  story: Story,
  outputs: ReportOutputs,
  preferred: string,
): void {
  const { html, md, svg, png, figure } = outputs;
  if (html !== undefined) writeOutput(context, html, storyHtml(story));
  if (md !== undefined) writeOutput(context, md, storyMarkdown(story));
  const wanted = { name: figure, preferred };
  if (svg !== undefined) writeFigures(context, story, [svg, 'svg'], wanted);
  if (png !== undefined) writeFigures(context, story, [png, 'png'], wanted);
}

interface WantedFigure {
  readonly name: string | undefined;
  readonly preferred: string;
}

function writeFigures(
  context: OctavoContext,
  story: Story,
  [path, kind]: readonly [path: string, kind: 'svg' | 'png'],
  { name, preferred }: WantedFigure,
): void {
  const figures = figuresOf(story);
  const bytes = (figure: Figure) => (kind === 'svg' ? figureSvg(figure) : pngFile(figure.drawing, LIGHT));
  if (name === undefined && isDirectory(context, path)) {
    for (const figure of figures)
      writeOutput(context, `${path.replace(/\/+$/, '')}/${figure.name}.${kind}`, bytes(figure));
    return;
  }
  const found =
    figures.find((figure) => figure.name === (name ?? preferred)) ??
    (name === undefined ? figures[0] : undefined);
  if (found === undefined) throw noFigure(name, figures);
  writeOutput(context, path, bytes(found));
}

function noFigure(name: string | undefined, figures: readonly Figure[]): OctavoError {
  const there =
    figures.length === 0
      ? 'this report has no figures'
      : `there are ${figures.map((one) => one.name).join(', ')}`;
  return new OctavoError('USAGE', {
    problem: name === undefined ? there : `no figure \`${name}\`: ${there}`,
    command: 'report',
  });
}

function isDirectory({ host }: OctavoContext, path: string): boolean {
  const status = host.files.status(path);
  return status.ok && status.value.kind === 'directory';
}
