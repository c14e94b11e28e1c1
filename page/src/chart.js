// The frame of every chart: heading, drawing, what the pointer or the arrow keys are on, SVG and CSV at
// a click, and the same as a table for whoever does not see it.
import * as Plot from '@observablehq/plot';
import { csv, h, save, table } from './dom.js';
import { count } from './format.js';

const MOST_TABLE_ROWS = 200;
let charts = 0;

/** Colours and opacities as given. Plot's own <style> goes: the page's policy refuses it, and page.css
 * says the same. */
export function plot({ marks, ...options }) {
  const svg = Plot.plot({
    className: 'plot',
    color: { type: 'identity' },
    opacity: { type: 'identity' },
    ...options,
    marks: marks.flat(Infinity).filter(Boolean),
  });
  for (const style of svg.querySelectorAll('style')) style.remove();
  return svg;
}

/**
 * draw(width) → {svg, items: [{node, text, open}]}; table: {columns: [name…], rows: [[cell…]…]};
 * empty: why there is nothing to draw.
 */
export function chart({ title, note, name, draw, table: values, empty, summary }) {
  const id = `chart-${++charts}`;
  const heading = h('h3', { id }, title);
  if (empty) {
    return h(
      'figure',
      { class: 'chart', 'aria-labelledby': id },
      h('figcaption', {}, heading),
      h('p', { class: 'absent' }, empty)
    );
  }
  const area = h('div', { class: 'area' });
  const readout = h('output', { class: 'readout', 'aria-live': 'polite' });
  drawAtWidth(area, (width) => {
    const { svg, items = [] } = draw(width);
    area.replaceChildren(svg);
    moveApart([...svg.querySelectorAll('.labels text')], [...svg.querySelectorAll('.runs circle')], svg);
    walkable(svg, items, readout, `${title}. ${summary ?? ''}`);
  });
  const tool = (kind, onclick) =>
    h('button', { type: 'button', 'aria-label': `${title}: save as ${kind}`, onclick }, kind);
  const saveSvg = () => save(`ipw-${name}.svg`, 'image/svg+xml', standalone(area.firstElementChild, title));
  const saveCsv = () => save(`ipw-${name}.csv`, 'text/csv', csv([values.columns, ...values.rows]));
  return h(
    'figure',
    { class: 'chart', 'aria-labelledby': id, 'data-chart': name },
    h(
      'figcaption',
      {},
      heading,
      h('div', { class: 'tools' }, tool('SVG', saveSvg), tool('CSV', saveCsv)),
      note && h('p', { class: 'note' }, note)
    ),
    area,
    readout,
    h('details', { class: 'as-table' }, h('summary', {}, 'The same as a table'), sameAsTable(values, title))
  );
}

const widths = new WeakMap(); // area → what draws it where its width has changed

function drawAtWidth(area, draw) {
  let drawn = 0;
  const redraw = () => {
    const width = Math.round(area.clientWidth);
    if (width < 40 || Math.abs(width - drawn) < 4) return;
    drawn = width;
    draw(width);
  };
  widths.set(area, redraw);
  new ResizeObserver(redraw).observe(area);
}

/** Draws what was opened a moment ago and not drawn yet. */
export function drawAll() {
  for (const area of document.querySelectorAll('.area')) widths.get(area)?.();
}

function sameAsTable({ columns, rows }, title) {
  const shown = rows.slice(0, MOST_TABLE_ROWS);
  return [
    table({ name: `${title}, table`, columns, rows: shown.map((row) => row.map(cellText)) }),
    rows.length > shown.length &&
      h('p', { class: 'note' }, `The first ${shown.length} of ${rows.length} rows; the CSV has all.`),
  ];
}

function cellText(cell) {
  if (cell === null || cell === undefined) return '—';
  if (typeof cell === 'number')
    return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(5)));
  return String(cell);
}

