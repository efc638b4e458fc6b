/** Pages and Markdown of a story: nothing is loaded, nothing of a name takes effect, all of it is there. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { histogramFigure } from '../figures/histogram.js';
import { storyHtml } from './html.js';
import { storyMarkdown } from './markdown.js';
import { figuresOf, type Story } from './story.js';

const NASTY = '<img src=x onerror=alert(1)> & "q" | `c` *b*';

const figure = {
  ...histogramFigure({
    ...{ blocks: 3, unknown: 1, noun: 'block', headline: [NASTY] },
    bins: [{ from: 0, to: 1, least: 2, most: 3, seen: 2 }],
  }),
  cells: {
    ...{ x: 0, width: 10, columns: ['</script><b>'], rows: [[0, 1, '0x1'] as const] },
    ...{ values: [null], unit: 'accesses' },
  },
};

const rows = (count: number) => Array.from({ length: count }, (_, at) => [`${at}`, NASTY]);

const STORY: Story = {
  kind: 'report of a test',
  title: NASTY,
  lead: 'It took 20 s and 5 MiB; see `octavo runs`.',
  tiles: [
    { label: 'memory', value: '64 MiB', note: NASTY, tone: 'good' },
    { label: 'bare', value: '1' },
  ],
  sections: [
    {
      id: 'one',
      title: 'First',
      parts: [
        { kind: 'words', lines: ['A line.', NASTY] },
        { kind: 'figure', figure },
        { kind: 'table', title: 'Many', head: ['n', 'name'], rows: rows(40), numbers: [0] },
        { kind: 'table', title: 'Few', head: ['n', 'name'], rows: rows(2), numbers: [] },
      ],
    },
    {
      id: 'two',
      title: 'Second',
      parts: [
        { kind: 'facts', rows: [['name', NASTY]] },
        { kind: 'empty', why: 'There is none.', remedy: 'Make some.' },
      ],
    },
  ],
  facts: [['made by', 'a test']],
};

test('a page loads nothing, and its policy allows its own style and script alone', () => {
  const page = storyHtml(STORY);
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1].replaceAll('&#39;', "'") ?? '';
  assert.match(policy, /^default-src 'none'; img-src data:; style-src 'sha256-/);
  assert.match(policy, /base-uri 'none'; form-action 'none'$/);
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
  const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
  assert.ok(policy.includes(`style-src ${hash(style)}`));
  assert.equal(scripts.length, 1);
  assert.ok(policy.includes(`script-src ${hash(scripts[0])}`));
  const loaded = [...page.matchAll(/<[^>]*\s(?:src|href|xlink:href|action)="([^"]*)"/g)].map(([, to]) => to);
  assert.ok(loaded.length >= 3);
  for (const to of loaded) assert.match(to, /^(#|data:image\/png;base64,)/);
  for (const [, to] of page.matchAll(/url\(([^)]*)\)/g)) assert.match(to, /^#hatch-/);
  assert.equal(/ style="| on[a-z]+="/.test(page), false, 'what the policy forbids does nothing');
  new Function(scripts[0]);
});

test('names take no effect in a page', () => {
  const page = storyHtml(STORY);
  assert.equal(page.includes('<img'), false);
  assert.equal(page.includes('</script><b>'), false);
  const data = /<script type="application\/json">(.*?)<\/script>/.exec(page)?.[1] ?? '';
  assert.equal(JSON.parse(data).columns[0], '</script><b>');
});

test('a page has all of the story, in an order that can be read aloud', () => {
  const page = storyHtml(STORY);
  for (const words of [
    '<h1>',
    '<main id="story">',
    '<section id="one" aria-labelledby="one-head">',
    '<h2 id="two-head">Second',
  ])
    assert.ok(page.includes(words), words);
  assert.match(page, /<a href="#one">First<\/a>.*<a href="#two">Second<\/a>/);
  assert.match(page, /took 20\u00a0s and 5\u00a0MiB; see <code>octavo runs<\/code>/);
  assert.match(
    page,
    /<div class="tile good"><dt>memory<\/dt><dd class="value">64\u00a0MiB<\/dd><dd class="note">/,
  );
  assert.match(page, /<details><summary>28 more<\/summary>/);
  assert.equal(page.split('<tr>').length - 1, 40 + 2 + 3, 'all rows, and a head for each table');
  assert.match(page, /<th scope="col" class="number">n<\/th>/);
  assert.match(page, /<div class="empty"><strong>There is none.<\/strong>Make some.<\/div>/);
  assert.match(page, /role="img" aria-labelledby="histogram-title histogram-about"/);
  assert.match(page, /<html lang="en">/);
  assert.deepEqual(figuresOf(STORY), [figure]);
});

test('Markdown is cut short, and names are words in it', () => {
  const text = storyMarkdown(STORY);
  assert.match(text, /^# &lt;img src=x onerror=alert\(1\)\\> & "q" \\\| \\`c\\` \\\*b\\\*\n\n/);
  assert.match(text, /- \*\*memory:\*\* 64 MiB \(/);
  assert.match(text, /- \*\*bare:\*\* 1\n/);
  assert.match(text, /\| n \| name \|\n\| --: \| :-- \|\n\| 0 \|/);
  assert.match(text, /…and 30 more\./);
  assert.equal(text.split('\n').filter((line) => /^\| \d+ \|/.test(line)).length, 12);
  assert.match(text, /\*\*Over how much of each block its accesses are spread\*\*\n\n```\n {2}0–100 %/);
  assert.match(text, /> There is none\. Make some\./);
  assert.match(text, /<sub>made by: a test<\/sub>\n$/);
});
