// Task by task: accuracy and joules per question, with their intervals.
import * as Plot from '@observablehq/plot';
import { chart, marks, plot } from './chart.js';
import { aboveIdleTogether, runs, several, taskName } from './data.js';
import { h, plain } from './dom.js';
import { tick } from './format.js';
import { runLegend } from './headline.js';
import { narrowTo } from './questions.js';

const MOST_TASKS = 40;

function chosenTasks() {
  const size = new Map();
  for (const run of runs) {
    for (const [task, figures] of Object.entries(run.tasks)) size.set(task, (size.get(task) ?? 0) + figures.accuracy.n);
  }
  const largest = [...size].sort((a, b) => b[1] - a[1]).map(([task]) => task);
  const order = (task) => Math.max(...runs.map((run) => run.tasks[task]?.accuracy.value ?? -1));
  return { all: largest, shown: largest.slice(0, MOST_TASKS).sort((a, b) => order(b) - order(a)) };
}

function byTask(tasks, key, title, axis, unit, domain) {
  const data = runs.flatMap((run) =>
    tasks.all.map((task) => {
      const figure = run.tasks[task]?.[key];
      if (!figure || (figure.value === null && figure.low === null)) return null;
      return { run, task, label: taskName(task), figure, value: figure.value, x1: figure.low ?? figure.value, x2: figure.high ?? figure.value };
    }).filter(Boolean)
  );
  const drawn = data.filter(({ task }) => tasks.shown.includes(task));
  if (drawn.length === 0) return chart({ title, name: `tasks-${key}`, empty: runs[0].figures[key]?.reason || 'No task has this figure.' });
  const describe = (d) => `${d.label}${several ? `, ${d.run.label}` : ''}: ${d.figure.text} ${d.figure.interval_text}, n ${d.figure.n}, ${d.figure.provenance}`;
  const open = (d) => narrowTo(`task ${d.label}${several ? ` in ${d.run.label}` : ''}`, (row) => row.run === d.run.index && plain(row.asked.task) === d.task);
  const offset = (d) => (several ? (d.run.index - (runs.length - 1) / 2) * 8 : 0);
  const perTask = several ? 12 + 8 * runs.length : 24;
  const draw = (width) => {
    const labels = tasks.shown.map(taskName);
    const left = Math.min(width * 0.38, 20 + 6.4 * Math.max(...labels.map((l) => Math.min(l.length, 30))));
    const dodged = runs.map((run) => drawn.filter((d) => d.run === run));
    const svg = plot({
      width,
      height: 46 + perTask * tasks.shown.length,
      marginLeft: left,
      marginRight: 18,
      marginTop: 6,
      marginBottom: 40,
      x: { label: `${axis} →`, ...(domain ? { domain } : { zero: true, nice: true }), grid: true, ticks: width < 420 ? 3 : 5, tickFormat: tick(unit) },
      y: { label: null, domain: labels, tickSize: 0, tickFormat: (label) => fitting(label, left), padding: 0.3 },
      marks: several
        ? dodged.flatMap((group, i) => [
            Plot.ruleY(group, { y: 'label', x1: 'x1', x2: 'x2', stroke: (d) => d.run.colour, strokeWidth: 1.5, strokeOpacity: 0.6, dy: group[0] ? offset(group[0]) : 0 }),
            Plot.dot(group.filter((d) => d.value !== null), { y: 'label', x: 'value', r: 3.5, stroke: (d) => d.run.colour, fill: (d) => (d.figure.provenance === 'measured' ? d.run.colour : 'var(--paper)'), dy: group[0] ? offset(group[0]) : 0, className: `tasks-${i}` }),
          ])
        : [
            Plot.barX(drawn.filter((d) => d.value !== null), { y: 'label', x: 'value', fill: 'var(--accent)', fillOpacity: 0.3, className: 'tasks-0' }),
            Plot.tickX(drawn.filter((d) => d.value !== null), { y: 'label', x: 'value', stroke: 'var(--accent)', strokeWidth: 2 }),
            Plot.ruleY(drawn, { y: 'label', x1: 'x1', x2: 'x2', stroke: 'var(--ink)', strokeWidth: 1 }),
          ],
    });
    const items = several
      ? dodged.flatMap((group, i) => marks(svg, `tasks-${i}`, group.filter((d) => d.value !== null), describe, open))
      : marks(svg, 'tasks-0', drawn.filter((d) => d.value !== null), describe, open);
    return { svg, items };
  };
  const left = tasks.all.length - tasks.shown.length;
  return chart({
    title,
    name: `tasks-${key}`,
    note: [several && 'Whiskers are 95 % intervals; hollow dots are not measured.', !several && 'Whiskers are 95 % intervals.', left > 0 && `The ${MOST_TASKS} largest of ${tasks.all.length} tasks; the table has the others.`].filter(Boolean).join(' '),
    draw,
    table: {
      columns: ['task', 'run', `${key} (${unit || '1'})`, 'low', 'high', 'n', 'provenance', 'method'],
      rows: data.map((d) => [d.label, d.run.label, d.value, d.figure.low, d.figure.high, d.figure.n, d.figure.provenance, d.figure.method]),
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
  return [runLegend(), h(
    'div',
    { class: 'pair' },
    byTask(chosen, 'accuracy', 'Accuracy by task', 'accuracy', '', [0, 1]),
    byTask(chosen, aboveIdle ? 'j_per_query_active' : 'j_per_query', 'Joules per question by task', `joules per question${aboveIdle ? ' above idle' : ''}`, 'J')
  )];
}
