// Output tokens against joules with the least-squares line.
import * as Plot from '@observablehq/plot';
import { verdictSign } from './badge.js';
import { chart, marks, plot } from './chart.js';
import { several, taskName } from './data.js';
import { plain } from './dom.js';
import { count, digits, quantity, tick } from './format.js';
import { oneByOne } from './power.js';
import { narrowTo, openRow } from './questions.js';

const MOST_DOTS = 1500;

function lineWords(line) {
  if (!line) return 'All answers have the same number of output tokens, so that no line can be fitted.';
  const limits = line.low === null ? '' : ` (95 %: ${quantity(line.low, 'J')} to ${quantity(line.high, 'J')})`;
  return `Least squares over ${count(line.n)} answers: ${quantity(line.intercept_j, 'J')} and ${quantity(line.slope_j_per_token, 'J')} for each output token${limits}; the line explains ${digits(100 * line.r_squared, 2)} % of the variance.`;
}

function figureOf(run) {
  const scatter = run.charts.tokens;
  const title = several ? `Output tokens against joules, ${run.label}` : 'Output tokens against joules';
  if (!scatter || scatter.n === 0) return chart({ title, name: 'tokens', empty: run.figures.j_per_query?.reason || 'No energy was measured.' });
  const y1 = scatter.joules_low;
  const y2 = scatter.joules_high;
  const exact = run.complete && run.rows.length <= MOST_DOTS;
  const dots = exact ? run.rows.filter((row) => row.joules !== null && row.joules <= y2 && row.joules >= y1 && row.output_tokens <= scatter.tokens_high) : [];
  const wide = scatter.tokens_high / scatter.columns;
  const high = (y2 - y1) / scatter.rows;
  const cells = exact
    ? []
    : scatter.cells.map(([cell, number]) => {
        const column = cell % scatter.columns;
        const row = Math.floor(cell / scatter.columns);
        return { number, x1: column * wide, x2: (column + 1) * wide, y1: y1 + row * high, y2: y1 + (row + 1) * high };
      });
  const most = Math.max(1, ...cells.map((cell) => cell.number));
  const unit = scatter.above_idle ? 'joules above idle' : 'joules';
  const { line } = scatter;
  const ends = line ? [0, scatter.tokens_high].map((x) => ({ x, y: line.intercept_j + line.slope_j_per_token * x })) : [];
  const describeDot = (row) => `${verdictSign[row.outcome]} ${taskName(plain(row.asked.task))}: ${row.output_tokens} tokens, ${quantity(row.joules, 'J')}`;
  const describeCell = (c) => `${digits(c.x1)} to ${digits(c.x2)} tokens, ${quantity(c.y1, 'J')} to ${quantity(c.y2, 'J')}: ${count(c.number)} answers`;
  const openCell = (c) =>
    narrowTo(`${digits(c.x1)} to ${digits(c.x2)} tokens, ${quantity(c.y1, 'J')} to ${quantity(c.y2, 'J')}`, (row) => row.run === run.index && row.output_tokens >= c.x1 && row.output_tokens < c.x2 && row.joules >= c.y1 && row.joules < c.y2);
  const draw = (width) => {
    const svg = plot({
      width,
      height: Math.round(Math.min(400, Math.max(260, width * 0.5))),
      marginLeft: 60,
      marginRight: 18,
      marginBottom: 42,
      clip: true,
      x: { label: 'output tokens →', domain: [0, scatter.tokens_high], grid: true, ticks: Math.min(width < 420 ? 4 : 8, Math.max(1, Math.floor(scatter.tokens_high))), tickFormat: tick('') },
      y: { label: `↑ ${unit}`, domain: [y1, y2], grid: true, ticks: 5, tickFormat: tick('J') },
      marks: [
        Plot.rect(cells, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'var(--accent)', fillOpacity: (c) => 0.12 + 0.88 * (Math.log1p(c.number) / Math.log1p(most)), className: 'cells' }),
        Plot.dot(dots, { x: 'output_tokens', y: 'joules', r: 3, fill: (row) => (row.outcome === 'correct' ? 'var(--accent)' : 'none'), stroke: (row) => (row.outcome === 'correct' ? 'var(--accent)' : row.outcome === 'missing' ? 'var(--missing)' : 'var(--wrong)'), fillOpacity: 0.55, strokeWidth: 1.25, className: 'answers' }),
        Plot.line(ends, { x: 'x', y: 'y', stroke: 'var(--ink)', strokeWidth: 1.5, clip: true }),
      ].filter(Boolean),
    });
    return { svg, items: [...marks(svg, 'answers', dots, describeDot, openRow), ...marks(svg, 'cells', cells, describeCell, openCell)] };
  };
  return chart({
    title,
    name: several ? `tokens-${run.index + 1}` : 'tokens',
    note: [
      lineWords(line),
      exact ? 'Filled dots are correct answers.' : `Darker cells hold more answers, up to ${count(most)}.`,
      scatter.outside > 0 && `${count(scatter.outside)} of ${count(scatter.n)} answers lie beyond the drawn range, which ends at the 99.9 % quantiles.`,
      `Joules are ${scatter.provenance} (${scatter.method}).`,
    ]
      .filter(Boolean)
      .join(' '),
    summary: lineWords(line),
    draw,
    table: exact
      ? { columns: ['task', 'output tokens', `${unit} (J)`, 'outcome'], rows: run.rows.map((row) => [taskName(plain(row.asked.task)), row.output_tokens, row.joules, row.outcome]) }
      : { columns: ['tokens from', 'to', 'joules from', 'to', 'answers'], rows: cells.map((c) => [c.x1, c.x2, c.y1, c.y2, c.number]) },
  });
}

export const tokens = () => oneByOne(figureOf);
