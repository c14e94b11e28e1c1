// Accuracy against what it costs: joules per question, and watts. With several runs the efficient
// frontier; with one its tasks.
import * as Plot from '@observablehq/plot';
import { chart, logTicks, marks, plot } from './chart.js';
import { aboveIdleTogether, energyFigure, runs, several, taskName } from './data.js';
import { h } from './dom.js';
import { tick } from './format.js';

const MOST_LABELLED_TASKS = 8;

function point(label, figures, cost, colour, group, more = {}) {
  const accuracy = figures.accuracy;
  const spent = cost(figures);
  if (!spent || spent.value === null || !accuracy || accuracy.value === null) return null;
  return {
    label,
    colour,
    group,
    x: spent.value,
    x1: spent.low ?? spent.value,
    x2: spent.high ?? spent.value,
    y: accuracy.value,
    y1: accuracy.low ?? accuracy.value,
    y2: accuracy.high ?? accuracy.value,
    provenance: spent.provenance,
    method: spent.method,
    spent,
    accuracy,
    ...more,
  };
}

// Those that no other is better and cheaper than; only among runs whose figures can be compared.
function frontiers(points) {
  const groups = Map.groupBy ? Map.groupBy(points, (p) => p.group) : grouped(points);
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => {
      const steps = [];
      for (const p of [...group].sort((a, b) => a.x - b.x || b.y - a.y)) {
        if (steps.length === 0 || p.y > steps.at(-1).y) steps.push(p);
      }
      return steps;
    });
}

function grouped(points) {
  const groups = new Map();
  for (const p of points) groups.set(p.group, [...(groups.get(p.group) ?? []), p]);
  return groups;
}

function tradeoff({ name, title, word, unit }) {
  const aboveIdle = several ? aboveIdleTogether(name) : energyFigure(runs[0].figures, name).aboveIdle;
  const key = aboveIdle ? `${name}_active` : name;
  const cost = (figures) => figures[key];
  const ofRuns = runs.map((run) =>
    point(run.label, run.figures, cost, run.colour, `${run.manifest.questions.digest} ${cost(run.figures)?.provenance} ${cost(run.figures)?.method}`)
  );
  const points = ofRuns.filter(Boolean);
  const without = runs.filter((_, i) => ofRuns[i] === null);
  const full = `Accuracy against ${title}`;
  if (points.length === 0) {
    return chart({ title: full, name, empty: runs[0].figures[key]?.reason || runs[0].figures[name]?.reason || 'No run has both figures.' });
  }
  const tasks = several
    ? []
    : Object.entries(runs[0].tasks).map(([task, figures]) => point(taskName(task), figures, cost, 'var(--muted)', 'task')).filter(Boolean);
  const fronts = several ? frontiers(points) : [];
  const all = [...tasks, ...points];
  const low = Math.min(...all.map((p) => (p.x1 > 0 ? p.x1 : p.x)));
  const high = Math.max(...all.map((p) => p.x2));
  const log = low > 0 && high / low > 30;
  const describe = (p) =>
    `${p.label}: accuracy ${p.accuracy.text} ${p.accuracy.interval_text}, ${p.spent.text} ${p.spent.interval_text} ${word}, ${p.provenance} (${p.method})`;
  const notes = [
    several
      ? fronts.length > 0
        ? 'The line is the efficient frontier: no run of the same questions and the same kind of figure is more accurate for less. Runs of other questions or other sources have no line in common.'
        : 'No two runs share questions and source, so that there is no frontier to draw.'
      : tasks.length > 0
        ? 'The large dot is the run; the small ones are its tasks.'
        : 'The run as one point; several runs on one page make a frontier.',
    aboveIdle && 'Above idle, because a run knows no more.',
    'Whiskers are 95 % intervals; hollow dots are not measured.',
    without.length > 0 && `Not drawn, because a figure is missing: ${without.map((run) => run.label).join(', ')}.`,
  ];
  const draw = (width) => {
    const whiskers = (data, options) => [
      Plot.ruleY(data, { y: 'y', x1: 'x1', x2: 'x2', ...options }),
      Plot.ruleX(data, { x: 'x', y1: 'y1', y2: 'y2', ...options }),
    ];
    // On the right half a label stands left of its point.
    const middle = log ? Math.sqrt(low * high) : high / 2;
    const labels = (data, { gap, ...options }) => [
      Plot.text(data.filter((p) => p.x <= middle), { x: 'x', y: 'y', dx: gap, textAnchor: 'start', className: 'labels', ...options }),
      Plot.text(data.filter((p) => p.x > middle), { x: 'x', y: 'y', dx: -gap, textAnchor: 'end', className: 'labels', ...options }),
    ];
    const named = tasks.length <= MOST_LABELLED_TASKS ? tasks : [];
    const svg = plot({
      width,
      height: Math.round(Math.min(380, Math.max(260, width * 0.62))),
      marginLeft: 44,
      marginRight: 20,
      marginBottom: 44,
      x: { type: log ? 'log' : 'linear', label: `${title}${aboveIdle ? ' above idle' : ''} →`, tickFormat: tick(unit), grid: false, ...(log ? { ticks: logTicks(low, high, 7) } : { ticks: width < 420 ? 3 : 5, zero: true, nice: true }) },
      y: { label: '↑ accuracy', domain: [0, 1], grid: true, ticks: 5 },
      marks: [
        fronts.map((front) => Plot.line(front, { x: 'x', y: 'y', curve: 'step-after', stroke: 'var(--muted)', strokeDasharray: '2 4', className: 'frontier' })),
        whiskers(tasks, { stroke: 'var(--muted)', strokeOpacity: 0.25 }),
        whiskers(points, { stroke: 'colour', strokeWidth: 1.5, strokeOpacity: 0.75 }),
        Plot.dot(tasks, { x: 'x', y: 'y', r: 3, fill: 'var(--muted)', className: 'tasks' }),
        Plot.dot(points, { x: 'x', y: 'y', r: 6, stroke: 'colour', strokeWidth: 2, fill: (p) => (p.provenance === 'measured' ? p.colour : 'var(--paper)'), className: 'runs' }),
        labels(named, { text: (p) => short(p.label, 22), gap: 7, fill: 'var(--muted)', fontSize: 11 }),
        several && labels(points, { text: (p) => short(p.label, 28), gap: 11, dy: -9, fill: 'colour', stroke: 'var(--paper)', strokeWidth: 4, fontSize: 12, fontWeight: 600 }),
      ],
    });
    return { svg, items: [...marks(svg, 'runs', points, describe), ...marks(svg, 'tasks', tasks, describe)] };
  };
  return chart({
    title: full,
    name: `accuracy-${name}`,
    note: notes.filter(Boolean).join(' '),
    summary: points.map(describe).join('; '),
    draw,
    table: {
      columns: ['run or task', 'accuracy', 'low', 'high', `${key} (${unit})`, 'low', 'high', 'provenance', 'method', 'on the frontier'],
      rows: [...points, ...tasks].map((p) => [p.label, p.y, p.accuracy.low, p.accuracy.high, p.x, p.spent.low, p.spent.high, p.provenance, p.method, fronts.some((front) => front.includes(p)) ? 'yes' : '']),
    },
  });
}

const short = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

export function tradeoffs() {
  return h(
    'div',
    { class: 'pair' },
    tradeoff({ name: 'j_per_query', title: 'joules per question', word: 'per question', unit: 'J' }),
    tradeoff({ name: 'watts', title: 'watts in service', word: 'in service', unit: 'W' })
  );
}
