/** The style of the dashboard's page: the design system of reports as CSS, for screens that live. */
import { HEAT_COLOURS, HEAT_STEPS } from '../../reports/design/heat-colours.js';
import type { Rgb } from '../../reports/design/oklab.js';
import { orderColour } from '../../reports/design/order-colours.js';
import { DARK, FONT, LIGHT, MONO, type Palette, ROLES, SPACE, TYPE } from '../../reports/design/tokens.js';
import { svgStyle } from '../../reports/drawing/svg.js';
import { NO_MEMORY_COLOUR } from './colours.js';

const { hair, tight, near, wide, far } = SPACE;
/** The colours of heat begin here where something was seen at all (reports/heat/scale.ts). */
const SEEN = 0.12;
const HUGE = 9;

/** Readers who ask for more contrast get ink and paper at their ends. */
const MORE_LIGHT: Partial<Palette> = {
  ink: '#000000',
  quiet: '#2b3138',
  axis: '#3a424b',
  grid: '#6b7580',
  panel: '#ffffff',
};
const MORE_DARK: Partial<Palette> = {
  ink: '#ffffff',
  quiet: '#e3e8ee',
  axis: '#c2cad3',
  grid: '#8b95a0',
  paper: '#000000',
  panel: '#000000',
};

/** The style sheet. */
export function dashboardStyle(): string {
  return [
    `:root{color-scheme:light dark;${variables(LIGHT)}}`,
    `@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}`,
    `@media (prefers-contrast:more){:root{${variables(MORE_LIGHT)}}}`,
    `@media (prefers-contrast:more) and (prefers-color-scheme:dark){:root{${variables(MORE_DARK)}}}`,
    ...BASE,
    ...HEAD,
    ...PARTS,
    ...TABLES,
    ...MAP,
    ...LEGEND,
    ...MEDIA,
    svgStyle(),
  ].join('\n');
}

function variables(palette: Partial<Palette>): string {
  return ROLES.filter((role) => palette[role] !== undefined)
    .map((role) => `--${role}:${palette[role]}`)
    .join(';');
}