// One stop of the Tab key per chart; the arrow keys go from item to item, Enter opens.
function walkable(svg, items, readout, label) {
  svg.setAttribute('role', items.length > 0 ? 'application' : 'img');
  svg.setAttribute('aria-roledescription', 'chart');
  svg.setAttribute(
    'aria-label',
    items.length > 0 ? `${label} ${items.length} items: arrow keys go through them.` : label
  );
  for (const child of svg.children) child.setAttribute('aria-hidden', 'true');
  if (items.length === 0) return;
  svg.setAttribute('tabindex', '0');
  let current = -1;
  const go = (index) => {
    items[current]?.node.classList.remove('here');
    current = index;
    const item = items[current];
    readout.textContent = item
      ? item.text + (item.open ? ' — click or Enter to look closer' : '')
      : '';
    item?.node.classList.add('here');
  };
  items.forEach((item, index) => {
    item.node.addEventListener('pointerenter', () => go(index));
    if (!item.open) return;
    item.node.classList.add('opens');
    item.node.addEventListener('click', () => item.open());
  });
  svg.addEventListener('pointerleave', () => go(-1));
  svg.addEventListener('blur', () => go(-1));
  svg.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) go((current + step + items.length) % items.length);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(items.length - 1);
    else if (event.key === 'Escape') go(-1);
    else if ((event.key === 'Enter' || event.key === ' ') && current >= 0) items[current].open?.();
    else return;
    event.preventDefault();
  });
}

/** The elements of one mark with the datum that each stands for. */
export function marks(svg, name, data, describe, open) {
  // Plot binds to each element the index of its datum.
  return [...svg.querySelectorAll(`.${name} *`)]
    .filter((node) => typeof node.__data__ === 'number')
    .map((node) => {
      const datum = data[node.__data__];
      return { node, text: describe(datum), open: open && (() => open(datum)) };
    });
}

// Labels that would leave the drawing move in; those that would lie on each other, or on what must be
// seen, move down, from the top one on.
function moveApart(labels, kept, svg) {
  const { right: edge, left: start } = svg.getBoundingClientRect();
  const placed = kept.map((node) => node.getBoundingClientRect());
  const boxes = labels
    .map((node) => ({ node, box: node.getBoundingClientRect() }))
    .sort((a, b) => a.box.top - b.box.top);
  for (const { node, box } of boxes) {
    const aside = Math.max(Math.min(0, edge - box.right), start - box.left);
    const [left, right] = [box.left + aside, box.right + aside];
    let down = 0;
    for (;;) {
      const [top, bottom] = [box.top + down, box.bottom + down];
      const hit = placed.find((other) => left < other.right && other.left < right && top < other.bottom && other.top < bottom);
      if (!hit) break;
      down = hit.bottom - box.top + 1;
    }
    placed.push({ left, right, top: box.top + down, bottom: box.bottom + down });
    if (aside === 0 && down === 0) continue;
    node.setAttribute('transform', `${node.getAttribute('transform') ?? ''} translate(${aside},${down})`);
  }
}

/** What whiskers are, and that a missing one is no sign of certainty. */
export function whiskerWords(figures) {
  const without = figures.filter(({ low, high }) => low === null || high === null).length;
  const missing = without === 0 ? '' : ` ${count(without)} of ${count(figures.length)} have none, or half of one: no limit could be given.`;
  return `Whiskers are 95 % intervals.${missing}`;
}

/** 1, 2 and 5 times the powers of ten in a range, or the powers alone where those were too many. */
export function logTicks(low, high, most) {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = from; power <= to; ++power)
      ticks.push(...steps.map((step) => Number(`${step}e${power}`)));
    const inside = ticks.filter((tick) => tick >= low && tick <= high);
    if (inside.length <= most || steps.length === 1)
      return inside.length > 1 ? inside : [low, high];
  }
  return [low, high];
}

// A file of its own: colours as they are in daylight, white ground.
function standalone(svg, title) {
  const copy = svg.cloneNode(true);
  const light =
    document.querySelector('.daylight') ??
    document.body.appendChild(h('div', { class: 'daylight', hidden: true }));
  const colours = getComputedStyle(light);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('font-family', 'system-ui, sans-serif');
  copy.setAttribute('color', colours.getPropertyValue('--ink').trim());
  copy.setAttribute('fill', 'currentColor');
  for (const gone of ['tabindex', 'class']) copy.removeAttribute(gone);
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [key, value] of [
    ['width', '100%'],
    ['height', '100%'],
    ['fill', 'white'],
  ])
    ground.setAttribute(key, value);
  const name = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  name.textContent = title;
  copy.prepend(name, ground);
  return new XMLSerializer()
    .serializeToString(copy)
    .replace(
      /var\((--[\w-]+)\)/g,
      (_, variable) => colours.getPropertyValue(variable).trim() || 'black'
    );
}
