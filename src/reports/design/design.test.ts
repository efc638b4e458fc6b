import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAT_COLOURS, HEAT_STEPS, heatColour, nearest } from './heat-colours.js';
import {
  distance,
  type LinearRgb,
  linearOfOklab,
  linearOfRgb,
  type Oklab,
  oklabOfLinear,
  type Rgb,
} from './oklab.js';
import { DARK, LIGHT, type Palette } from './tokens.js';

/** What an eye without one kind of cones sees, in linear light (Viénot, Brettel and Mollon, 1999). */
const BLIND = {
  protanopia: [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1],
  ],
  deuteranopia: [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
} as const;

const lab = (rgb: Rgb) => oklabOfLinear(linearOfRgb(rgb));
const luminance = (linear: LinearRgb) => 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];

function seenBy(matrix: readonly (readonly number[])[], rgb: Rgb): Oklab {
  const linear = linearOfRgb(rgb);
  const [red, green, blue] = matrix.map((row) =>
    Math.max(
      0,
      Math.min(
        1,
        row.reduce((sum, part, at) => sum + part * linear[at], 0),
      ),
    ),
  );
  return oklabOfLinear([red, green, blue]);
}

const steps = (labs: readonly Oklab[]) => labs.slice(1).map((one, at) => distance(labs[at], one));

test('OKLab of the primaries is what its author publishes, and leads back', () => {
  const published: readonly (readonly [Rgb, Oklab])[] = [
    [
      [255, 255, 255],
      [1, 0, 0],
    ],
    [
      [255, 0, 0],
      [0.62796, 0.22486, 0.12585],
    ],
    [
      [0, 255, 0],
      [0.86644, -0.23389, 0.1795],
    ],
    [
      [0, 0, 255],
      [0.45201, -0.03246, -0.31153],
    ],
  ];
  for (const [rgb, wanted] of published) {
    assert.ok(distance(lab(rgb), wanted) < 1e-4, `${rgb}`);
    const back = linearOfOklab(lab(rgb));
    for (const [at, part] of linearOfRgb(rgb).entries()) assert.ok(Math.abs(back[at] - part) < 1e-5);
  }
});

test('heat grows lighter at each step, in colour and in grey', () => {
  assert.equal(HEAT_COLOURS.length, HEAT_STEPS);
  for (let at = 1; at < HEAT_STEPS; at++) {
    assert.ok(lab(HEAT_COLOURS[at])[0] - lab(HEAT_COLOURS[at - 1])[0] > 0.004, `lightness at ${at}`);
    const [before, now] = [HEAT_COLOURS[at - 1], HEAT_COLOURS[at]].map((rgb) => luminance(linearOfRgb(rgb)));
    assert.ok(now > before, `grey at ${at}`);
  }
});

test('steps of heat look alike', () => {
  const all = steps(HEAT_COLOURS.map(lab));
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
  for (const [at, step] of all.entries())
    assert.ok(
      step > 0.7 * mean && step < 1.3 * mean,
      `step ${at} is ${(step / mean).toFixed(2)} of the mean`,
    );
});

for (const [name, matrix] of Object.entries(BLIND))
  test(`heat keeps its order and its steps for ${name}`, () => {
    const seen = HEAT_COLOURS.map((rgb) => seenBy(matrix, rgb));
    for (let at = 1; at < seen.length; at++) assert.ok(seen[at][0] > seen[at - 1][0], `lightness at ${at}`);
    const legend = Array.from({ length: 7 }, (_, at) => seen[Math.round((at * (HEAT_STEPS - 1)) / 6)]);
    for (const [at, step] of steps(legend).entries()) assert.ok(step > 0.06, `legend step ${at}: ${step}`);
  });

test('a share beyond the scale has the colour of its end', () => {
  assert.deepEqual(heatColour(-1), HEAT_COLOURS[0]);
  assert.deepEqual(heatColour(2), HEAT_COLOURS[HEAT_STEPS - 1]);
  assert.deepEqual(heatColour(0.5), HEAT_COLOURS[32]);
});

test('the nearest colour is by looks', () => {
  assert.equal(
    nearest(
      [250, 10, 10],
      [
        [0, 0, 0],
        [255, 0, 0],
        [0, 255, 0],
      ],
    ),
    1,
  );
  assert.equal(
    nearest(
      [20, 20, 20],
      [
        [0, 0, 0],
        [255, 0, 0],
        [0, 255, 0],
      ],
    ),
    0,
  );
});

function contrast(one: string, other: string): number {
  const light = [one, other]
    .map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))
    .map(([red, green, blue]) => luminance(linearOfRgb([red, green, blue])))
    .sort((a, b) => b - a);
  return (light[0] + 0.05) / (light[1] + 0.05);
}

for (const [name, palette] of Object.entries({ LIGHT, DARK }) as [string, Palette][])
  test(`text and marks stand out from paper: ${name}`, () => {
    for (const paper of [palette.paper, palette.panel]) {
      for (const role of ['ink', 'quiet', 'accent', 'second', 'third', 'good', 'warn', 'bad'] as const)
        assert.ok(
          contrast(palette[role], paper) >= 4.5,
          `${role} on ${paper}: ${contrast(palette[role], paper)}`,
        );
      assert.ok(contrast(palette.axis, paper) >= 3, `axis on ${paper}: ${contrast(palette.axis, paper)}`);
    }
  });
