// The frame of every chart: heading, drawing, what the pointer or the arrow keys are on, SVG and CSV at
// a click, and the same as a table for whoever does not see it.
import * as Plot from '@observablehq/plot';
import { csv, h, save } from './dom.js';

const MOST_TABLE_ROWS = 200;
let charts = 0;

/** Colours and opacities as given. Plot's own <style> goes: the page's policy refuses it, and page.css
 * says the same. */
export function plot({ marks, ...options }) {
  const svg = Plot.plot({ className: 'plot', color: { type: 'identity' }, opacity: { type: 'identity' }, ...options, marks: marks.flat(Infinity).filter(Boolean) });
  for (const style of svg.querySelectorAll('style')) style.remove();
  return svg;
}

/**
 * draw(width) → {svg, items: [{node, text, open}]}; table: {columns: [name…], rows: [[cell…]…]};
 * empty: why there is nothing to draw.
 */
export function chart({ title, note, name, draw, table, empty, summary, level = 3 }) {
  const id = `chart-${++charts}`;
  const heading = h(`h${level}`, { id }, title);
  if (empty) {
    return h('figure', { class: 'chart', 'aria-labelledby': id }, h('figcaption', {}, heading), h('p', { class: 'absent' }, empty));
  }
  const area = h('div', { class: 'area' });
  const readout = h('output', { class: 'readout', 'aria-live': 'polite' });
  let drawn = 0;
  const render = (width) => {
    if (width < 40 || Math.abs(width - drawn) < 4) return;
    drawn = width;
    const { svg, items = [] } = draw(Math.round(width));
    area.replaceChildren(svg);
    moveApart([...svg.querySelectorAll('.labels text')], [...svg.querySelectorAll('.runs circle')]);
    walkable(svg, items, readout, `${title}. ${summary ?? ''}`);
  };
  new ResizeObserver(([entry]) => render(entry.contentRect.width)).observe(area);
  const file = `ipw-${name}`;
  return h(
    'figure',
    { class: 'chart', 'aria-labelledby': id, 'data-chart': name },
    h(
      'figcaption',
      {},
      heading,
      h(
        'div',
        { class: 'tools' },
        h('button', { type: 'button', 'aria-label': `${title}: save as SVG`, onclick: () => save(`${file}.svg`, 'image/svg+xml', standalone(area.firstElementChild, title)) }, 'SVG'),
        h('button', { type: 'button', 'aria-label': `${title}: save as CSV`, onclick: () => save(`${file}.csv`, 'text/csv', csv([table.columns, ...table.rows])) }, 'CSV')
      ),
      note && h('p', { class: 'note' }, note)
    ),
    area,
    readout,
    h('details', { class: 'as-table' }, h('summary', {}, 'The same as a table'), plainTable(table, title))
  );
}

export function plainTable({ columns, rows, shown }, title) {
  const body = (shown ?? rows).slice(0, MOST_TABLE_ROWS);
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}, table` },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, body.map((row) => h('tr', {}, row.map((cell, i) => (i === 0 ? h('th', { scope: 'row' }, cellText(cell)) : h('td', {}, cellText(cell)))))))
    ),
    rows.length > body.length && h('p', { class: 'note' }, `The first ${body.length} of ${rows.length} rows; the CSV has all.`)
  );
}

function cellText(cell) {
  if (cell === null || cell === undefined) return '—';
  if (typeof cell === 'number') return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(5)));
  return String(cell);
}

// One stop of the Tab key per chart; the arrow keys go from item to item, Enter opens.
function walkable(svg, items, readout, label) {
  svg.setAttribute('role', items.length > 0 ? 'application' : 'img');
  svg.setAttribute('aria-roledescription', 'chart');
  svg.setAttribute('aria-label', items.length > 0 ? `${label} ${items.length} items: arrow keys go through them.` : label);
  for (const child of svg.children) child.setAttribute('aria-hidden', 'true');
  if (items.length === 0) return;
  svg.setAttribute('tabindex', '0');
  let current = -1;
  const go = (index) => {
    items[current]?.node.classList.remove('here');
    current = index;
    const item = items[current];
    readout.textContent = item ? item.text + (item.open ? ' — click or Enter to look closer' : '') : '';
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

// Labels that would lie on each other, or on what must be seen, move down, from the top one on.
function moveApart(labels, kept) {
  const placed = kept.map((node) => node.getBoundingClientRect());
  const boxes = labels.map((node) => ({ node, box: node.getBoundingClientRect() })).sort((a, b) => a.box.top - b.box.top);
  for (const { node, box } of boxes) {
    let shift = 0;
    for (let moved = true; moved; ) {
      const hit = placed.find((other) => box.left < other.right && other.left < box.right && box.top + shift < other.bottom && other.top < box.bottom + shift);
      moved = Boolean(hit);
      if (hit) shift = hit.bottom - box.top + 1;
    }
    placed.push({ left: box.left, right: box.right, top: box.top + shift, bottom: box.bottom + shift });
    if (shift > 0) node.setAttribute('transform', `${node.getAttribute('transform') ?? ''} translate(0,${shift})`);
  }
}

/** 1, 2 and 5 times the powers of ten in a range, or the powers alone where those were too many. */
export function logTicks(low, high, most) {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = from; power <= to; ++power) ticks.push(...steps.map((step) => Number(`${step}e${power}`)));
    const inside = ticks.filter((tick) => tick >= low && tick <= high);
    if (inside.length <= most || steps.length === 1) return inside.length > 1 ? inside : [low, high];
  }
  return [low, high];
}

// A file of its own: colours as they are in daylight, white ground.
function standalone(svg, title) {
  const copy = svg.cloneNode(true);
  const light = document.querySelector('.daylight') ?? document.body.appendChild(h('div', { class: 'daylight', hidden: true }));
  const colours = getComputedStyle(light);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('font-family', 'system-ui, sans-serif');
  copy.setAttribute('color', colours.getPropertyValue('--ink').trim());
  copy.setAttribute('fill', 'currentColor');
  for (const gone of ['tabindex', 'class']) copy.removeAttribute(gone);
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [key, value] of [['width', '100%'], ['height', '100%'], ['fill', 'white']]) ground.setAttribute(key, value);
  const name = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  name.textContent = title;
  copy.prepend(name, ground);
  return new XMLSerializer().serializeToString(copy).replace(/var\((--[\w-]+)\)/g, (_, variable) => colours.getPropertyValue(variable).trim() || 'black');
}
