// Accuracy against what it costs: joules per question, and watts. With several runs the efficient
// frontier; with one its tasks.
import * as Plot from '@observablehq/plot';
import { chart, logTicks, marks, plot, whiskerWords } from './chart.js';
import { aboveIdleTogether, energyFigure, runs, several, sourceOf, taskName } from './data.js';
import { h, plain } from './dom.js';
import { tick } from './format.js';
import { narrowTo } from './questions.js';

const MOST_LABELLED_TASKS = 8;

function point(figures, key, more) {
  const { accuracy, [key]: spent } = figures;
  if (!spent || spent.value === null || !accuracy || accuracy.value === null) return null;
  return {
    x: spent.value,
    x1: spent.low ?? spent.value,
    x2: spent.high ?? spent.value,
    y: accuracy.value,
    y1: accuracy.low ?? accuracy.value,
    y2: accuracy.high ?? accuracy.value,
    spent,
    accuracy,
    ...more,
  };
}

function runPoint(run, key) {
  const { digest, scorer } = run.manifest.questions;
  const open = () => narrowTo(`those of ${run.label}`, (row) => row.run === run.index);
  const group = [digest, scorer, sourceOf(run.figures[key] ?? {})].join(' '); // whose figures compare
  return point(run.figures, key, { label: run.label, colour: run.colour, group, open });
}

function taskPoints(run, key) {
  const one = ([task, figures]) => {
    const open = () => narrowTo(`task ${taskName(task)}`, (row) => plain(row.asked.task) === task);
    return point(figures, key, { label: taskName(task), colour: 'var(--muted)', open });
  };
  return Object.entries(run.tasks).map(one).filter(Boolean);
}

