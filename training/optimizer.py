"""Muon for the matrices of the layers, AdamW for the rest, over flat vectors; and the learning rate's
course.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) replaces the momentum of a matrix
by the nearest matrix whose singular values are about one, found by Newton-Schulz iteration, and
learns several times as much from a token as AdamW here (docs/adr/0007-training-toolkit.md). The factor
0.2·sqrt(longer side) gives its updates the size of AdamW's, so that one rate serves both (Liu et al.
2025, arXiv:2502.16982).

All weights live in one tensor and all gradients in another, so that processes that train together
exchange one vector, and a step is few operations whatever the number of layers.
"""
import torch

ADAM_BETAS = 0.9, 0.98
MOMENTUM = 0.95
DECAY = 0.01   # of the weights of matrices, times the rate, each step
DELTA = 1e-8
CLIP = 1.0     # of the gradient's norm
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonal(x):
    """For matrices (…, short, long): about U·V of their singular value decompositions U·S·V."""
    a, b, c = NEWTON_SCHULZ
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-12)
    for _ in range(ITERATIONS):
        square = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x


class Optimizer:
    def __init__(self, model):
        """`model.matrices()` are those of the layers. The model's weights and gradients become views
        of this object's."""
        inner = dict(model.matrices())
        outer = [p for p in model.parameters() if p not in inner]
        outer.sort(key=lambda p: p.dim() == 1)  # gains last: they do not decay
        device = outer[0].device
        self.split = sum(p.numel() for p in outer)
        self.decaying = sum(p.numel() for p in outer if p.dim() > 1)
        size = self.split + sum(p.numel() for p in inner)
        self.weights, self.gradient, self.mean = (torch.zeros(size, device=device) for _ in range(3))
        self.square = torch.zeros(self.split, device=device)
        self.steps = 0
        self.stacks = {}  # (rows, columns) -> slices of the flat vectors
        first = 0
        for p in (*outer, *inner):
            part = slice(first, first + p.numel())
            self.weights[part] = p.data.flatten()
            p.data = self.weights[part].view_as(p)
            p.grad = self.gradient[part].view_as(p)
            rows = p.shape[0] // inner.get(p, 1)
            for begin in range(first, part.stop, rows * p.shape[-1]) if p in inner else ():
                self.stacks.setdefault((rows, p.shape[1]), []).append(
                    slice(begin, begin + rows * p.shape[1]))
            first = part.stop

    def step(self, rate):
        """One update; the gradient is zero afterwards. Returns its norm before clipping."""
        self.steps += 1
        norm = float(self.gradient.norm())
        if norm > CLIP:
            self.gradient.mul_(CLIP / norm)
        self._adam(rate)
        self._muon(rate)
        self.gradient.zero_()
        return norm

    def _adam(self, rate):
        beta1, beta2 = ADAM_BETAS
        gradient, mean = self.gradient[:self.split], self.mean[:self.split]
        mean.lerp_(gradient, 1 - beta1)
        self.square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        spread = (self.square / (1 - beta2 ** self.steps)).sqrt_().add_(DELTA)
        self.weights[:self.decaying].mul_(1 - rate * DECAY)
        self.weights[:self.split].addcdiv_(mean, spread, value=-rate / (1 - beta1 ** self.steps))

    def _muon(self, rate):
        gradient, mean = self.gradient[self.split:], self.mean[self.split:]
        mean.lerp_(gradient, 1 - MOMENTUM)
        gradient.lerp_(mean, MOMENTUM)  # Nesterov's
        self.weights[self.split:].mul_(1 - rate * DECAY)
        for (rows, columns), parts in self.stacks.items():
            x = torch.stack([self.gradient[part].view(rows, columns) for part in parts])
            update = (orthogonal(x) if rows <= columns else
                      orthogonal(x.transpose(1, 2).contiguous()).transpose(1, 2))
            size = -rate * 0.2 * max(rows, columns) ** 0.5
            for part, each in zip(parts, update):
                self.weights[part].view(rows, columns).add_(each, alpha=size)

    def state(self):
        return {"steps": self.steps, "mean": self.mean.cpu(), "square": self.square.cpu()}

    def restore(self, state):
        self.steps = int(state["steps"])
        self.mean.copy_(state["mean"])
        self.square.copy_(state["square"])


def rate_factor(step, done, warm_up=50, decay=0.2):
    """Warm-up over the first steps, then constant, then linear to zero over the last `decay` of the
    budget, of which `done` (0 to 1) is spent."""
    factor = min(1.0, (step + 1) / warm_up)
    return factor if done < 1 - decay else factor * max(0.0, (1 - done) / decay)