const hex = (rgb: Rgb): string => `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

function heatGradient(from: number): string {
  const first = Math.round(from * (HEAT_STEPS - 1));
  const steps = Array.from(
    { length: 12 },
    (_, at) => first + Math.round((at * (HEAT_STEPS - 1 - first)) / 11),
  );
  return `linear-gradient(to right,${steps.map((step) => hex(HEAT_COLOURS[step])).join(',')})`;
}

function orderGradient(): string {
  return `linear-gradient(to right,${[0, 3, 4.5, 6, 9].map((order) => hex(orderColour(order, HUGE))).join(',')})`;
}

const BASE = [
  '*{box-sizing:border-box}',
  `body{margin:0;background:var(--paper);color:var(--ink);font:${TYPE.text}px/1.5 ${FONT};-webkit-text-size-adjust:100%}`,
  `h1,h2,h3,h4,p{margin:0}h2{font-size:${TYPE.section}px;line-height:1.3;margin-bottom:${near}px}h3{font-size:${TYPE.figure}px;margin:${far}px 0 ${near}px}h4{font-size:${TYPE.text}px;margin:${wide}px 0 ${tight}px}`,
  `a{color:var(--accent)}code,.mono,kbd{font-family:${MONO};font-size:.92em;overflow-wrap:anywhere}`,
  `kbd{background:var(--panel);border:1px solid var(--axis);border-radius:4px;padding:0 5px;white-space:nowrap}`,
  ':focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:3px}main:focus{outline:none}',
  '.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}',
  `.skip{position:absolute;left:-999px;z-index:2}.skip:focus{left:${near}px;top:${near}px}`,
  '[hidden]{display:none!important}',
];

const HEAD = [
  `.head{display:grid;grid-template-columns:auto 1fr auto;align-items:center;gap:0 ${wide}px;padding:${near}px ${far}px 0;background:var(--panel);border-bottom:1px solid var(--grid)}`,
  '.head h1{font-size:16px;font-weight:400;line-height:1.5;overflow-wrap:anywhere}.brand{font-weight:700;letter-spacing:-.01em;margin-right:10px}.subject{color:var(--quiet)}',
  `.row{display:flex;align-items:center;gap:${near}px;flex-wrap:wrap}.row.end{justify-content:flex-end}.as-of{color:var(--quiet);font-size:${TYPE.label}px;font-variant-numeric:tabular-nums}`,
  `nav{grid-column:1/-1;margin-top:${near}px}nav ul{list-style:none;display:flex;gap:${tight}px;margin:0 -${near}px;padding:0;overflow-x:auto;scrollbar-width:none}`,
  `nav a{display:block;padding:${near}px 12px;color:var(--quiet);text-decoration:none;border-bottom:3px solid transparent;white-space:nowrap}nav a:hover{color:var(--ink)}nav a:focus-visible{outline-offset:-3px}`,
  'nav a[aria-current]{color:var(--ink);font-weight:600;border-bottom-color:var(--accent)}nav a.quiet:not([aria-current]){font-style:italic}',
  `.banner{padding:${near}px ${far}px;background:var(--panel);border-left:4px solid var(--axis);border-bottom:1px solid var(--grid)}.banner.warn{border-left-color:var(--warn)}.banner.bad{border-left-color:var(--bad)}`,
  // Colours of data stay as they are: a faded one would say something else.
  '.stale canvas.map,.stale .frame,.stale .table,.stale .tiles{outline:2px dashed var(--bad);outline-offset:3px}',
];

const PARTS = [
  `main{padding:${far}px;max-width:1680px;margin:0 auto}.lead{color:var(--quiet);margin-bottom:${wide}px}`,
  `.note{font-size:${TYPE.label}px;color:var(--quiet);margin:${near}px 0}.problem{color:var(--bad);margin:${near}px 0}`,
  `button,select,input{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--axis);border-radius:6px;padding:3px 10px;min-height:30px;max-width:100%}button,select{cursor:pointer}button:hover{border-color:var(--ink)}input[type=checkbox]{min-height:0;width:16px;height:16px;accent-color:var(--accent);vertical-align:-3px}`,
  'button.plain{background:none;border-color:transparent;color:var(--accent)}',
  `.pill{display:inline-block;border:1px solid currentColor;border-radius:10px;padding:0 9px;font-size:${TYPE.label}px;line-height:18px;white-space:nowrap;color:var(--quiet)}.pill.good{color:var(--good)}.pill.warn{color:var(--warn)}.pill.bad{color:var(--bad)}.pill.accent{color:var(--accent)}`,
  `.menu{position:relative}.menu summary{list-style:none;cursor:pointer;border:1px solid var(--axis);border-radius:6px;padding:3px 10px;min-height:30px;background:var(--panel)}.menu summary::-webkit-details-marker{display:none}.menu summary::after{content:" ▾"}.choices{position:absolute;right:0;top:calc(100% + ${tight}px);z-index:1;display:flex;gap:${tight}px;padding:${near}px;background:var(--paper);border:1px solid var(--axis);border-radius:8px}`,
  `.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:${wide}px;margin:0 0 ${far}px}.tile{background:var(--panel);border-radius:8px;padding:14px ${wide}px;border:1px solid var(--grid)}.tile dt{font-size:${TYPE.label}px;color:var(--quiet)}.tile dd{margin:0}.tile .value{font-size:22px;font-weight:600;line-height:1.35;font-variant-numeric:tabular-nums}.tile .note{margin:0}`,
  `.tools{display:flex;flex-wrap:wrap;gap:${near}px ${wide}px;align-items:center;margin:0 0 ${wide}px}.tools label{color:var(--quiet);font-size:13px}.tools select,.tools input{color:var(--ink);font-size:14px}.check{white-space:nowrap}.buttons{display:flex;gap:${tight}px}.buttons button{min-width:34px}`,
  `details{margin:${near}px 0}summary{cursor:pointer;color:var(--accent)}.menu summary{color:var(--ink)}.menu{margin:0}`,
  `.empty{background:var(--panel);border:1px dashed var(--axis);border-radius:8px;padding:${far}px;color:var(--quiet);max-width:52em}.empty strong{color:var(--ink);display:block;font-size:${TYPE.figure}px;margin-bottom:${tight}px}`,
  `figure{margin:0 0 ${wide}px}figcaption{color:var(--quiet);font-size:13px;margin-top:${near}px}.frame{overflow-x:auto;border:1px solid var(--grid);border-radius:8px;max-width:1100px}svg.figure{display:block;width:100%;height:auto}.frame svg.figure{min-width:680px}`,
  `dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:${tight}px ${far}px;margin:${near}px 0}dl.facts dt{color:var(--quiet)}dl.facts dd{margin:0;overflow-wrap:anywhere}`,
  `dialog{color:var(--ink);background:var(--paper);border:1px solid var(--axis);border-radius:10px;padding:${far}px;max-width:min(560px,calc(100vw - ${far}px))}dialog::backdrop{background:rgba(0,0,0,.45)}dialog .row,.explain .row{justify-content:space-between;flex-wrap:nowrap}dialog h2{margin:0}`,
  `dialog.act{width:min(560px,calc(100vw - ${far}px));font-size:13px}dialog.act h3{margin:0;overflow-wrap:anywhere}dialog.act ul{margin:0;padding-left:18px;max-height:40vh;overflow-y:auto}dialog.act li{margin-bottom:${tight}px;overflow-wrap:anywhere}dialog.act pre{max-height:30vh;overflow:auto;font:${TYPE.label}px/1.4 ${MONO}}dialog.act .row.end{justify-content:flex-end;margin-top:${wide}px}`,
  `button.primary{background:var(--accent);border-color:var(--accent);color:var(--paper);font-weight:600}button.small{font-size:${TYPE.label}px;min-height:24px;padding:1px 8px;margin-top:${tight}px}`,
];

const TABLES = [
  `.table{overflow-x:auto;margin:${near}px 0 ${wide}px}table{border-collapse:collapse;width:100%;font-size:13px}caption{text-align:left;color:var(--quiet);padding-bottom:${tight}px}`,
  'td,th{padding:7px 12px;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}td:first-child,th:first-child{padding-left:2px}th{color:var(--quiet);font-weight:600;vertical-align:bottom}tbody tr:hover{background:var(--panel)}',
  'td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}td.number{white-space:nowrap}.view>div>.table td:first-child:not(:only-child){white-space:nowrap}',
  `.below{display:block;color:var(--quiet);font-size:${TYPE.label}px;line-height:1.4;max-width:46em}.below.mono{font-family:${MONO}}a.below{color:var(--accent)}.links a{white-space:nowrap;margin-right:${near}px}`,
  `.share{min-width:150px}.stack{display:flex;height:10px;margin-top:6px;background:var(--unknown);border-radius:3px;overflow:hidden}.stack .huge{background:var(--accent)}.stack .wasted{background:var(--second)}.stack .over{background:var(--bad)}.meter{width:160px}`,
];

const MAP = [
  `.map-row{display:flex;gap:${wide}px;align-items:stretch}.map-side{flex:1;min-width:0}canvas.map{display:block;width:100%;height:clamp(320px,calc(100vh - 330px),900px);touch-action:none;cursor:crosshair;forced-color-adjust:none}`,
  `.readout{display:block;min-height:2.9em;margin-top:${near}px;font-size:13px;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}`,
  `.explain{flex:0 0 380px;max-width:100%;border:1px solid var(--grid);border-radius:8px;padding:${wide}px;background:var(--panel);overflow-y:auto;max-height:calc(100vh - 260px);min-height:320px;font-size:13px}.explain h3{margin:0;font-family:${MONO};overflow-wrap:anywhere}.explain ul{margin:0;padding-left:18px}.explain li{margin-bottom:${tight}px;overflow-wrap:anywhere}`,
  `.sub-pages svg{border:1px solid var(--grid);image-rendering:pixelated}.state{font-variant-numeric:tabular-nums}`,
];

const HATCH = 'repeating-linear-gradient(135deg,var(--hatch) 0 1.5px,var(--unknown) 1.5px 6px)';

const LEGEND = [
  `.legend{display:flex;flex-wrap:wrap;gap:${near}px ${far}px;align-items:flex-start;font-size:${TYPE.label}px;color:var(--quiet);margin-top:${near}px}.scale{flex:0 1 460px}.bar{height:14px;border-radius:2px;forced-color-adjust:none;border:1px solid var(--axis)}`,
  `.bar.heat{background:${heatGradient(SEEN)}}.bar.touched{background:${heatGradient(0)}}.bar.huge{background:${orderGradient()}}`,
  '.ticks{position:relative;height:18px}.ticks span{position:absolute;transform:translateX(-50%);white-space:nowrap}.ticks span:first-child{transform:none}.ticks span:last-child:not(:first-child){transform:translateX(-100%)}',
  `.keys{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,max-content));gap:${tight}px ${wide}px;flex:1 1 260px}.keys li{display:flex;align-items:center;gap:${near}px}.caution{flex-basis:100%}`,
  `.swatch{flex:none;width:22px;height:14px;border:1px solid var(--axis);forced-color-adjust:none}.swatch.cold{background:${hex(HEAT_COLOURS[0])}}.swatch.no-memory{background:${hex(NO_MEMORY_COLOUR)}}.swatch.hatched{background:${HATCH}}.swatch.outlined{background:${hex(HEAT_COLOURS[12])};box-shadow:inset 0 0 0 ${hair}px #fff}`,
  '.swatch.split,.swatch.collapse{border:0;width:14px;height:12px;margin:0 4px}.swatch.split{background:var(--ink);clip-path:polygon(0 0,100% 0,50% 100%)}.swatch.collapse{background:#0fb39c;clip-path:polygon(50% 0,100% 100%,0 100%)}',
];

