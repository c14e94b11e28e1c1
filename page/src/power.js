// Power over time with the questions under it.
import * as Plot from '@observablehq/plot';
import { chart, marks, plot } from './chart.js';
import { several, taskName } from './data.js';
import { h, plain } from './dom.js';
import { count, quantity, records, SIGNS, span, tick } from './format.js';
import { perRun } from './per_run.js';
import { openRow } from './question.js';
import { narrowTo } from './questions.js';
import { verdictSign } from './badge.js';

const MOST_BARS = 1500;
const OUTCOME_COLOURS = {
  correct: 'var(--accent)',
  incorrect: 'var(--wrong-soft)',
  missing: 'var(--missing)',
};
const OUTCOMES = Object.keys(OUTCOME_COLOURS);

// Stretches lie end to end on the axis; its zero is where the first begins.
function axisOf({ stretches, step_s: step }) {
  const place = (seconds) => {
    const stretch = stretches.find(({ to_s }) => seconds <= to_s) ?? stretches.at(-1);
    return (
      stretch.first_step * step +
      Math.min(Math.max(seconds - stretch.from_s, 0), stretch.steps * step)
    );
  };
  const time = (index) => {
    const stretch = stretches.findLast(({ first_step }) => index >= first_step);
    return stretch.from_s + (index - stretch.first_step) * step;
  };
  const breaks = stretches
    .slice(1)
    .map((stretch, i) => ({
      x: stretch.first_step * step,
      pause: stretch.from_s - stretches[i].to_s,
    }));
  return {
    place,
    time,
    breaks,
    end: stretches.at(-1).first_step * step + stretches.at(-1).steps * step,
  };
}

function sensorName({ manifest }, id) {
  const sensor = manifest.sensors.find((known) => known.id === id);
  if (!sensor) return id;
  const scope = sensor.sees_idle ? '' : ', all work on the machine';
  return `${SIGNS[sensor.source] ?? ''}${id}${scope}${sensor.billed ? '' : ', not billed'}`;
}

// What the sensor said while nothing was asked: idle, or, of a model of the work, other work.
function idleOf(run, id) {
  const watched = run.idle.filter(
    (idle) => idle.sensor === id && idle.phase.startsWith('loaded') && idle.power_w !== null
  );
  if (watched.length === 0) return null;
  const sees = run.manifest.sensors.find((known) => known.id === id)?.sees_idle ?? true;
  return {
    watts: watched.reduce((sum, { power_w }) => sum + power_w, 0) / watched.length,
    word: sees ? 'loaded idle' : 'other work',
  };
}

function steps(run, axis) {
  const { step_s: step, sensors } = run.charts.power;
  return sensors.flatMap((curve, which) =>
    curve.mean_w.map((mean, i) => ({
      sensor: curve.sensor,
      which,
      i,
      x1: i * step,
      x2: (i + 1) * step,
      mean,
      low: curve.low_w[i],
      high: curve.high_w[i],
      time: axis.time(i),
    }))
  );
}

// Questions that overlap go into lanes below each other.
function lanes(rows) {
  const ends = [];
  return rows.map((row) => {
    let lane = ends.findIndex((end) => end <= row.started_s + 1e-9);
    if (lane < 0) lane = ends.length;
    ends[lane] = row.ended_s;
    return { row, lane };
  });
}

// All that the drawing of one run needs, in the axis' own seconds.
function viewOf(run) {
  const { power } = run.charts;
  const axis = axisOf(power);
  const step = power.step_s;
  const placed = run.complete && run.rows.length <= MOST_BARS ? lanes(run.rows) : null;
  const bars = placed?.map(({ row, lane }) => ({
    row,
    lane,
    x1: axis.place(row.started_s),
    x2: axis.place(row.ended_s),
    colour: OUTCOME_COLOURS[row.outcome],
  }));
  const countsOf = (outcome) =>
    power.activity[outcome].map((number, i) => ({ outcome, number, i, x1: i * step, x2: (i + 1) * step }));
  return {
    run,
    axis,
    sensors: power.sensors,
    data: steps(run, axis),
    idles: power.sensors.map(({ sensor }) => idleOf(run, sensor)).filter(Boolean),
    bars,
    lanes: placed?.reduce((most, { lane }) => Math.max(most, lane + 1), 1),
    ended: bars ? [] : OUTCOMES.flatMap(countsOf).filter(({ number }) => number > 0),
  };
}

