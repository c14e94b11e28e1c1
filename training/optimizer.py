"""AdamW over one flat vector, and the learning rate's course.

All weights live in one tensor and all gradients in another, so that a step is a dozen operations
whatever the number of layers, and processes that train together exchange one vector.
"""
import torch

BETA1, BETA2, DECAY, DELTA, CLIP = 0.9, 0.98, 0.01, 1e-8, 1.0


class AdamW:
    def __init__(self, model):
        named = sorted(model.named_parameters(), key=lambda item: item[1].dim() == 1)  # matrices first
        self.matrices = sum(p.numel() for _, p in named if p.dim() > 1)
        size = sum(p.numel() for _, p in named)
        device = next(model.parameters()).device
        self.weights, self.gradient, self.mean, self.square = (
            torch.zeros(size, device=device) for _ in range(4))
        self.steps = 0
        first = 0
        for _, p in named:
            part = slice(first, first + p.numel())
            self.weights[part] = p.data.flatten()
            p.data = self.weights[part].view_as(p)
            p.grad = self.gradient[part].view_as(p)
            first += p.numel()

    def step(self, rate):
        """Returns the gradient's norm before clipping."""
        self.steps += 1
        norm = float(self.gradient.norm())
        if norm > CLIP:
            self.gradient.mul_(CLIP / norm)
        self.mean.lerp_(self.gradient, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(self.gradient, self.gradient, value=1 - BETA2)
        spread = (self.square / (1 - BETA2 ** self.steps)).sqrt_().add_(DELTA)
        self.weights[:self.matrices].mul_(1 - rate * DECAY)
        self.weights.addcdiv_(self.mean, spread, value=-rate / (1 - BETA1 ** self.steps))
        self.gradient.zero_()
        return norm

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
