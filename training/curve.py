"""Draws a run's log as SVG: losses and accuracy over tokens."""
import json
import math

from training.failure import explained, write_atomically

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 360, 56, 40, 24, 56


def path(points, color):
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline fill="none" stroke="{color}" stroke-width="1.6" points="{line}"/>'


def svg(records):
    tokens = max((r["tokens"] for r in records), default=1) or 1
    x = lambda value: LEFT + (WIDTH - LEFT - RIGHT) * value / tokens
    low, high = -3, 1  # powers of ten of the loss axis
    up = lambda share: HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
    loss = lambda value: up((min(max(math.log10(max(value, 1e-9)), low), high) - low) / (high - low))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for power in range(low, high + 1):
        y = loss(10.0 ** power)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0 ** power:g}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        out.append(f'<text x="{WIDTH - RIGHT + 6}" y="{up(share) + 4:.1f}">{share:.0%}</text>')
        out.append(f'<text x="{x(share * tokens):.1f}" y="{HEIGHT - BOTTOM + 16}" '
                   f'text-anchor="middle">{share * tokens / 1e6:.3g}M</text>')
    out.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">tokens</text>')
    for i, (name, key, color, scale) in enumerate((
            ("training loss", "loss", "#888", loss), ("held-out loss", "held_out_loss", "#c33", loss),
            ("held-out accuracy (right axis)", "accuracy", "#26b", up))):
        points = [(x(r["tokens"]), scale(r[key])) for r in records if r.get(key) is not None]
        out += [path(points, color), f'<text x="{LEFT + 190 * i}" y="14" fill="{color}">{name}</text>']
    return "\n".join(out + ["</svg>", ""])


def draw(log, out):
    with explained("read", log), open(log, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    write_atomically(out, svg(records).encode())