const MARGINS = { marginLeft: 52, marginRight: 16 };
const HALO = { stroke: 'var(--paper)', strokeWidth: 3 };

const breaksOf = ({ axis }) =>
  Plot.ruleX(axis.breaks, { x: 'x', stroke: 'var(--muted)', strokeDasharray: '1 3' });

function curveMarks({ run, data, sensors }, which) {
  const curve = data.filter((s) => s.which === which);
  const seen = curve.filter((s) => s.mean !== null);
  const colour = which === 0 ? 'var(--accent)' : `var(--run-${which % 8})`;
  const across = { x1: 'x1', x2: 'x2', fill: colour };
  const alone = sensors.length === 1;
  const name = sensorName(run, sensors[which].sensor);
  return [
    Plot.rect(seen.filter((s) => s.high > s.low), { ...across, y1: 'low', y2: 'high', fillOpacity: 0.15 }),
    alone && Plot.rectY(seen, { ...across, y: 'mean', fillOpacity: 0.12 }),
    Plot.line(curve, { x: 'x1', y: 'mean', curve: 'step-after', stroke: colour, strokeWidth: 1.5 }),
    !alone && Plot.text([name], { text: (d) => d, frameAnchor: 'top-right', dy: 14 * which, fill: colour, fontSize: 11, ...HALO }),
  ];
}

function idleMarks({ idles }) {
  const text = (idle) => `${idle.word} ${quantity(idle.watts, 'W')}`;
  return [
    Plot.ruleY(idles, { y: 'watts', stroke: 'var(--muted)', strokeDasharray: '3 3' }),
    Plot.text(idles, { y: 'watts', text, frameAnchor: 'right', dy: -7, fill: 'var(--muted)', fontSize: 11, ...HALO }),
  ];
}

const withPower = ({ data }) => data.filter((s) => s.which === 0 && s.mean !== null);

function drawWatts(view, width) {
  const { axis, sensors, data } = view;
  const measured = data.length > 0;
  const highest = ({ i }) => Math.max(0, ...sensors.map((curve) => curve.high_w[i] ?? 0));
  const pause = ({ pause }) => `pause of ${span(pause)}`;
  return plot({
    width,
    height: measured ? 210 : 30,
    ...MARGINS,
    marginBottom: 6,
    x: { domain: [0, axis.end], axis: null },
    y: { label: '↑ watts', grid: true, zero: true, ticks: 4, tickFormat: tick('W'), axis: measured ? 'left' : null },
    marks: [
      !measured && Plot.text(['No telemetry was kept.'], { frameAnchor: 'left', fill: 'var(--muted)' }),
      sensors.map((_, which) => curveMarks(view, which)),
      idleMarks(view),
      breaksOf(view),
      Plot.text(axis.breaks, { x: 'x', text: pause, frameAnchor: 'top', dy: -2, dx: 4, textAnchor: 'start', fill: 'var(--muted)', fontSize: 10 }),
      // What pointer and keys are on: one column per step of the first sensor.
      Plot.rect(withPower(view), { x1: 'x1', x2: 'x2', y1: 0, y2: highest, fill: 'var(--accent)', fillOpacity: 0, className: 'steps' }),
    ],
  });
}

function drawQuestions(view, width) {
  const { axis, bars, ended } = view;
  const x = { domain: [0, axis.end], label: 'time in which something was asked →', tickFormat: tick('time'), ticks: width < 420 ? 4 : 8 };
  const frame = { width, ...MARGINS, marginTop: 6, marginBottom: 40, x };
  if (!bars) {
    const stacked = Plot.stackY({ x1: 'x1', x2: 'x2', y: 'number', z: 'outcome', order: OUTCOMES, fill: (e) => OUTCOME_COLOURS[e.outcome], className: 'ended' });
    const y = { axis: 'left', ticks: 2, label: null, grid: true, tickFormat: 's' };
    return plot({ ...frame, height: 116, y, marks: [Plot.rectY(ended, stacked), breaksOf(view)] });
  }
  const y = { type: 'band', domain: Array.from({ length: view.lanes }, (_, i) => i), axis: null, padding: 0.15 };
  const insetRight = bars.length < 300 ? 0.75 : 0;
  const bar = Plot.barX(bars, { x1: 'x1', x2: 'x2', y: 'lane', fill: 'colour', stroke: 'colour', strokeWidth: 0.75, insetRight, className: 'questions' });
  const height = Math.max(16, Math.min(14 * view.lanes, 140)) + 46;
  return plot({ ...frame, height, y, marks: [bar, breaksOf(view)] });
}

