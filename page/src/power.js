// Power over time with the questions under it.
import * as Plot from '@observablehq/plot';
import { chart, marks, plot } from './chart.js';
import { runs, several, taskName } from './data.js';
import { h, plain } from './dom.js';
import { count, quantity, SIGNS, span, tick } from './format.js';
import { narrowTo, openRow } from './questions.js';
import { verdictSign } from './badge.js';

const MOST_BARS = 1500;
const OUTCOME_COLOURS = { correct: 'var(--accent)', incorrect: 'var(--wrong-soft)', missing: 'var(--missing)' };
const OUTCOMES = Object.keys(OUTCOME_COLOURS);

// Stretches lie end to end on the axis; its zero is where the first begins.
function axisOf({ stretches, step_s: step }) {
  const place = (seconds) => {
    const stretch = stretches.find(({ to_s }) => seconds <= to_s) ?? stretches.at(-1);
    return stretch.first_step * step + Math.min(Math.max(seconds - stretch.from_s, 0), stretch.steps * step);
  };
  const time = (index) => {
    const stretch = stretches.findLast(({ first_step }) => index >= first_step);
    return stretch.from_s + (index - stretch.first_step) * step;
  };
  const breaks = stretches.slice(1).map((stretch, i) => ({ x: stretch.first_step * step, pause: stretch.from_s - stretches[i].to_s }));
  return { place, time, breaks, end: stretches.at(-1).first_step * step + stretches.at(-1).steps * step };
}

function sensorName(run, id) {
  const sensor = run.manifest.sensors.find((known) => known.id === id);
  if (!sensor) return { text: id, provenance: 'measured', billed: true };
  return {
    text: `${SIGNS[sensor.source] ?? ''}${id}${sensor.sees_idle ? '' : ', all work on the machine'}${sensor.billed ? '' : ', not billed'}`,
    provenance: sensor.source,
    billed: sensor.billed,
  };
}

// What the sensor said while nothing was asked: idle, or, of a model of the work, other work.
function idleOf(run, id) {
  const watched = run.idle.filter((idle) => idle.sensor === id && idle.phase.startsWith('loaded') && idle.power_w !== null);
  if (watched.length === 0) return null;
  const sees = run.manifest.sensors.find((known) => known.id === id)?.sees_idle ?? true;
  return { watts: watched.reduce((sum, { power_w }) => sum + power_w, 0) / watched.length, word: sees ? 'loaded idle' : 'other work' };
}

