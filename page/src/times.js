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

const PERCENTILES = ['p50', 'p90', 'p99'];

function pointsOf(drawn, key) {
  const one = (run, p) => ({ label: run.label, p, figure: run.figures[`${key}_${p}`] });
  return drawn.flatMap((run) => PERCENTILES.map((p) => one(run, p))).filter(({ figure }) => figure && figure.value !== null);
}

function percentileRules(points) {
  const at = { x: ({ figure }) => figure.value, fy: 'label', stroke: 'var(--ink)' };
  return [
    Plot.ruleX(points.filter(({ p }) => p === 'p50'), at),
    Plot.ruleX(points.filter(({ p }) => p !== 'p50'), { ...at, strokeDasharray: '2 3' }),
  ];
}

function names(drawn, points, key) {
  if (!several) {
    return Plot.text(points, { x: ({ figure }) => figure.value, fy: 'label', text: 'p', frameAnchor: 'top', dy: -14, textAnchor: 'middle', fontSize: 11, fill: 'var(--muted)' });
  }
  const text = (run) => `${run.label} · median ${run.figures[`${key}_p50`]?.text ?? '—'}`;
  return Plot.text(drawn, { fy: 'label', text, frameAnchor: 'top-left', dy: -15, dx: 2, fill: 'colour', fontWeight: 600, fontSize: 12 });
}

function drawing({ drawn, data, points, key }, width) {
  const low = Math.min(...data.map(({ x1 }) => x1));
  const high = Math.max(...data.map(({ x2 }) => x2));
  const tallest = Math.max(...data.map(({ height }) => height));
  const fill = ({ run }) => run.colour;
  return plot({
    width,
    height: several ? 56 + 80 * drawn.length : 250,
    marginLeft: 8,
    marginRight: 12,
    marginTop: several ? 20 : 34,
    marginBottom: 40,
    x: { type: 'log', label: 'seconds, logarithmic →', tickFormat: tick('s'), ticks: logTicks(low, high, width < 420 ? 5 : 8) },
    y: { axis: null, domain: [0, tallest * 1.12] },
    fy: { axis: null, domain: drawn.map(({ label }) => label), padding: several ? 0.3 : 0 },
    marks: [
      Plot.rectY(data, { x1: 'x1', x2: 'x2', y: 'height', fy: 'label', fill, fillOpacity: 0.55, inset: 0.5, className: 'bins' }),
      Plot.ruleY([0], { stroke: 'var(--line)' }),
      percentileRules(points),
      names(drawn, points, key),
    ],
  });
}

function distribution(key, title) {
  const drawn = runs.filter((run) => run.charts[key].n > 0);
  if (drawn.length === 0) return chart({ title, name: key, empty: 'No answer has this time: nothing came back from the model.' });
  const without = runs.filter((run) => !drawn.includes(run)).map(({ label }) => label);
  const data = drawn.flatMap((run) => bars(run, key));
  const points = pointsOf(drawn, key);
  const range = ({ x1, x2 }) => `${quantity(x1, 's')} to ${quantity(x2, 's')}`;
  const describe = (bar) => `${several ? `${bar.label}: ` : ''}${range(bar)}: ${count(bar.number)} answers (${percent(bar.share)})`;
  const open = (bar) => {
    const inside = (seconds) => seconds !== null && seconds >= bar.x1 && seconds < bar.x2;
    const where = several ? ` in ${bar.label}` : '';
    narrowTo(`${title} ${range(bar)}${where}`, (row) => row.run === bar.run.index && inside(row[`${key}_s`]));
  };
  const inWords = ({ p, figure }) => [p, figure.text, figure.interval_text].filter(Boolean).join(' ');
  return chart({
    title,
    name: key,
    note: [
      several ? 'Solid line: median; dashed: 90th and 99th percentile.' : `${points.map(inWords).join(' · ')}.`,
      without.length > 0 && `Without any such time: ${without.join(', ')}.`,
    ]
      .filter(Boolean)
      .join(' '),
    summary: points.map(({ label, p, figure }) => `${label} ${p} ${figure.text}`).join('; '),
    draw: (width) => {
      const svg = drawing({ drawn, data, points, key }, width);
      return { svg, items: marks(svg, 'bins', data, describe, open) };
    },
    table: {
      columns: ['run', 'from (s)', 'to (s)', 'answers', 'share'],
      rows: data.map((bar) => [bar.label, bar.x1, bar.x2, bar.number, bar.share]),
    },
  });
}

export function times() {
  return h('div', { class: 'pair' }, distribution('latency', 'Latency'), distribution('ttft', 'Time to first token'));
}