/** Where there is no room for columns a row is a card, and each of its cells says what it is. */
const CARDS = [
  '.stacks thead{position:absolute;clip-path:inset(50%)}.stacks table,.stacks tbody,.stacks caption,.stacks tr,.stacks td{display:block}',
  `.stacks tr{border-bottom:1px solid var(--grid);padding:${near}px 0}.stacks td{display:grid;grid-template-columns:104px 1fr;justify-items:start;gap:${near}px;border:0;padding:2px 0!important;white-space:normal!important}.stacks td.number{text-align:left}.stacks td:empty{display:none}`,
  `.stacks td::before{content:attr(data-head);color:var(--quiet);font-size:${TYPE.label}px}`,
].join('');

const MEDIA = [
  `@media (max-width:640px){${CARDS}}`,
  `@media (max-width:900px){.map-row{flex-direction:column}.explain{flex:none;max-height:none}}`,
  `@media (max-width:640px){main{padding:${wide}px ${near + tight}px}.head{grid-template-columns:1fr auto;padding:${near}px ${near + tight}px 0}.head h1{grid-column:1/-1}.banner{padding-left:${near + tight}px;padding-right:${near + tight}px}.tiles{grid-template-columns:1fr 1fr;gap:${near}px}.tile:first-child{grid-column:1/-1}.tile .value{font-size:18px}canvas.map{height:62vh}dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:${near}px}.as-of{display:none}}`,
  '@media (prefers-reduced-motion:no-preference){nav a,button{transition:color .12s,border-color .12s}}',
  '@media (forced-colors:active){.pill,.tile,.explain,.bar,.swatch{border:1px solid CanvasText}.stack{border:1px solid CanvasText;forced-color-adjust:none}nav a{border-bottom-color:Canvas}nav a[aria-current]{border-bottom-color:Highlight}}',
  '@media print{nav,.tools,.menu,.skip,.buttons{display:none}.frame,.table{overflow:visible;border:0}}',
];
