#!/usr/bin/env python3
"""Trains a DCGAN on MNIST in PyTorch as its example does, and draws pictures on the way.

    python3 pytorch.py --data train-images-idx3-ubyte --width 16 --seed 1 \\
        --steps 500,1000,2000 --pictures 5000 --out FOLDER

After each number of steps FOLDER/STEPS has `pictures-5000.idx`, uint8 pictures of the generator in
evaluation mode (running statistics), and `state.pt`, from which a later call goes on. What is there is not
done again.

The nets are those of docs/pytorch/ganvas_dcgan.py. Everything else is PyTorch's own and shares nothing
with Ganvas: its initialisers, its random numbers, its shuffling, its optimiser, its loss.
"""

import argparse
import importlib.util
import sys
from pathlib import Path

import torch
from torch import nn

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "pytorch" / "ganvas_dcgan.py"
spec = importlib.util.spec_from_file_location("ganvas_dcgan", SCRIPT)
ganvas = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ganvas)

LOG_EVERY = 100
# Pictures are drawn by a seed of their own, so that how many there are does not change the training.
DRAWING = 1 << 32


def initialise(module):
    """The example's `weights_init`."""
    name = type(module).__name__
    if "Conv" in name:
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif "BatchNorm" in name:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Training:
    def __init__(self, arguments):
        self.batch_size, self.latent_dim = arguments.batch_size, arguments.latent_dim
        options = {
            "imageSize": 32,
            "channels": 1,
            "width": arguments.width,
            "latentDim": arguments.latent_dim,
        }
        torch.manual_seed(arguments.seed)
        self.data = ganvas.load_pictures(arguments.data, options).permute(0, 3, 1, 2).contiguous()
        self.generator = ganvas.Generator(options).apply(initialise)
        self.discriminator = ganvas.Discriminator(options).apply(initialise)
        adam = {"lr": arguments.lr, "betas": (arguments.beta1, 0.999)}
        self.optimiser_d = torch.optim.Adam(self.discriminator.parameters(), **adam)
        self.optimiser_g = torch.optim.Adam(self.generator.parameters(), **adam)
        self.cost = nn.BCEWithLogitsLoss()
        self.real_label = torch.ones(self.batch_size)
        self.fake_label = torch.zeros(self.batch_size)
        self.steps = 0
        self.rest = torch.empty(0, dtype=torch.int64)

    def parts(self):
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "optimiser_d": self.optimiser_d,
            "optimiser_g": self.optimiser_g,
        }

    def save(self, path):
        state = {name: part.state_dict() for name, part in self.parts().items()}
        state.update(steps=self.steps, rest=self.rest, random=torch.get_rng_state())
        ganvas.replace_file(path, lambda file: torch.save(state, file))

    def load(self, path):
        state = torch.load(path)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.steps, self.rest = state["steps"], state["rest"]
        torch.set_rng_state(state["random"])

    def next_batch(self):
        """Every picture once an epoch, in a new order each; an incomplete last batch is left out."""
        if len(self.rest) < self.batch_size:
            self.rest = torch.randperm(len(self.data))
        chosen, self.rest = self.rest[: self.batch_size], self.rest[self.batch_size :]
        return self.data[chosen].float() / 127.5 - 1

    def step(self):
        """The body of the example's loop."""
        self.discriminator.zero_grad()
        loss_real = self.cost(self.discriminator(self.next_batch()), self.real_label)
        loss_real.backward()
        fake = self.generator(torch.randn(self.batch_size, self.latent_dim, 1, 1))
        loss_fake = self.cost(self.discriminator(fake.detach()), self.fake_label)
        loss_fake.backward()
        self.optimiser_d.step()

        self.generator.zero_grad()
        loss_g = self.cost(self.discriminator(fake), self.real_label)
        loss_g.backward()
        self.optimiser_g.step()
        self.steps += 1
        return (loss_real + loss_fake).item(), loss_g.item()

    @torch.no_grad()
    def draw(self, count, seed):
        """uint8 [count, 32, 32]. Leaves the random numbers of the training as they are."""
        latents = torch.randn(
            count, self.latent_dim, 1, 1, generator=torch.Generator().manual_seed(seed)
        )
        self.generator.eval()
        pictures = torch.cat([self.generator(z) for z in latents.split(500)])
        self.generator.train()
        return ganvas.to_uint8((pictures + 1) * 127.5).squeeze(1)


def write_idx(path, pictures):
    header = b"\x00\x00\x08\x03" + b"".join(n.to_bytes(4, "big") for n in pictures.shape)
    data = ganvas.to_bytes(ganvas.Stored("U8", pictures))
    ganvas.replace_file(path, lambda file: file.write(header + data))


def run(arguments):
    training = Training(arguments)
    for steps in sorted(arguments.steps):
        folder = arguments.out / str(steps)
        state, pictures = folder / "state.pt", folder / f"pictures-{arguments.pictures}.idx"
        if state.exists():
            training.load(state)
        while training.steps < steps:
            loss_d, loss_g = training.step()
            if training.steps % LOG_EVERY == 0:
                losses = f"loss D {loss_d:.3f} G {loss_g:.3f}"
                print(f"step {training.steps}/{steps} | {losses}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        if not state.exists():
            training.save(state)
        if not pictures.exists():
            write_idx(pictures, training.draw(arguments.pictures, DRAWING + arguments.seed))


def counts(text):
    return [ganvas.positive(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="MNIST's training pictures, IDX")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--width", required=True, type=ganvas.positive)
    parser.add_argument("--latent-dim", type=ganvas.positive, default=64)
    parser.add_argument("--batch-size", type=ganvas.positive, default=32)
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--beta1", type=float, default=0.5)
    parser.add_argument("--steps", type=counts, default=[500, 1000, 2000])
    parser.add_argument("--pictures", type=ganvas.positive, default=5000)
    try:
        run(parser.parse_args())
    except ganvas.Refusal as refusal:
        print(f"pytorch.py: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