function steps(run, axis) {
  const { step_s: step, sensors } = run.charts.power;
  return sensors.flatMap((curve, which) =>
    curve.mean_w.map((mean, i) => ({ sensor: curve.sensor, which, i, x1: i * step, x2: (i + 1) * step, mean, low: curve.low_w[i], high: curve.high_w[i], time: axis.time(i) }))
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

function figureOf(run) {
  const { power } = run.charts;
  const title = several ? `Power over time, ${run.label}` : 'Power over time';
  if (power.stretches.length === 0) return chart({ title, name: 'power', empty: 'Nothing was asked, so that there is nothing to show.' });
  const axis = axisOf(power);
  const data = steps(run, axis);
  const exact = run.complete && run.rows.length <= MOST_BARS;
  const placed = exact ? lanes(run.rows) : [];
  const bars = placed.map(({ row, lane }) => ({ row, lane, x1: axis.place(row.started_s), x2: axis.place(row.ended_s), colour: OUTCOME_COLOURS[row.outcome] }));
  const laneCount = placed.reduce((most, { lane }) => Math.max(most, lane + 1), 1);
  const idles = power.sensors.map(({ sensor }) => idleOf(run, sensor)).filter(Boolean);
  const ended = exact
    ? []
    : OUTCOMES.flatMap((outcome) => power.activity[outcome].map((number, i) => ({ outcome, number, i, x1: i * power.step_s, x2: (i + 1) * power.step_s })).filter(({ number }) => number > 0));
  const describeStep = (s) => `${span(s.time)}: ${s.sensor} ${quantity(s.mean, 'W')}${s.high > s.low ? `, ${quantity(s.low, 'W')} to ${quantity(s.high, 'W')}` : ''}; ${quantity(power.activity.in_flight[s.i])} questions in flight`;
  const describeBar = ({ row }) => `${span(row.started_s)}: ${verdictSign[row.outcome]} ${taskName(plain(row.asked.task))}, ${quantity(row.ended_s - row.started_s, 's')}, ${quantity(row.joules, 'J')}`;
  const describeEnded = (e) => `${span(axis.time(e.i))}: ${count(e.number)} ${e.outcome}`;
  const openStep = (e) => {
    const from = axis.time(e.i);
    narrowTo(`ended at ${span(from)} to ${span(from + power.step_s)}${several ? ` in ${run.label}` : ''}`, (row) => row.run === run.index && row.ended_s >= from && row.ended_s < from + power.step_s);
  };

  const draw = (width) => {
    const margins = { marginLeft: 52, marginRight: 16 };
    const x = { domain: [0, axis.end], axis: null };
    const breaks = Plot.ruleX(axis.breaks, { x: 'x', stroke: 'var(--muted)', strokeDasharray: '1 3' });
    const top = plot({
      width,
      height: data.length > 0 ? 210 : 30,
      ...margins,
      marginBottom: 6,
      x,
      y: { label: '↑ watts', grid: true, zero: true, ticks: 4, tickFormat: tick('W'), axis: data.length > 0 ? 'left' : null },
      marks: [
        data.length === 0 && Plot.text(['No telemetry was kept.'], { frameAnchor: 'left', fill: 'var(--muted)' }),
        power.sensors.flatMap((_, which) => {
          const curve = data.filter((s) => s.which === which);
          const colour = which === 0 ? 'var(--accent)' : `var(--run-${which % 8})`;
          return [
            Plot.rect(curve.filter((s) => s.mean !== null && s.high > s.low), { x1: 'x1', x2: 'x2', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.15 }),
            power.sensors.length === 1 && Plot.rectY(curve.filter((s) => s.mean !== null), { x1: 'x1', x2: 'x2', y: 'mean', fill: colour, fillOpacity: 0.12 }),
            Plot.line(curve, { x: 'x1', y: 'mean', curve: 'step-after', stroke: colour, strokeWidth: 1.5 }),
            power.sensors.length > 1 && Plot.text([sensorName(run, power.sensors[which].sensor)], { text: 'text', frameAnchor: 'top-right', dy: 14 * which, fill: colour, fontSize: 11, stroke: 'var(--paper)', strokeWidth: 3 }),
          ];
        }),
        Plot.ruleY(idles, { y: 'watts', stroke: 'var(--muted)', strokeDasharray: '3 3' }),
        Plot.text(idles, { y: 'watts', text: (idle) => `${idle.word} ${quantity(idle.watts, 'W')}`, frameAnchor: 'right', dy: -7, fill: 'var(--muted)', stroke: 'var(--paper)', strokeWidth: 3, fontSize: 11 }),
        breaks,
        Plot.text(axis.breaks, { x: 'x', text: (b) => `pause of ${span(b.pause)}`, frameAnchor: 'top', dy: -2, dx: 4, textAnchor: 'start', fill: 'var(--muted)', fontSize: 10 }),
        // What pointer and keys are on: one column per step of the first sensor.
        Plot.rect(data.filter((s) => s.which === 0 && s.mean !== null), { x1: 'x1', x2: 'x2', y1: 0, y2: (s) => Math.max(...power.sensors.map((c) => c.high_w[s.i] ?? 0), 0), fill: 'var(--accent)', fillOpacity: 0, className: 'steps' }),
      ],
    });
    const below = exact ? Math.max(16, Math.min(14 * laneCount, 140)) : 70;
    const bottom = plot({
      width,
      height: below + 46,
      ...margins,
      marginTop: 6,
      marginBottom: 40,
      x: { domain: [0, axis.end], label: 'time in which something was asked →', tickFormat: tick('time'), ticks: width < 420 ? 4 : 8 },
      y: exact ? { type: 'band', domain: Array.from({ length: laneCount }, (_, i) => i), axis: null, padding: 0.15 } : { axis: 'left', ticks: 2, label: null, grid: true, tickFormat: 's' },
      marks: [
        exact
          ? Plot.barX(bars, { x1: 'x1', x2: 'x2', y: 'lane', fill: 'colour', stroke: 'colour', strokeWidth: 0.75, insetRight: bars.length < 300 ? 0.75 : 0, className: 'questions' })
          : Plot.rectY(ended, Plot.stackY({ x1: 'x1', x2: 'x2', y: 'number', order: OUTCOMES, fill: (e) => OUTCOME_COLOURS[e.outcome], className: 'ended' })),
        breaks,
      ],
    });
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const height = Number(top.getAttribute('height')) + Number(bottom.getAttribute('height'));
    for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, class: 'plot', 'font-size': 10, 'font-family': 'system-ui, sans-serif', fill: 'currentColor' })) svg.setAttribute(key, value);
    bottom.setAttribute('y', top.getAttribute('height'));
    svg.append(top, bottom);
    const shown = data.filter((s) => s.which === 0 && s.mean !== null);
    return {
      svg,
      items: [
        ...marks(bottom, 'questions', bars, describeBar, ({ row }) => openRow(row)),
        ...marks(bottom, 'ended', ended, describeEnded, openStep),
        ...marks(top, 'steps', shown, describeStep, exact ? undefined : openStep),
      ],
    };
  };

  const single = power.sensors.length === 1 ? `${sensorName(run, power.sensors[0].sensor).text}. ` : '';
  return chart({
    title,
    name: several ? `power-${run.index + 1}` : 'power',
    level: 3,
    note: [
      `${single}Means over ${quantity(power.step_s, 's')}; the pale band is what single updates of the sensor said.`,
      exact ? 'Below, each question as a bar while it was in service.' : 'Below, how many questions ended in each step.',
      power.unreadable_seconds > 0 && `${power.unreadable_seconds} seconds of telemetry could not be read.`,
    ]
      .filter(Boolean)
      .join(' '),
    summary: `${power.sensors.length} sensors, ${count(run.records.total)} questions.`,
    draw,
    table: {
      columns: ['from (s)', 'in flight', 'correct', 'incorrect', 'missing', ...power.sensors.flatMap((c) => [`${c.sensor} mean (W)`, 'low (W)', 'high (W)'])],
      rows: power.activity.in_flight.map((flying, i) => [axis.time(i), flying, ...OUTCOMES.map((o) => power.activity[o][i]), ...power.sensors.flatMap((c) => [c.mean_w[i], c.low_w[i], c.high_w[i]])]),
    },
  });
}

const legend = () =>
  h('p', { class: 'legend' }, OUTCOMES.map((outcome) => {
    const patch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
    patch.style.background = OUTCOME_COLOURS[outcome];
    return h('span', {}, patch, outcome);
  }));

export function power() {
  return [legend(), oneByOne(figureOf)];
}

/** One run: the figure. Several: one under the other, the first two open. */
export function oneByOne(figure) {
  if (!several) return figure(runs[0]);
  return runs.map((run, i) => {
    const details = h('details', { class: 'of-run', open: i < 2 }, h('summary', {}, run.label));
    const fill = () => details.open && details.children.length === 1 && details.append(figure(run));
    details.addEventListener('toggle', fill);
    fill();
    return details;
  });
}
