// How long answers took: latency and time to the first token, a row per run on one shared scale.
import * as Plot from '@observablehq/plot';
import { chart, logTicks, marks, plot } from './chart.js';
import { runs, several } from './data.js';
import { h } from './dom.js';
import { count, percent, quantity, tick } from './format.js';
import { narrowTo } from './questions.js';

const MERGES = [1, 2, 3, 4, 6, 8, 12, 24];

function bars(run, key) {
  const { first, counts, n, bins_per_decade: perDecade } = run.charts[key];
  const most = Math.max(12, 4 * Math.cbrt(n));
  const merge = MERGES.find((m) => counts.length / m <= most) ?? MERGES.at(-1);
  const start = Math.floor(first / merge) * merge;
  const found = new Map();
  counts.forEach((number, i) => {
    if (number === 0) return;
    const bin = Math.floor((first + i - start) / merge);
    found.set(bin, (found.get(bin) ?? 0) + number);
  });
  return [...found].map(([bin, number]) => ({
    run,
    label: run.label,
    x1: 10 ** ((start + bin * merge) / perDecade),
    x2: 10 ** ((start + (bin + 1) * merge) / perDecade),
    number,
    share: number / n,
    // Of unequal widths the area is the share.
    height: number / n / merge,
  }));
}

function distribution(key, title) {
  const drawn = runs.filter((run) => run.charts[key].n > 0);
  const without = runs.filter((run) => run.charts[key].n === 0);
  if (drawn.length === 0) return chart({ title, name: key, empty: 'No answer has this time: nothing came back from the model.' });
  const data = drawn.flatMap((run) => bars(run, key));
  const points = drawn.flatMap((run) =>
    ['p50', 'p90', 'p99'].map((p) => ({ run, label: run.label, p, figure: run.figures[`${key}_${p}`] })).filter(({ figure }) => figure?.value)
  );
  const describe = (bar) => `${several ? `${bar.label}: ` : ''}${quantity(bar.x1, 's')} to ${quantity(bar.x2, 's')}: ${count(bar.number)} answers (${percent(bar.share)})`;
  const open = (bar) =>
    narrowTo(`${title} ${quantity(bar.x1, 's')} to ${quantity(bar.x2, 's')}${several ? ` in ${bar.label}` : ''}`, (row) => row.run === bar.run.index && row[`${key}_s`] >= bar.x1 && row[`${key}_s`] < bar.x2);
  const draw = (width) => {
    const svg = plot({
      width,
      height: several ? 56 + 80 * drawn.length : 250,
      marginLeft: 8,
      marginRight: 12,
      marginTop: several ? 20 : 34,
      marginBottom: 40,
      x: { type: 'log', label: 'seconds, logarithmic →', tickFormat: tick('s'), ticks: logTicks(Math.min(...data.map((bar) => bar.x1)), Math.max(...data.map((bar) => bar.x2)), width < 420 ? 5 : 8) },
      y: { axis: null, domain: [0, Math.max(...data.map((bar) => bar.height)) * 1.12] },
      fy: { axis: null, domain: drawn.map((run) => run.label), padding: several ? 0.3 : 0 },
      marks: [
        Plot.rectY(data, { x1: 'x1', x2: 'x2', y: 'height', fy: 'label', fill: (bar) => bar.run.colour, fillOpacity: 0.55, inset: 0.5, className: 'bins' }),
        Plot.ruleY([0], { stroke: 'var(--line)' }),
        Plot.ruleX(points.filter(({ p }) => p === 'p50'), { x: (p) => p.figure.value, fy: 'label', stroke: 'var(--ink)' }),
        Plot.ruleX(points.filter(({ p }) => p !== 'p50'), { x: (p) => p.figure.value, fy: 'label', stroke: 'var(--ink)', strokeDasharray: '2 3' }),
        several
          ? Plot.text(drawn, { fy: 'label', text: (run) => `${run.label} · median ${run.figures[`${key}_p50`]?.text ?? '—'}`, frameAnchor: 'top-left', dy: -15, dx: 2, fill: (run) => run.colour, fontWeight: 600, fontSize: 12 })
          : Plot.text(points, { x: (p) => p.figure.value, fy: 'label', text: (p) => p.p, frameAnchor: 'top', dy: -14, textAnchor: 'middle', fontSize: 11, fill: 'var(--muted)' }),
      ],
    });
    return { svg, items: marks(svg, 'bins', data, describe, open) };
  };
  return chart({
    title,
    name: key,
    note: [
      several
        ? 'Solid line: median; dashed: 90th and 99th percentile.'
        : points.map(({ p, figure }) => `${p} ${figure.text}${figure.interval_text ? ` ${figure.interval_text}` : ''}`).join(' · '),
      without.length > 0 && `Without any such time: ${without.map((run) => run.label).join(', ')}.`,
    ]
      .filter(Boolean)
      .join(' '),
    summary: points.map(({ label, p, figure }) => `${label} ${p} ${figure.text}`).join('; '),
    draw,
    table: {
      columns: ['run', 'from (s)', 'to (s)', 'answers', 'share'],
      rows: data.map((bar) => [bar.label, bar.x1, bar.x2, bar.number, bar.share]),
    },
  });
}

export function times() {
  return h('div', { class: 'pair' }, distribution('latency', 'Latency'), distribution('ttft', 'Time to first token'));
}
