/** The style of a page: the design system as CSS. */
import { DARK, FONT, LIGHT, MONO, type Palette, ROLES, SPACE, TYPE } from '../design/tokens.js';
import { svgStyle } from '../drawing/svg.js';

/** Returns the style sheet of a page. */
export function pageStyle(): string {
  return [
    `:root{color-scheme:light dark;${variables(LIGHT)}}`,
    `@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}`,
    ...BASE,
    ...PARTS,
    ...NARROW,
    ...PRINT,
    svgStyle(),
  ].join('\n');
}

function variables(palette: Palette): string {
  return ROLES.map((role) => `--${role}:${palette[role]}`).join(';');
}

const { tight, near, wide, far, apart } = SPACE;

const BASE = [
  '*{box-sizing:border-box}',
  `body{margin:0;background:var(--paper);color:var(--ink);font:${TYPE.text}px/1.5 ${FONT}}`,
  `main,header,footer{max-width:1040px;margin:0 auto;padding:0 ${far}px}`,
  `header{padding-top:${apart}px}footer{padding-top:${far}px;padding-bottom:${apart}px;color:var(--quiet)}`,
  `h1{font-size:${TYPE.title}px;line-height:1.2;margin:${tight}px 0 ${near}px;letter-spacing:-.01em;overflow-wrap:anywhere}`,
  `h2{font-size:${TYPE.section}px;line-height:1.3;margin:0 0 ${near}px}`,
  `h3{font-size:${TYPE.figure}px;margin:${far}px 0 ${near}px}`,
  'p{margin:0 0 10px;max-width:46em}a{color:var(--accent)}',
  `code,.mono{font-family:${MONO};font-size:.92em;overflow-wrap:anywhere}`,
  ':focus-visible{outline:3px solid var(--accent);outline-offset:2px}',
  `.skip{position:absolute;left:-999px}.skip:focus{left:${near}px;top:${near}px;background:var(--paper);padding:${near}px}`,
];

const PARTS = [
  `.kind{color:var(--quiet);font-size:${TYPE.label}px;letter-spacing:.06em;text-transform:uppercase;margin:0}`,
  '.lead{font-size:17px;line-height:1.45;max-width:44em}',
  `nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:${tight}px ${wide}px;margin:${wide}px 0 0;padding:0}`,
  `.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:${wide}px;margin:${far}px 0 0;padding:0}`,
  `.tile{background:var(--panel);border-radius:8px;padding:14px ${wide}px;border-left:4px solid var(--grid)}`,
  `.tile dt{font-size:${TYPE.label}px;color:var(--quiet)}.tile dd{margin:0}.tile .value{font-size:20px;font-weight:600;line-height:1.3}`,
  `.tile .note{font-size:${TYPE.label}px;color:var(--quiet)}.good{border-left-color:var(--good)}.warn{border-left-color:var(--warn)}.bad{border-left-color:var(--bad)}`,
  `section{margin-top:${apart}px;padding-top:${far}px;border-top:1px solid var(--grid)}`,
  `figure{margin:${wide}px 0 ${far}px}figcaption{color:var(--quiet);font-size:${TYPE.label + 1}px;max-width:58em}figcaption p{margin:0 0 ${tight}px;max-width:none}`,
  '.frame{overflow-x:auto;border:1px solid var(--grid);border-radius:8px}svg.figure{display:block;width:100%;height:auto;min-width:720px}',
  `.table{overflow-x:auto;margin:${near}px 0 ${wide}px}table{border-collapse:collapse;width:100%;font-size:13px}caption{text-align:left;color:var(--quiet);padding-bottom:${tight}px}`,
  'td,th{padding:5px 12px;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}td:first-child,th:first-child{padding-left:0}th{color:var(--quiet);font-weight:600;vertical-align:bottom}td:first-child:not(:only-child){white-space:nowrap}',
  'td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}td.number{white-space:nowrap}',
  `dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:${tight}px ${far}px;margin:${near}px 0}dl.facts dt{color:var(--quiet)}dl.facts dd{margin:0;overflow-wrap:anywhere}`,
  `details{margin:${near}px 0}summary{cursor:pointer;color:var(--accent)}`,
  `.empty{background:var(--panel);border:1px dashed var(--axis);border-radius:8px;padding:${far}px;color:var(--quiet);margin:${wide}px 0}.empty strong{color:var(--ink);display:block}`,
  `.tools{display:flex;gap:${near}px;align-items:center;min-height:32px;margin:${near}px 0;font-size:13px}.tools output{color:var(--ink);font-variant-numeric:tabular-nums}`,
  'button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--axis);border-radius:6px;padding:3px 10px;cursor:pointer}',
];

const NARROW = [
  `@media (max-width:640px){main,header,footer{padding-left:${wide}px;padding-right:${wide}px}h1{font-size:22px}.tiles{grid-template-columns:1fr 1fr;gap:${near}px}dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:${near}px}}`,
];

const PRINT = [
  '@media print{.frame,.table{overflow:visible;border:0}table{font-size:9pt}td,th{padding:3px 6px}svg.figure{min-width:0}nav,.tools,.skip{display:none}figure,.tile,tr{break-inside:avoid}h2,h3{break-after:avoid}body{font-size:11pt}.pixels,.f-accent,.tile{print-color-adjust:exact;-webkit-print-color-adjust:exact}}',
];
