// Building the page: elements are made, texts are text nodes. Nothing in the data is ever markup.

/** h('p', {class: 'note', onclick: f}, 'text', element, [more], null) */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false)
  );
  return element;
}

/**
 * A table that scrolls sideways where it is too wide for the screen. The first cell of each row is
 * its heading; a cell is a text, an element, a list of them, or a <td>.
 */
export function table({ name, columns, rows, attributes = {} }) {
  const cell = (content) => (content instanceof HTMLTableCellElement ? content : h('td', {}, content));
  const head = columns.map((column) => h('th', { scope: 'col' }, column));
  const body = rows.map(([heading, ...cells]) =>
    h('tr', {}, h('th', { scope: 'row' }, heading), cells.map(cell))
  );
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name },
    h('table', attributes, h('thead', {}, h('tr', {}, head)), h('tbody', {}, body))
  );
}

/** [term, what it is] pairs; those without a value are left out. */
export function facts(entries) {
  const there = entries.filter((entry) => entry && ![null, undefined, '', false].includes(entry[1]));
  return h('dl', {}, there.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/** A text of the data that may run in either direction, with what was cut out of it. */
export function words(text) {
  if (text === null || text === undefined) return h('span', { class: 'absent' }, 'none');
  if (typeof text === 'string')
    return text === '' ? h('span', { class: 'absent' }, 'empty') : h('bdi', {}, text);
  return h(
    'bdi',
    {},
    text.head,
    h('mark', { class: 'cut' }, ` … ${text.cut.toLocaleString('en')} bytes are cut here … `),
    text.tail
  );
}

/** The same as one plain string. */
export function plain(text) {
  if (text === null || text === undefined) return '';
  return typeof text === 'string' ? text : `${text.head} … ${text.tail}`;
}

/** Hands a file to the reader; nothing leaves the machine. */
export function save(name, type, content) {
  const link = h('a', { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Rows of cells as RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe, as in `ipw export`. */
export function csv(rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return '';
    let text = String(value);
    const formula = /^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
    if (typeof value === 'string' && formula) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}
