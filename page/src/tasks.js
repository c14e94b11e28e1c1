// Task by task: accuracy and joules per question, with their intervals.
import * as Plot from '@observablehq/plot';
import { chart, marks, plot, whiskerWords } from './chart.js';
import { aboveIdleTogether, isThere, runs, several, taskName } from './data.js';
import { h, plain } from './dom.js';
import { tick } from './format.js';
import { runLegend } from './headline.js';
import { narrowTo } from './questions.js';

const MOST_TASKS = 40;
const ROW = 8; // of a run in a task, in pixels

function chosenTasks() {
  const size = new Map();
  for (const run of runs) {
    for (const [task, figures] of Object.entries(run.tasks))
      size.set(task, (size.get(task) ?? 0) + figures.accuracy.n);
  }
  const largest = [...size].sort((a, b) => b[1] - a[1]).map(([task]) => task);
  const order = (task) => Math.max(...runs.map((run) => run.tasks[task]?.accuracy.value ?? -1));
  return { all: largest, shown: largest.slice(0, MOST_TASKS).sort((a, b) => order(b) - order(a)) };
}

// One datum for each run and task that has the figure.
function dataOf(tasks, key) {
  const one = (run, task) => {
    const figure = run.tasks[task]?.[key];
    if (!isThere(figure)) return null;
    const { value, low, high } = figure;
    return { run, task, label: taskName(task), figure, value, x1: low ?? value, x2: high ?? value };
  };
  return runs.flatMap((run) => tasks.map((task) => one(run, task)).filter(Boolean));
}

const hasValue = ({ value }) => value !== null;

// One run: bars. Several: dots in a row per run, their colours those of the runs.
function marksOf(data) {
  if (!several) {
    const valued = data.filter(hasValue);
    return [
      Plot.barX(valued, { y: 'label', x: 'value', fill: 'var(--accent)', fillOpacity: 0.3, className: 'tasks-0' }),
      Plot.tickX(valued, { y: 'label', x: 'value', stroke: 'var(--accent)', strokeWidth: 2 }),
      Plot.ruleY(data, { y: 'label', x1: 'x1', x2: 'x2', stroke: 'var(--ink)', strokeWidth: 1 }),
    ];
  }
  return runs.map((run) => {
    const group = data.filter((d) => d.run === run);
    const dy = (run.index - (runs.length - 1) / 2) * ROW;
    const fill = ({ figure }) => (figure.provenance === 'measured' ? run.colour : 'var(--paper)');
    return [
      Plot.ruleY(group, { y: 'label', x1: 'x1', x2: 'x2', stroke: run.colour, strokeWidth: 1.5, strokeOpacity: 0.6, dy }),
      Plot.dot(group.filter(hasValue), { y: 'label', x: 'value', r: 3.5, stroke: run.colour, fill, dy, className: `tasks-${run.index}` }),
    ];
  });
}

function itemsOf(svg, data) {
  const inRun = ({ run }) => (several ? ` in ${run.label}` : '');
  const describe = (d) => `${d.label}${inRun(d)}: ${d.figure.text} ${d.figure.interval_text}, n ${d.figure.n}, ${d.figure.provenance}`;
  const open = (d) =>
    narrowTo(`task ${d.label}${inRun(d)}`, (row) => row.run === d.run.index && plain(row.asked.task) === d.task);
  const valued = data.filter(hasValue);
  if (!several) return marks(svg, 'tasks-0', valued, describe, open);
  return runs.flatMap((run) => marks(svg, `tasks-${run.index}`, valued.filter((d) => d.run === run), describe, open));
}

function byTask(tasks, { key, title, axis, unit, domain }) {
  const name = `tasks-${key}`;
  const all = dataOf(tasks.all, key);
  const data = all.filter(({ task }) => tasks.shown.includes(task));
  if (data.length === 0) return chart({ title, name, empty: runs[0].figures[key]?.reason || 'No task has this figure.' });
  const labels = tasks.shown.map(taskName);
  const draw = (width) => {
    const left = Math.min(width * 0.38, 20 + 6.4 * Math.max(...labels.map((label) => Math.min(label.length, 30))));
    const svg = plot({
      width,
      height: 46 + (several ? 18 + ROW * runs.length : 24) * labels.length,
      marginLeft: left,
      marginRight: 18,
      marginTop: 6,
      marginBottom: 40,
      x: { label: `${axis} →`, ...(domain ? { domain } : { zero: true, nice: true }), grid: true, ticks: width < 420 ? 3 : 5, tickFormat: tick(unit) },
      y: { label: null, domain: labels, tickSize: 0, tickFormat: (label) => fitting(label, left), padding: 0.3 },
      marks: marksOf(data),
    });
    return { svg, items: itemsOf(svg, data) };
  };
  const left = tasks.all.length - tasks.shown.length;
  return chart({
    title,
    name,
    note: [
      whiskerWords(data.map(({ figure }) => figure)),
      !data.every(hasValue) && 'A whisker alone is what missing verdicts leave open: all of them wrong, or all of them right.',
      several && data.some(({ figure }) => figure.provenance !== 'measured') && 'Hollow dots are not measured.',
      left > 0 && `The ${MOST_TASKS} largest of ${tasks.all.length} tasks; the CSV has the others.`,
    ]
      .filter(Boolean)
      .join(' '),
    draw,
    table: {
      columns: ['task', 'run', `${key} (${unit || '1'})`, 'low', 'high', 'n', 'provenance', 'method'],
      rows: all.map(({ label, run, figure: f }) => [label, run.label, f.value, f.low, f.high, f.n, f.provenance, f.method]),
    },
  });
}

function fitting(label, width) {
  const most = Math.max(6, Math.floor((width - 12) / 6.2));
  return label.length <= most ? label : `${label.slice(0, most - 1)}…`;
}

export function tasks() {
  const chosen = chosenTasks();
  if (chosen.all.length === 0) return h('p', { class: 'absent' }, 'The questions have no tasks or categories.');
  const aboveIdle = aboveIdleTogether('j_per_query');
  const accuracy = { key: 'accuracy', title: 'Accuracy by task', axis: 'accuracy', unit: '', domain: [0, 1] };
  const joules = {
    key: aboveIdle ? 'j_per_query_active' : 'j_per_query',
    title: 'Joules per question by task',
    axis: `joules per question${aboveIdle ? ' above idle' : ''}`,
    unit: 'J',
  };
  return [runLegend(), h('div', { class: 'pair' }, byTask(chosen, accuracy), byTask(chosen, joules))];
}
