/**
 * The two text formats of metrics: Prometheus (text/plain, version 0.0.4) and OpenMetrics 1.0. Families of one table, samples
 * as they come. https://prometheus.io/docs/instrumenting/exposition_formats, https://openmetrics.io. Pure.
 */
import type { MetricKind, MetricSample } from './table.js';

/** A metric with its samples. */
export interface Family {
  readonly kind: MetricKind;
  readonly samples: readonly MetricSample[];
}

/** Name of a text format. */
export type ExpositionFormat = 'prometheus' | 'openmetrics';

/** Value of Content-Type for each format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The text of families; those without a sample are left out, since what is not known has none. */
export function exposition(families: readonly Family[], format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const { kind, samples } of families) {
    if (samples.length === 0) continue;
    lines.push(...(format === 'openmetrics' ? openHead(kind) : plainHead(kind)));
    for (const sample of samples) lines.push(sampleLine(kind, sample));
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return lines.map((line) => `${line}\n`).join('');
}

function plainHead({ name, type, help }: MetricKind): readonly string[] {
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type === 'info' ? 'gauge' : type}`];
}

/** A family of OpenMetrics has its name without what its samples have behind it. */
function openHead({ name, type, unit, help }: MetricKind): readonly string[] {
  const family = name.replace(type === 'counter' ? /_total$/ : type === 'info' ? /_info$/ : /$/, '');
  return [
    `# TYPE ${family} ${type}`,
    ...(unit === '' ? [] : [`# UNIT ${family} ${unit}`]),
    `# HELP ${family} ${escaped(help).replaceAll('"', '\\"')}`,
  ];
}

function sampleLine({ name, labels }: MetricKind, sample: MetricSample): string {
  const pairs = labels.map((label, index) => `${label}="${labelValue(sample.labels[index])}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${sample.value}`;
}

function labelValue(text: string): string {
  return escaped(text).replaceAll('"', '\\"');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
