// Output tokens against joules with the least-squares line.
import * as Plot from '@observablehq/plot';
import { verdictSign } from './badge.js';
import { chart, marks, plot } from './chart.js';
import { several, taskName } from './data.js';
import { plain } from './dom.js';
import { count, digits, quantity, tick } from './format.js';
import { perRun } from './per_run.js';
import { openRow } from './question.js';
import { narrowTo } from './questions.js';

const MOST_DOTS = 1500;

function lineWords(line) {
  if (!line) return 'All answers have the same number of output tokens, so that no line can be fitted.';
  const { n, intercept_j: start, slope_j_per_token: slope, low, high, r_squared: explained } = line;
  const limits = low === null ? '' : ` (95 %: ${quantity(low, 'J')} to ${quantity(high, 'J')})`;
  return `Least squares over ${count(n)} answers: ${quantity(start, 'J')} and ${quantity(slope, 'J')} for each output token${limits}; the line explains ${digits(100 * explained, 2)} % of the variance.`;
}

// Each answer as a dot where the page has all of them and they are few.
function dotsOf({ rows }, { joules_low: low, joules_high: high, tokens_high: most }) {
  return rows.filter(({ joules, output_tokens: n }) => joules !== null && n !== null && joules >= low && joules <= high && n <= most);
}

function cellsOf({ cells, columns, rows, tokens_high: most, joules_low: low, joules_high: high }) {
  const wide = most / columns;
  const tall = (high - low) / rows;
  return cells.map(([cell, number]) => {
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    return { number, x1: column * wide, x2: (column + 1) * wide, y1: low + row * tall, y2: low + (row + 1) * tall };
  });
}

const STROKES = { correct: 'var(--accent)', incorrect: 'var(--wrong)', missing: 'var(--missing)' };

function drawing({ scatter, unit, dots, cells }, width) {
  const { tokens_high: right, joules_low: low, joules_high: high, line } = scatter;
  const most = Math.max(1, ...cells.map(({ number }) => number));
  const shade = ({ number }) => 0.12 + 0.88 * (Math.log1p(number) / Math.log1p(most));
  const fill = ({ outcome }) => (outcome === 'correct' ? 'var(--accent)' : 'none');
  const stroke = ({ outcome }) => STROKES[outcome];
  const ends = line ? [0, right].map((x) => ({ x, y: line.intercept_j + line.slope_j_per_token * x })) : [];
  const ticks = Math.min(width < 420 ? 4 : 8, Math.max(1, Math.floor(right)));
  return plot({
    width,
    height: Math.round(Math.min(400, Math.max(260, width * 0.5))),
    marginLeft: 60,
    marginRight: 18,
    marginBottom: 42,
    clip: true,
    x: { label: 'output tokens →', domain: [0, right], grid: true, ticks, tickFormat: tick('') },
    y: { label: `↑ ${unit}`, domain: [low, high], grid: true, ticks: 5, tickFormat: tick('J') },
    marks: [
      Plot.rect(cells, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'var(--accent)', fillOpacity: shade, className: 'cells' }),
      Plot.dot(dots, { x: 'output_tokens', y: 'joules', r: 3, fill, stroke, fillOpacity: 0.55, strokeWidth: 1.25, className: 'answers' }),
      Plot.line(ends, { x: 'x', y: 'y', stroke: 'var(--ink)', strokeWidth: 1.5, clip: true }),
    ],
  });
}

function itemsOf(svg, run, dots, cells) {
  const describeDot = (row) =>
    `${verdictSign[row.outcome]} ${taskName(plain(row.asked.task))}: ${row.output_tokens} tokens, ${quantity(row.joules, 'J')}`;
  const range = ({ x1, x2, y1, y2 }) => `${digits(x1)} to ${digits(x2)} tokens, ${quantity(y1, 'J')} to ${quantity(y2, 'J')}`;
  const describeCell = (cell) => `${range(cell)}: ${count(cell.number)} answers`;
  const openCell = (cell) => {
    const inside = ({ output_tokens: n, joules }) => n >= cell.x1 && n < cell.x2 && joules >= cell.y1 && joules < cell.y2;
    narrowTo(range(cell), (row) => row.run === run.index && row.joules !== null && inside(row));
  };
  return [
    ...marks(svg, 'answers', dots, describeDot, (row) => openRow(row)),
    ...marks(svg, 'cells', cells, describeCell, openCell),
  ];
}

function tableOf(unit, rows, cells) {
  if (!rows) {
    const columns = ['tokens from', 'to', `${unit} from (J)`, 'to (J)', 'answers'];
    return { columns, rows: cells.map((c) => [c.x1, c.x2, c.y1, c.y2, c.number]) };
  }
  const columns = ['task', 'output tokens', `${unit} (J)`, 'outcome'];
  return { columns, rows: rows.map((row) => [taskName(plain(row.asked.task)), row.output_tokens, row.joules, row.outcome]) };
}

function figureOf(run) {
  const scatter = run.charts.tokens;
  const title = several ? `Output tokens against joules, ${run.label}` : 'Output tokens against joules';
  if (!scatter || scatter.n === 0) {
    return chart({ title, name: 'tokens', empty: run.figures.j_per_query?.reason || 'No energy was measured.' });
  }
  const exact = run.complete && run.rows.length <= MOST_DOTS;
  const unit = scatter.above_idle ? 'joules above idle' : 'joules';
  const dots = exact ? dotsOf(run, scatter) : [];
  const cells = exact ? [] : cellsOf(scatter);
  const densest = Math.max(1, ...cells.map(({ number }) => number));
  return chart({
    title,
    name: several ? `tokens-${run.index + 1}` : 'tokens',
    note: [
      lineWords(scatter.line),
      exact ? 'Filled dots are correct answers.' : `Darker cells hold more answers, up to ${count(densest)}.`,
      scatter.outside > 0 && `${count(scatter.outside)} of ${count(scatter.n)} answers lie beyond the drawn range, which ends at the 99.9 % quantiles.`,
      `Joules are ${scatter.provenance} (${scatter.method}).`,
    ]
      .filter(Boolean)
      .join(' '),
    summary: lineWords(scatter.line),
    draw: (width) => {
      const svg = drawing({ scatter, unit, dots, cells }, width);
      return { svg, items: itemsOf(svg, run, dots, cells) };
    },
    table: tableOf(unit, exact ? run.rows : null, cells),
  });
}

export const tokens = () => perRun(figureOf);