// Those that no other is better and cheaper than, among runs whose figures compare. What may have
// cost nothing at all (an estimate that other work drowned) is no bargain.
function frontiers(points) {
  const groups = new Map();
  for (const p of points) {
    if (p.spent.low > 0) groups.set(p.group, [...(groups.get(p.group) ?? []), p]);
  }
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

const describe = ({ label, accuracy, spent }) =>
  `${label}: accuracy ${accuracy.text} ${accuracy.interval_text}, ${spent.text} ${spent.interval_text}, ${spent.provenance} (${spent.method})`;

function whiskers(data, options) {
  return [
    Plot.ruleY(data, { y: 'y', x1: 'x1', x2: 'x2', ...options }),
    Plot.ruleX(data, { x: 'x', y1: 'y1', y2: 'y2', ...options }),
  ];
}

// On the right half a label stands left of its point.
function labels(data, middle, { gap, ...options }) {
  const common = { x: 'x', y: 'y', className: 'labels', stroke: 'var(--paper)', strokeWidth: 4, ...options };
  return [
    Plot.text(data.filter((p) => p.x <= middle), { ...common, dx: gap, textAnchor: 'start' }),
    Plot.text(data.filter((p) => p.x > middle), { ...common, dx: -gap, textAnchor: 'end' }),
  ];
}

const short = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function drawing({ points, tasks, fronts, axis, unit }, width) {
  const all = [...tasks, ...points];
  const low = Math.min(...all.map((p) => (p.x1 > 0 ? p.x1 : p.x)));
  const high = Math.max(...all.map((p) => p.x2));
  const log = low > 0 && high / low > 30;
  const scale = log
    ? { type: 'log', ticks: logTicks(low, high, 7) }
    : { type: 'linear', ticks: width < 420 ? 3 : 5, zero: true, nice: true };
  const middle = log ? Math.sqrt(low * high) : high / 2;
  const named = tasks.length <= MOST_LABELLED_TASKS ? tasks : [];
  const fill = (p) => (p.spent.provenance === 'measured' ? p.colour : 'var(--paper)');
  const frontier = { x: 'x', y: 'y', curve: 'step-after', stroke: 'var(--muted)', strokeDasharray: '2 4', className: 'frontier' };
  return plot({
    width,
    height: Math.round(Math.min(380, Math.max(260, width * 0.62))),
    marginLeft: 44,
    marginRight: 20,
    marginBottom: 44,
    x: { label: `${axis} →`, tickFormat: tick(unit), grid: false, ...scale },
    y: { label: '↑ accuracy', domain: [0, 1], grid: true, ticks: 5 },
    marks: [
      fronts.map((front) => Plot.line(front, frontier)),
      whiskers(tasks, { stroke: 'var(--muted)', strokeOpacity: 0.25 }),
      whiskers(points, { stroke: 'colour', strokeWidth: 1.5, strokeOpacity: 0.75 }),
      Plot.dot(tasks, { x: 'x', y: 'y', r: 3, stroke: 'var(--muted)', fill, className: 'tasks' }),
      Plot.dot(points, { x: 'x', y: 'y', r: 6, stroke: 'colour', strokeWidth: 2, fill, className: 'runs' }),
      labels(named, middle, { text: (p) => short(p.label, 22), gap: 7, fill: 'var(--muted)', fontSize: 11 }),
      several && labels(points, middle, { text: (p) => short(p.label, 28), gap: 11, dy: -9, fill: 'colour', fontSize: 12, fontWeight: 600 }),
    ],
  });
}

function story(tasks, fronts) {
  if (several && fronts.length > 0) {
    return 'The line is the efficient frontier: no run of the same questions and the same kind of figure is more accurate for less. Runs of other questions or other sources have no line in common.';
  }
  if (several) return 'There is no frontier to draw: no two runs share questions, scorer and source with a cost that is surely above zero.';
  if (tasks.length > 0) return 'The large dot is the run; the small ones are its tasks.';
  return 'The run as one point; several runs on one page make a frontier.';
}

function tradeoff({ name, axis: what, unit }) {
  const aboveIdle = several ? aboveIdleTogether(name) : energyFigure(runs[0].figures, name).aboveIdle;
  const key = aboveIdle ? `${name}_active` : name;
  const axis = `${what}${aboveIdle ? ' above idle' : ''}`;
  const title = `Accuracy against ${what}`;
  const drawn = runs.map((run) => runPoint(run, key));
  const points = drawn.filter(Boolean);
  if (points.length === 0) {
    const { accuracy, [key]: spent, [name]: gross } = runs[0].figures;
    const reason = spent?.reason || gross?.reason || accuracy?.reason;
    return chart({ title, name, empty: several ? 'No run has both figures.' : reason || 'The run has no such figures.' });
  }
  const tasks = several ? [] : taskPoints(runs[0], key);
  const fronts = several ? frontiers(points) : [];
  const without = runs.filter((_, i) => drawn[i] === null).map(({ label }) => label);
  const all = [...points, ...tasks];
  const open = (p) => p.open();
  return chart({
    title,
    name: `accuracy-${name}`,
    note: [
      story(tasks, fronts),
      aboveIdle && 'Above idle, because a run knows no more.',
      whiskerWords(all.map(({ spent }) => spent)),
      all.some(({ spent }) => spent.provenance !== 'measured') && 'Hollow dots are not measured.',
      without.length > 0 && `Not drawn, because a figure is missing: ${without.join(', ')}.`,
    ]
      .filter(Boolean)
      .join(' '),
    summary: points.map(describe).join('; '),
    draw: (width) => {
      const svg = drawing({ points, tasks, fronts, axis, unit }, width);
      const items = [...marks(svg, 'runs', points, describe, open), ...marks(svg, 'tasks', tasks, describe, open)];
      return { svg, items };
    },
    table: {
      columns: ['run or task', 'accuracy', 'low', 'high', `${key} (${unit})`, 'low', 'high', 'provenance', 'method', 'on the frontier'],
      rows: all.map((p) => {
        const { accuracy, spent } = p;
        const front = fronts.some((steps) => steps.includes(p)) ? 'yes' : '';
        return [p.label, p.y, accuracy.low, accuracy.high, p.x, spent.low, spent.high, spent.provenance, spent.method, front];
      }),
    },
  });
}

export function tradeoffs() {
  return h(
    'div',
    { class: 'pair' },
    tradeoff({ name: 'j_per_query', axis: 'joules per question', unit: 'J' }),
    tradeoff({ name: 'watts', axis: 'watts in service', unit: 'W' })
  );
}