function oneAboveTheOther(top, bottom, width) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const height = Number(top.getAttribute('height')) + Number(bottom.getAttribute('height'));
  const attributes = { width, height, viewBox: `0 0 ${width} ${height}`, class: 'plot', 'font-size': 10, 'font-family': 'system-ui, sans-serif', fill: 'currentColor' };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  bottom.setAttribute('y', top.getAttribute('height'));
  svg.append(top, bottom);
  return svg;
}

function describeStep({ time, sensor, mean, low, high, i }, { activity }) {
  const band = high > low ? `, ${quantity(low, 'W')} to ${quantity(high, 'W')}` : '';
  return `${span(time)}: ${sensor} ${quantity(mean, 'W')}${band}; ${quantity(activity.in_flight[i])} questions in flight`;
}

function describeBar({ row }) {
  const task = taskName(plain(row.asked.task));
  return `${span(row.started_s)}: ${verdictSign[row.outcome]} ${task}, ${quantity(row.ended_s - row.started_s, 's')}, ${quantity(row.joules, 'J')}`;
}

function itemsOf(view, top, bottom) {
  const { run, axis, bars } = view;
  const { power } = run.charts;
  const openStep = ({ i }) => {
    const from = axis.time(i);
    const to = from + power.step_s;
    const label = `ended at ${span(from)} to ${span(to)}${several ? ` in ${run.label}` : ''}`;
    narrowTo(label, (row) => row.run === run.index && row.ended_s >= from && row.ended_s < to);
  };
  const describeEnded = (e) => `${span(axis.time(e.i))}: ${count(e.number)} ${e.outcome}`;
  return [
    ...marks(bottom, 'questions', bars ?? [], describeBar, ({ row }) => openRow(row)),
    ...marks(bottom, 'ended', view.ended, describeEnded, openStep),
    ...marks(top, 'steps', withPower(view), (s) => describeStep(s, power), bars ? undefined : openStep),
  ];
}

function tableOf({ axis, run: { charts } }) {
  const { activity, sensors } = charts.power;
  return {
    columns: ['from (s)', 'in flight', ...OUTCOMES, ...sensors.flatMap(({ sensor }) => [`${sensor} mean (W)`, 'low (W)', 'high (W)'])],
    rows: activity.in_flight.map((flying, i) => [
      axis.time(i),
      flying,
      ...OUTCOMES.map((outcome) => activity[outcome][i]),
      ...sensors.flatMap(({ mean_w, low_w, high_w }) => [mean_w[i], low_w[i], high_w[i]]),
    ]),
  };
}

function noteOf({ run, sensors, bars }) {
  const { step_s: step, unreadable_seconds: unreadable } = run.charts.power;
  return [
    sensors.length === 1 && `${sensorName(run, sensors[0].sensor)}.`,
    sensors.length > 0 && `Means over ${quantity(step, 's')}; the pale band is what single updates of the sensor said.`,
    bars ? 'Below, each question as a bar while it was in service.' : 'Below, how many questions ended in each step.',
    unreadable > 0 && `${count(unreadable)} seconds of telemetry could not be read.`,
  ]
    .filter(Boolean)
    .join(' ');
}

function figureOf(run) {
  const title = several ? `Power over time, ${run.label}` : 'Power over time';
  if (run.charts.power.stretches.length === 0) {
    return chart({ title, name: 'power', empty: 'Nothing was asked, so that there is nothing to show.' });
  }
  const view = viewOf(run);
  return chart({
    title,
    name: several ? `power-${run.index + 1}` : 'power',
    note: noteOf(view),
    summary: `${view.sensors.length} sensors, ${records(run.records.total)}.`,
    draw: (width) => {
      const [top, bottom] = [drawWatts(view, width), drawQuestions(view, width)];
      return { svg: oneAboveTheOther(top, bottom, width), items: itemsOf(view, top, bottom) };
    },
    table: tableOf(view),
  });
}

function legend() {
  const entry = (outcome) => {
    const patch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
    patch.style.background = OUTCOME_COLOURS[outcome];
    return h('span', {}, patch, outcome);
  };
  return h('p', { class: 'legend' }, OUTCOMES.map(entry));
}

export const power = () => [legend(), perRun(figureOf)];
