"""PyTorch's side of the benchmark: its DCGAN example, eager, float32.

Called with a problem (a safetensors file), the device, whether TF32 is on, and the model's sizes;
answers a line of JSON to each line on standard input: `start`, or `turn N`.
"""

import json
import math
import struct
import sys
import time

import torch
from torch import nn

problem_path, device_name, tf32, sizes = sys.argv[1:5]
model = json.loads(sizes)
device = torch.device(device_name)
cuda = device.type == "cuda"
torch.backends.cuda.matmul.allow_tf32 = tf32 == "tf32"
torch.backends.cudnn.allow_tf32 = tf32 == "tf32"
torch.backends.cudnn.benchmark = True


def read_problem(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


problem = read_problem(problem_path)


def hidden_maps():
    levels = int(math.log2(model["imageSize"] / 4))
    return [model["width"] * min(8, 2**i) for i in range(levels)]


def generator():
    maps = hidden_maps()[::-1]
    layers = [
        nn.ConvTranspose2d(model["latentDim"], maps[0], 4, 1, 0, bias=False),
        nn.BatchNorm2d(maps[0]),
        nn.ReLU(True),
    ]
    for before, after in zip(maps, maps[1:]):
        layers += [
            nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(True),
        ]
    return nn.Sequential(
        *layers, nn.ConvTranspose2d(maps[-1], model["channels"], 4, 2, 1, bias=False), nn.Tanh()
    )


def discriminator():
    maps = hidden_maps()
    layers = [
        nn.Conv2d(model["channels"], maps[0], 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    for before, after in zip(maps, maps[1:]):
        layers += [
            nn.Conv2d(before, after, 4, 2, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(maps[-1], 1, 4, 1, 0, bias=False))


def load(net, name):
    """Kernels [KH, KW, in, out] (of G [KH, KW, out, in]) become PyTorch's [out, in, KH, KW]."""
    with torch.no_grad():
        for key, parameter in net.named_parameters():
            given = problem[f"{name}.main.{key}"]
            parameter.copy_(given.permute(3, 2, 0, 1) if given.dim() == 4 else given)
    return net.to(device)


def flat(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()]).cpu()


class Training:
    def __init__(self):
        self.g = load(generator(), "generator")
        self.d = load(discriminator(), "discriminator")
        adam = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}
        self.adam_g = torch.optim.Adam(self.g.parameters(), **adam)
        self.adam_d = torch.optim.Adam(self.d.parameters(), **adam)
        self.loss = nn.BCEWithLogitsLoss()
        self.z = problem["z"].reshape(model["batchSize"], -1, 1, 1).to(device)
        self.real = problem["real"].permute(0, 3, 1, 2).contiguous().to(device)
        self.ones = torch.ones(model["batchSize"], device=device)
        self.zeros = torch.zeros(model["batchSize"], device=device)

    def step(self):
        self.adam_d.zero_grad(set_to_none=True)
        loss_real = self.loss(self.d(self.real).reshape(-1), self.ones)
        loss_real.backward()
        fake = self.g(self.z)
        loss_fake = self.loss(self.d(fake.detach()).reshape(-1), self.zeros)
        loss_fake.backward()
        self.adam_d.step()
        self.adam_g.zero_grad(set_to_none=True)
        # D's weight gradients are of no use here.
        for p in self.d.parameters():
            p.requires_grad_(False)
        loss_g = self.loss(self.d(fake).reshape(-1), self.ones)
        loss_g.backward()
        for p in self.d.parameters():
            p.requires_grad_(True)
        self.adam_g.step()
        return loss_real.detach() + loss_fake.detach(), loss_g.detach()

    def run(self, steps):
        for _ in range(steps):
            loss_d, loss_g = self.step()
        losses = {"lossD": loss_d.item(), "lossG": loss_g.item()}
        if cuda:
            torch.cuda.synchronize()
        return losses


def rms(before, after):
    return ((after - before).double() ** 2).mean().sqrt().item()


def start():
    global training
    if cuda:
        torch.zeros(1, device=device)
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    begun = time.perf_counter()
    training = Training()
    made = time.perf_counter() - begun
    before = flat(training.g), flat(training.d)
    resumed = time.perf_counter()
    losses = training.run(1)
    first = made + time.perf_counter() - resumed
    return {
        "firstStepMs": 1000 * first,
        "losses": losses,
        "change": {
            "generator": rms(before[0], flat(training.g)),
            "discriminator": rms(before[1], flat(training.d)),
        },
        "dataBytes": 0,
    }


def turn(steps):
    begun = time.perf_counter()
    losses = training.run(steps)
    ms = 1000 * (time.perf_counter() - begun)
    peak = {"peakBytes": torch.cuda.max_memory_allocated()} if cuda else {}
    return {"steps": steps, "ms": ms, "losses": losses, **peak}


for line in sys.stdin:
    command, *arguments = line.split()
    answer = start() if command == "start" else turn(int(arguments[0]))
    print(json.dumps(answer), flush=True)
