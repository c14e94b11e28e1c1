// Numbers as the terminal shows them: three significant digits, SI prefixes for J, W and s.

const SCALES = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'µ'],
  [1e-9, 'n'],
];

export function digits(exact, significant = 3) {
  const value = Number(exact.toPrecision(significant)); // 999.9 has four digits before the point
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-4) return value.toExponential(significant - 1);
  const whole = Math.floor(Math.log10(size)) + 1;
  return value.toFixed(Math.min(Math.max(significant - whole, 0), 6));
}

/** "12.3 mJ"; "—" where there is no number. */
export function quantity(value, unit = '') {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  if (!/^[JWs]/.test(unit)) return digits(value) + (unit && unit !== '1' ? ` ${unit}` : '');
  const size = Math.abs(Number(value.toPrecision(3)));
  const [factor, prefix] =
    size === 0 ? [1, ''] : (SCALES.find(([factor]) => size >= factor) ?? SCALES.at(-1));
  return `${digits(value / factor)} ${prefix}${unit}`;
}

/** Seconds as people say them: "1.28 s", "12.4 min", "24.0 h". */
export function span(seconds) {
  if (seconds === null || !Number.isFinite(seconds) || Math.abs(seconds) < 120)
    return quantity(seconds, 's');
  const [factor, name] = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ].find(([factor]) => Math.abs(seconds) >= 2 * factor) ?? [60, 'min'];
  return `${digits(seconds / factor)} ${name}`;
}

/** For axes: as short as it goes. */
export function tick(unit) {
  return (value) => {
    const text = unit === 'time' ? span(value) : quantity(value, unit);
    return text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
  };
}

export const records = (number) => `${count(number)} ${number === 1 ? 'record' : 'records'}`;
export const count = (value) => (value === null ? '—' : Number(value).toLocaleString('en'));
export const percent = (share) => `${digits(100 * share)} %`;

export function bytes(value) {
  if (!value) return '—';
  const [factor, name] = [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
    [1, 'bytes'],
  ].find(([factor]) => value >= factor);
  return `${digits(value / factor)} ${name}`;
}

/** Marks that no figure goes without: where it comes from, and whether it is above idle only. */
export const SIGNS = { measured: '', estimated: '≈', published: '°', mixed: '±' };
