#!/usr/bin/env python3
"""Continues a Ganvas run in PyTorch, on one process or many, and writes what Ganvas resumes.

    python3 ganvas_dcgan.py train --checkpoint run.safetensors --data FILE_OR_FOLDER \\
        --steps 1000 --out continued.safetensors
    torchrun --nproc_per_node 2 ganvas_dcgan.py train ...        (the same arguments)
    python3 ganvas_dcgan.py sample --checkpoint continued.safetensors --out samples.png

It needs PyTorch 1.13 or newer and nothing else; folders of pictures need Pillow besides.

The nets are those of PyTorch's DCGAN example, and a step does what a step of Ganvas does: the same
batches in the same order, the same noise, the same costs, Adam from where it was. So a run goes on
as it would have gone on in the browser, up to rounding, whatever the number of processes: they share
each batch between them, and batch normalisation takes its statistics over all of it.
"""

import argparse
import copy
import gzip
import hashlib
import json
import math
import os
import struct
import sys
import tempfile
import time
import traceback
import zlib
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as dist_functional
import torch.nn as nn
import torch.nn.functional as F


class Refusal(Exception):
    """Something that cannot be done; the message is for people, and complete."""


# ---------------------------------------------------------------------------------------------
# Safetensors: 8 bytes length N, N bytes JSON header, then the tensors, little-endian, without gaps.

DTYPES = {
    "F32": (torch.float32, 4),
    "I64": (torch.int64, 8),
    "I32": (torch.int32, 4),
    "U8": (torch.uint8, 1),
    # PyTorch 1.13 has no uint32: such tensors are held as int64, see `to_bytes`.
    "U32": (torch.int64, 4),
}
MAX_HEADER = 100_000_000


class Stored:
    """A tensor of a file: its dtype there, and its value here."""

    def __init__(self, dtype, value):
        self.dtype = dtype
        self.value = value


def without_duplicates(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def is_count(value):
    return type(value) is int and value >= 0


def from_bytes(dtype, shape, raw):
    if dtype == "U32":
        flat = torch.tensor(struct.unpack(f"<{len(raw) // 4}I", raw), dtype=torch.int64)
    elif len(raw) == 0:
        flat = torch.empty(0, dtype=DTYPES[dtype][0])
    else:
        flat = torch.frombuffer(bytearray(raw), dtype=DTYPES[dtype][0])
    return flat.reshape(shape)


def to_bytes(stored):
    value = stored.value.detach().cpu().contiguous().reshape(-1)
    kind, size = DTYPES[stored.dtype]
    if stored.dtype == "U32":
        return struct.pack(f"<{value.numel()}I", *value.tolist())
    if value.dtype != kind:
        raise TypeError(f"{stored.dtype} holds {kind}, not {value.dtype}")
    raw = bytearray(value.numel() * size)
    if raw:
        torch.frombuffer(raw, dtype=kind).copy_(value)
    return bytes(raw)


def read_safetensors(path):
    """Names to `Stored`, and the metadata. Trusts nothing: a file is exactly right or refused."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}.") from None
    damaged = f"{path} is damaged or is not a safetensors file"
    if len(data) < 8:
        raise Refusal(f"{damaged}: it has {len(data)} bytes.")
    (length,) = struct.unpack_from("<Q", data)
    if length > min(MAX_HEADER, len(data) - 8):
        raise Refusal(f"{damaged}: its header is said to have {length} of {len(data)} bytes.")
    start = 8 + length
    try:
        header = json.loads(data[8:start].decode("utf-8"), object_pairs_hook=without_duplicates)
    except ValueError as error:
        raise Refusal(f"{damaged}: its header is no JSON ({error}).") from None
    if not isinstance(header, dict):
        raise Refusal(f"{damaged}: its header is no object.")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise Refusal(f"{damaged}: its metadata are not strings.")

    entries = []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise Refusal(f"{damaged}: the entry of {name} is not complete.")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if dtype not in DTYPES:
            raise Refusal(f"{path}: {name} is {dtype}; known are {', '.join(DTYPES)}.")
        if not isinstance(shape, list) or not all(map(is_count, shape)):
            raise Refusal(f"{damaged}: {name} has the shape {shape}.")
        if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(is_count, offsets)):
            raise Refusal(f"{damaged}: {name} lies at {offsets}.")
        begin, end = offsets
        if end - begin != math.prod(shape) * DTYPES[dtype][1]:
            raise Refusal(f"{damaged}: {name} has {end - begin} bytes for {dtype} {shape}.")
        entries.append((begin, end, name, dtype, shape))

    tensors = {}
    position = 0
    for begin, end, name, dtype, shape in sorted(entries, key=lambda e: e[:2]):
        if begin != position:
            raise Refusal(f"{damaged}: {name} starts at {begin}, what is before it ends at {position}.")
        if start + end > len(data):
            break
        tensors[name] = Stored(dtype, from_bytes(dtype, shape, data[start + begin : start + end]))
        position = end
    if len(tensors) != len(entries) or start + position != len(data):
        raise Refusal(f"{damaged}: it has {len(data)} bytes, which is not what its header says.")
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    """Writes beside the file and moves it into place, so that nobody ever reads half of one."""
    header = {"__metadata__": metadata}
    position = 0
    # The widest first, so that every tensor is aligned and readers may map the file.
    ordered = sorted(tensors.items(), key=lambda item: -DTYPES[item[1].dtype][1])
    for name, stored in ordered:
        end = position + stored.value.numel() * DTYPES[stored.dtype][1]
        shape = list(stored.value.shape)
        header[name] = {"dtype": stored.dtype, "shape": shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)

    def write(file):
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for _, stored in ordered:
            file.write(to_bytes(stored))

    replace_file(path, write)


def replace_file(path, write):
    path = Path(path)
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
        ) as file:
            try:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror}.") from None


# ---------------------------------------------------------------------------------------------
# The nets, as in PyTorch's DCGAN example, for 16×16 to 256×256 pictures.


def processes():
    return dist.get_world_size() if dist.is_initialized() else 1


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the whole batch, of which each process holds an equal share.

    On one process it is `BatchNorm2d`. PyTorch's SyncBatchNorm would do on CUDA, but has no CPU form.
    """

    def forward(self, x):
        if not self.training or processes() == 1:
            return super().forward(x)
        mean = average_over_processes(x.mean((0, 2, 3)))
        centred = x - mean[:, None, None]
        variance = average_over_processes(centred.square().mean((0, 2, 3)))
        with torch.no_grad():
            n = processes() * x.numel() // x.shape[1]
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return centred * scale[:, None, None] + self.bias[:, None, None]


def average_over_processes(x):
    """Differentiable: what flows back is summed over the processes too."""
    return dist_functional.all_reduce(x) / processes()


def feature_maps(options):
    """Channels double with every halving of the picture, up to 8 · width."""
    levels = int(math.log2(options["imageSize"] // 4))
    return [options["width"] * min(8, 2**i) for i in range(levels)]


class Generator(nn.Module):
    """Latents [N, latentDim, 1, 1] to pictures [N, channels, imageSize, imageSize] in (−1, 1)."""

    def __init__(self, options):
        super().__init__()
        maps = feature_maps(options)[::-1]
        layers = [nn.ConvTranspose2d(options["latentDim"], maps[0], 4, 1, 0, bias=False)]
        for before, after in zip(maps, maps[1:]):
            layers += [SharedBatchNorm2d(before), nn.ReLU(True)]
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
        layers += [SharedBatchNorm2d(maps[-1]), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(maps[-1], options["channels"], 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    """Pictures to logits [N]: the example's sigmoid is left to the loss, which is safer."""

    def __init__(self, options):
        super().__init__()
        maps = feature_maps(options)
        layers = [nn.Conv2d(options["channels"], maps[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for before, after in zip(maps, maps[1:]):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
            layers += [SharedBatchNorm2d(after), nn.LeakyReLU(0.2, True)]
        layers += [nn.Conv2d(maps[-1], 1, 4, 1, 0, bias=False)]
        self.main = nn.Sequential(*layers)

    def forward(self, x):
        return self.main(x).flatten()


class Judge(nn.Module):
    """D on real and fake pictures: one forward pass for DistributedDataParallel."""

    def __init__(self, discriminator, mixed):
        super().__init__()
        self.discriminator = discriminator
        self.mixed = mixed

    def forward(self, real, fake):
        if self.mixed:
            return self.discriminator(torch.cat([real, fake])).chunk(2)
        return self.discriminator(real), self.discriminator(fake)


def discriminator_loss(real, fake, smoothing):
    cost = F.binary_cross_entropy_with_logits
    loss_real = cost(real, torch.full_like(real, 1 - smoothing))
    return loss_real, cost(fake, torch.zeros_like(fake))


GENERATOR_LOSSES = {
    "non-saturating": lambda logits: F.softplus(-logits).mean(),
    "minimax": lambda logits: -F.softplus(logits).mean(),
    "maximum-likelihood": lambda logits: -logits.clamp(max=30).exp().mean(),
}


# ---------------------------------------------------------------------------------------------
# Random numbers and the order of pictures: functions of (seed, step), the same as in Ganvas.

MASK = 0xFFFFFFFF
GOLDEN = 0x9E3779B9
STREAM_LATENT, STREAM_FRESH_LATENT, STREAM_FLIP = 1 << 8, 1 << 16, 1 << 17


def multiply(a, b):
    """The halves of the 64-bit product of two u32, held as int64."""
    b_high, b_low = b >> 16, b & 0xFFFF
    low, middle = (a & 0xFFFF) * b_low, (a >> 16) * b_low
    carry = (a & 0xFFFF) * b_high + (low >> 16) + (middle & 0xFFFF)
    return (a >> 16) * b_high + (middle >> 16) + (carry >> 16), ((carry << 16) & MASK) | (low & 0xFFFF)


def philox(first, stream, step, last, seed):
    """Philox 4×32-10 (Salmon et al. 2011) for a tensor of first counter words."""
    c0, c1 = first, torch.full_like(first, stream)
    c2, c3 = torch.full_like(first, step), torch.full_like(first, last)
    k0, k1 = seed
    for _ in range(10):
        high0, low0 = multiply(0xD2511F53, c0)
        high1, low1 = multiply(0xCD9E8D57, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + GOLDEN) & MASK, (k1 + 0xBB67AE85) & MASK
    return torch.stack([c0, c1, c2, c3], dim=-1)


def draw_latents(options, seed, step, stream):
    """The latents of a whole batch, [batchSize, latentDim, 1, 1]."""
    n, dim = options["batchSize"], options["latentDim"]
    words = philox(torch.arange((n * dim + 3) // 4), stream, step, 0, seed)
    u = ((words >> 9).double() + 0.5) / 2**23
    if options["latent"] == "uniform":
        values = 2 * u - 1
    else:
        radius, angle = (-2 * u[:, 0::2].log()).sqrt(), 2 * math.pi * u[:, 1::2]
        values = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=-1)
    return values.flatten()[: n * dim].float().reshape(n, dim, 1, 1)


def mix(x):
    """The finaliser of MurmurHash3."""
    x = multiply(0x85EBCA6B, x ^ (x >> 16))[1]
    x = multiply(0xC2B2AE35, x ^ (x >> 13))[1]
    return x ^ (x >> 16)


def shuffled_indices(options, count, seed, step, batch):
    """Which pictures make up batch `batch` of a step: every one once an epoch, in a new order each."""
    size = options["batchSize"]
    first = ((step * options["dSteps"] + batch) * size) & MASK
    position = (first + torch.arange(size)) & MASK
    epoch = torch.div(position, count, rounding_mode="floor")
    half = 1
    while 4**half < count:
        half += 1
    low = 2**half - 1
    base = mix(torch.full_like(position, (seed[0] + GOLDEN) & MASK))
    base = mix((base + seed[1] + GOLDEN) & MASK)
    base = mix((base + epoch + GOLDEN) & MASK)
    keys = [mix((base + r * GOLDEN) & MASK) for r in range(1, 7)]
    index, outside = position % count, torch.ones_like(position, dtype=torch.bool)
    while outside.any():
        left, right = index >> half, index & low
        for key in keys:
            left, right = right, left ^ (mix(right ^ key) & low)
        index = torch.where(outside, (left << half) | right, index)
        outside = index >= count
    return index


def mirrored(options, seed, step, stream):
    words = philox(torch.arange(options["batchSize"]), stream, step, 1, seed)
    return (words[:, 0] & 1).bool()


# ---------------------------------------------------------------------------------------------
# Pictures: uint8 [N, H, W, C], made square and of the run's size exactly as Ganvas makes them.

PICTURE_NAMES = (".png", ".jpg", ".jpeg", ".webp")
CHUNK = 4096


def load_pictures(path, options):
    """The pictures of an IDX file or of a folder, as uint8 [N, imageSize, imageSize, channels]."""
    path = Path(path)
    if path.is_dir():
        return read_folder(path, options)
    if not path.is_file():
        raise Refusal(f"--data {path}: there is no such file or folder.")
    pictures = read_idx(path)
    parts = [fit(part, options) for part in pictures.split(CHUNK)]
    return torch.cat(parts)


def read_idx(path):
    """An IDX file of pictures (LeCun, Cortes and Burges), gzipped or not."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise Refusal(f"{path}: the gzipped data cannot be unpacked ({error}).") from None
    if len(raw) < 16 or raw[:4] != b"\x00\x00\x08\x03":
        raise Refusal(f"{path} is no IDX file of pictures, such as train-images-idx3-ubyte.")
    count, height, width = struct.unpack_from(">3I", raw, 4)
    if min(count, height, width) == 0 or len(raw) != 16 + count * height * width:
        raise Refusal(f"{path}: {len(raw)} bytes do not fit its header, {count} × {height} × {width}.")
    return torch.frombuffer(bytearray(raw[16:]), dtype=torch.uint8).reshape(count, height, width, 1)


def read_folder(folder, options):
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise Refusal(
            "Reading a folder of pictures needs Pillow: "
            "`pip install pillow`, or `apt-get install python3-pil` on Debian."
        ) from None
    names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    names = [name for name in names if name.lower().endswith(PICTURE_NAMES)]
    # The order decides which picture is which in a shuffle: by UTF-16, as JavaScript sorts.
    names.sort(key=lambda name: name.encode("utf-16-be"))
    pictures = []
    for name in names:
        try:
            with Image.open(folder / name) as picture:
                rgba = ImageOps.exif_transpose(picture).convert("RGBA")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            print(f"left out {name}: {error}", file=sys.stderr)
            continue
        raw = torch.frombuffer(bytearray(rgba.tobytes()), dtype=torch.uint8)
        pictures.append(fit(raw.reshape(1, rgba.height, rgba.width, 4), options))
    if not pictures:
        raise Refusal(f"--data {folder}: there are no PNG, JPEG or WebP pictures in it.")
    return torch.cat(pictures)


def fit(pictures, options):
    """Centre square, channels, then size: exact area average to shrink, bilinear to grow."""
    size, channels = options["imageSize"], options["channels"]
    _, height, width, own = pictures.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    pictures = pictures[:, top : top + side, left : left + side]
    if channels < own:
        pictures = convert_channels(pictures, channels)
    if side == 28 and size == 32:
        pictures = F.pad(pictures, (0, 0, 2, 2, 2, 2))
    elif side != size:
        pictures = resize(pictures, size)
    if channels > own:
        pictures = convert_channels(pictures, channels)
    return pictures.contiguous()


def to_uint8(x):
    return (x + 0.5).floor().clamp(0, 255).to(torch.uint8)


def convert_channels(pictures, channels):
    own = pictures.shape[3]
    if own not in (1, 3, 4) or channels not in (1, 3, 4):
        raise Refusal(f"Pictures of {own} channels cannot be turned into pictures of {channels}.")
    colours = pictures.double()
    if own == 4:
        # Transparency over white.
        colours = 255 + (colours[..., :3] - 255) * (colours[..., 3:] / 255)
    if channels == 1:
        r, g, b = colours.unbind(-1)
        return to_uint8(0.299 * r + 0.587 * g + 0.114 * b)[..., None]
    rgb = to_uint8(colours).expand(*colours.shape[:3], 3)
    if channels == 3:
        return rgb
    return torch.cat([rgb, torch.full_like(rgb[..., :1], 255)], dim=-1)


def taps(size, out_size):
    """For each place of the result, which of the input counts how much: indices and weights."""
    scale = size / out_size
    rows = []
    for i in range(out_size):
        if out_size < size:
            begin, end = i * scale, (i + 1) * scale
            first = math.floor(begin)
            last = min(size, math.ceil(end - 1e-9))
            rows.append((first, [(min(k + 1, end) - max(k, begin)) / scale for k in range(first, last)]))
        else:
            centre = min(size - 1, max(0, (i + 0.5) * scale - 0.5))
            first = min(math.floor(centre), size - 1)
            share = centre - first
            rows.append((first, [1 - share, share] if share > 0 else [1.0]))
    longest = max(len(weights) for _, weights in rows)
    index = torch.tensor([[min(first + k, size - 1) for k in range(longest)] for first, _ in rows])
    weight = torch.tensor([w + [0.0] * (longest - len(w)) for _, w in rows], dtype=torch.float64)
    return index, weight


def resize(pictures, size):
    side, channels = pictures.shape[1], pictures.shape[3]
    index, weight = taps(side, size)
    x = pictures.double()
    if channels == 4:
        # Colours are weighed by their alpha, so that the colour of transparent pixels does not bleed.
        x = torch.cat([x[..., :3] * (x[..., 3:] / 255), x[..., 3:]], dim=-1)
    # Sums in the order in which Ganvas takes them, so that even ties are rounded alike.
    wide = sum(weight[:, k, None] * x[:, :, index[:, k]] for k in range(index.shape[1]))
    result = sum(weight[:, k, None, None] * wide[:, index[:, k]] for k in range(index.shape[1]))
    if channels == 4:
        alpha = result[..., 3:] / 255
        colours = torch.where(alpha > 0, result[..., :3] / alpha, torch.zeros_like(result[..., :3]))
        result = torch.cat([colours, result[..., 3:]], dim=-1)
    return to_uint8(result)


# ---------------------------------------------------------------------------------------------
# A run: what a checkpoint holds, and how it goes on.

FORMAT = "ganvas-2"
BETA2 = 0.999
OPTIONS = {
    **dict.fromkeys(["imageSize", "channels", "width", "latentDim", "batchSize", "dSteps", "seed"], int),
    **dict.fromkeys(["lrD", "lrG", "beta1", "labelSmoothing", "ema"], float),
    **dict.fromkeys(["freshLatent", "mixedBatch", "flip"], bool),
    **dict.fromkeys(["generatorLoss", "latent"], str),
}
# What Ganvas can do and this script cannot: options of which it knows one value only. Files from before
# there were such options do not have them.
ONLY = {
    **{"objective": "original", "optimiser": "adam", "normD": "batch"},
    **dict.fromkeys(["weightDecay", "clipGradients", "clipWeights", "gradientPenalty", "r1"], 0),
    "instanceNoise": 0,
    **{"model": "dcgan", "classes": 0, "conditioning": "projection"},
    **{"augment": "none", "accumulate": 1, "spectralNormG": False},
    **{"lrSchedule": "constant", "lrSteps": 0, "lrGamma": 0.1},
}


def read_options(path, text):
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise Refusal(f"{path}: its options are no JSON object.")
    for name, value in ONLY.items():
        if options.setdefault(name, value) != value:
            raise Refusal(
                f"{path}: the option {name} is {options[name]!r}, and this script knows only {value!r}. "
                "Go on with the run in Ganvas."
            )
    for name in sorted(set(options) ^ {*OPTIONS, *ONLY}):
        problem = "is not known to this script: get the one of the Ganvas that wrote the file"
        raise Refusal(f"{path}: the option {name} {problem if name in options else 'is missing'}.")
    for name, kind in OPTIONS.items():
        value = options[name]
        fits = type(value) in (int, float) if kind is float else type(value) is kind
        if not fits:
            raise Refusal(f"{path}: the option {name} is {value!r}, not of the type {kind.__name__}.")
    ranges = {
        "imageSize": options["imageSize"] in (16, 32, 64, 128, 256),
        "channels": 1 <= options["channels"] <= 4,
        "width": options["width"] >= 1,
        "latentDim": options["latentDim"] >= 1,
        "batchSize": options["batchSize"] >= 2,
        "dSteps": options["dSteps"] >= 1,
        "beta1": 0 <= options["beta1"] < 1,
        "ema": 0 <= options["ema"] < 1,
        "generatorLoss": options["generatorLoss"] in GENERATOR_LOSSES,
        "latent": options["latent"] in ("normal", "uniform"),
    }
    for name, fits in ranges.items():
        if not fits:
            raise Refusal(f"{path}: the option {name} is {options[name]!r}, which is not supported.")
    return options


class Run:
    """The nets, their optimisers and counters out of a checkpoint, ready to train or to sample."""

    def __init__(self, path, device="cpu", **changes):
        self.device = torch.device(device)
        self.tensors, self.metadata = read_safetensors(path)
        self.path = path
        if self.metadata.get("format") != FORMAT:
            raise Refusal(
                f"{path} is no checkpoint of Ganvas in the format {FORMAT}: "
                f"its format is {self.metadata.get('format')!r}."
            )
        self.options = read_options(path, self.metadata.get("options", ""))
        self.options.update({name: value for name, value in changes.items() if value is not None})

        self.unread = set(self.tensors)
        *seed, self.step_count, _ = self.take("state", "U32", [4]).tolist()
        self.seed = tuple(seed)
        self.generator = Generator(self.options)
        self.discriminator = Discriminator(self.options)
        for name, net in self.nets():
            values = net.state_dict()
            for key, like in values.items():
                dtype = "I64" if like.dtype == torch.int64 else "F32"
                values[key] = self.take(f"{name}.{key}", dtype, list(like.shape))
            net.load_state_dict(values)
            net.to(self.device).train()
        d_steps = self.options["dSteps"]
        self.optimiser_d = self.read_adam(
            "discriminator", self.discriminator, self.options["lrD"], self.step_count * d_steps
        )
        self.optimiser_g = self.read_adam(
            "generator", self.generator, self.options["lrG"], self.step_count
        )
        self.average, self.average_correction = {}, 0.0
        if self.options["ema"] > 0:
            for key, p in self.generator.named_parameters():
                value = self.take(f"ema.generator.{key}", "F32", list(p.shape))
                self.average[key] = value.to(self.device)
            self.average_correction = self.take("ema.generator.correction", "F32", [1]).item()
        dim = self.options["latentDim"]
        latents = self.tensors.get("samples.latents")
        rows = latents.value.numel() // dim if latents else 1
        self.sample_latents = self.take("samples.latents", "F32", [rows, dim])
        if self.unread:
            raise Refusal(
                f"{path} holds {', '.join(sorted(self.unread))}, which this script does not know: "
                "get the one of the Ganvas that wrote the file."
            )

        self.rank = dist.get_rank() if dist.is_initialized() else 0
        batch = self.options["batchSize"]
        if batch % processes() != 0:
            raise Refusal(
                f"A batch of {batch} cannot be shared equally by {processes()} processes: "
                "give another --batch-size or another number of processes."
            )
        self.share = slice(self.rank * batch // processes(), (self.rank + 1) * batch // processes())
        self.judge = self.parallel(Judge(self.discriminator, self.options["mixedBatch"]))
        self.parallel_generator = self.parallel(self.generator)

    def nets(self):
        return [("generator", self.generator), ("discriminator", self.discriminator)]

    def parallel(self, module):
        if processes() == 1:
            return module
        # Running statistics are equal everywhere already, see `SharedBatchNorm2d`.
        return nn.parallel.DistributedDataParallel(module, broadcast_buffers=False)

    def take(self, name, dtype, shape):
        stored = self.tensors.get(name)
        if stored is None:
            raise Refusal(f"{self.path} lacks {name}, which its options promise.")
        if stored.dtype != dtype or list(stored.value.shape) != shape:
            found = f"{stored.dtype} {list(stored.value.shape)}"
            raise Refusal(f"{self.path}: {name} is {found}, where its options say {dtype} {shape}.")
        self.unread.remove(name)
        return stored.value

    def read_adam(self, name, net, lr, updates):
        """torch.optim.Adam after so many updates, with the file's moments.

        Ganvas keeps 1 − β₁ᵗ and 1 − β₂ᵗ, PyTorch t. Rounded to float32 they tell t only while it is
        small, so t is counted, and they must agree with it.
        """
        beta1 = self.options["beta1"]
        corrections = self.take(f"adam.{name}.corrections", "F32", [2]).tolist()
        for found, beta in zip(corrections, (beta1, BETA2)):
            if abs(found - (1 - beta**updates)) > 1e-3:
                raise Refusal(
                    f"{self.path}: Adam's bias corrections of the {name} are {corrections}, which is "
                    f"not what {updates} updates leave."
                )
        optimiser = torch.optim.Adam(net.parameters(), lr=lr, betas=(beta1, BETA2), eps=1e-8)
        for key, p in net.named_parameters():
            m, v = (self.take(f"adam.{name}.{part}.{key}", "F32", list(p.shape)) for part in "mv")
            optimiser.state[p] = {
                "step": torch.tensor(float(updates)),
                "exp_avg": m.clone().to(self.device),
                "exp_avg_sq": v.clone().to(self.device),
            }
        return optimiser

    def check_data(self, pictures, others):
        """Refuses pictures that are not the run's, unless asked to go on with others."""
        if "data" not in self.metadata:
            return
        digest = hashlib.sha256(to_bytes(Stored("U8", pictures))).hexdigest()
        try:
            data = json.loads(self.metadata["data"])
            count, same = data["count"], data["digest"] == digest
        except (ValueError, KeyError, TypeError):
            raise Refusal(f"{self.path}: what it says of its data is damaged.") from None
        if same:
            return
        if not others:
            raise Refusal(
                f"These {len(pictures)} pictures are not the {count} that the run was trained on. "
                "Where photographs are decoded a little differently than in a browser, or others are "
                "meant, give --other-data."
            )
        # What Ganvas would hold the pictures against when it resumes is no longer true.
        del self.metadata["data"]

    def latents(self, stream):
        drawn = draw_latents(self.options, self.seed, self.step_count, stream)
        return drawn[self.share].to(self.device)

    def real(self, pictures, batch):
        index = shuffled_indices(self.options, len(pictures), self.seed, self.step_count, batch)
        chosen = pictures[index[self.share]]
        if self.options["flip"]:
            flip = mirrored(self.options, self.seed, self.step_count, STREAM_FLIP + batch)
            chosen = torch.where(flip[self.share][:, None, None, None], chosen.flip(2), chosen)
        chosen = chosen.permute(0, 3, 1, 2).contiguous().to(self.device)
        return chosen.float() / 127.5 - 1

    def step(self, pictures):
        """One step of Ganvas: `dSteps` updates of D, then one of G. Metrics of this process's share."""
        options = self.options
        metrics = {}
        for batch in range(options["dSteps"]):
            real, z = self.real(pictures, batch), self.latents(STREAM_LATENT + batch)
            if batch == options["dSteps"] - 1 and not options["freshLatent"]:
                # Its graph is kept: these pictures serve G's update too.
                fake = self.parallel_generator(z)
            else:
                with torch.no_grad():
                    fake = self.generator(z)
            logits_real, logits_fake = self.judge(real, fake.detach())
            loss_real, loss_fake = discriminator_loss(
                logits_real, logits_fake, options["labelSmoothing"]
            )
            loss = loss_real + loss_fake
            self.update(self.optimiser_d, loss)
            metrics.update(lossD=loss, lossDReal=loss_real, lossDFake=loss_fake)
            metrics.update(dReal=logits_real.sigmoid().mean(), dFake=logits_fake.sigmoid().mean())
            metrics.update(gradNormD=gradient_norm(self.discriminator))

        if options["freshLatent"]:
            fake = self.parallel_generator(self.latents(STREAM_FRESH_LATENT))
        # D's parameters get no gradient here, and no process waits for one.
        self.discriminator.requires_grad_(False)
        logits = self.discriminator(fake)
        loss = GENERATOR_LOSSES[options["generatorLoss"]](logits)
        self.update(self.optimiser_g, loss)
        self.discriminator.requires_grad_(True)
        metrics.update(lossG=loss, dFakeAfter=logits.sigmoid().mean())
        metrics.update(gradNormG=gradient_norm(self.generator))

        if options["ema"] > 0:
            self.update_average()
        self.step_count += 1
        return {name: value.detach() for name, value in metrics.items()}

    def update(self, optimiser, loss):
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    @torch.no_grad()
    def update_average(self):
        """With c_t = 1 − decayᵗ, e ← e + (p − e)·(1 − decay)/c_t: the first average is p itself."""
        rest = 1 - self.options["ema"]
        self.average_correction += (1 - self.average_correction) * rest
        for key, p in self.generator.named_parameters():
            self.average[key].lerp_(p, rest / self.average_correction)

    @torch.no_grad()
    def sample(self):
        """Pictures of the run's own latents: running statistics, and averaged weights if it has them."""
        generator = copy.deepcopy(self.generator).eval()
        for key, p in generator.named_parameters():
            p.copy_(self.average.get(key, p))
        return generator(self.sample_latents[:, :, None, None].to(self.device))

    def checkpoint(self):
        """Tensors and metadata as Ganvas writes them; what this script does not change stays."""
        tensors = dict(self.tensors)

        def put(name, value, dtype="F32"):
            tensors[name] = Stored(dtype, value)

        put("state", torch.tensor([*self.seed, self.step_count, 0]), "U32")
        optimisers = {"generator": self.optimiser_g, "discriminator": self.optimiser_d}
        for name, net in self.nets():
            for key, value in net.state_dict().items():
                put(f"{name}.{key}", value, "I64" if value.dtype == torch.int64 else "F32")
            for key, p in net.named_parameters():
                state = optimisers[name].state[p]
                put(f"adam.{name}.m.{key}", state["exp_avg"])
                put(f"adam.{name}.v.{key}", state["exp_avg_sq"])
            updates = float(state["step"])
            betas = (self.options["beta1"], BETA2)
            put(f"adam.{name}.corrections", torch.tensor([1 - beta**updates for beta in betas]))
        for key, value in self.average.items():
            put(f"ema.generator.{key}", value)
        if self.average:
            put("ema.generator.correction", torch.tensor([self.average_correction]))
        options = json.dumps(self.options, separators=(",", ":"))
        return tensors, {**self.metadata, "options": options, "step": str(self.step_count)}

    def save(self, path):
        """Written by the first process. Returns how far apart the processes' numbers are."""
        tensors, metadata = self.checkpoint()
        apart = largest_difference(tensors)
        if self.rank == 0:
            write_safetensors(path, tensors, metadata)
        return apart


def gradient_norm(net):
    return torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in net.parameters()]))


def largest_difference(tensors):
    if processes() == 1:
        return 0.0
    largest = 0.0
    for stored in tensors.values():
        highest, lowest = stored.value.clone(), stored.value.clone()
        dist.all_reduce(highest, dist.ReduceOp.MAX)
        dist.all_reduce(lowest, dist.ReduceOp.MIN)
        largest = max(largest, (highest - lowest).abs().max().item())
    return largest


def average_metrics(metrics):
    """Over processes; not finite means that training has broken down."""
    values = torch.stack([value.float() for value in metrics.values()])
    if processes() > 1:
        dist.all_reduce(values)
        values /= processes()
    return dict(zip(metrics, values.tolist()))


# ---------------------------------------------------------------------------------------------
# Commands.


def choose_device(name):
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device("cpu")
    local = int(os.environ.get("LOCAL_RANK", 0))
    if local >= torch.cuda.device_count():
        raise Refusal(
            f"Process {local} of this machine finds {torch.cuda.device_count()} CUDA devices: "
            "start as many processes as there are, or give --device cpu."
        )
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def train(arguments):
    device = choose_device(arguments.device)
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    changes = {"batchSize": arguments.batch_size, "lrD": arguments.lr_d, "lrG": arguments.lr_g}
    run = Run(arguments.checkpoint, device, **changes)
    pictures = load_pictures(arguments.data, run.options)
    run.check_data(pictures, arguments.other_data)
    say = print if run.rank == 0 else lambda *_, **__: None
    say(
        f"step {run.step_count} of {arguments.checkpoint}: {len(pictures)} pictures, "
        f"batches of {run.options['batchSize']} on {processes()} × {device.type}",
        flush=True,
    )
    last = run.step_count + arguments.steps
    logged, begun = run.step_count, time.monotonic()
    while run.step_count < last:
        metrics = run.step(pictures)
        at = run.step_count
        save = at == last or at % arguments.save_every == 0
        if not (save or at % arguments.log_every == 0):
            continue
        values = average_metrics(metrics)
        ms = (time.monotonic() - begun) * 1000 / (at - logged)
        say(
            f"step {at}: loss D {values['lossD']:.6f}, loss G {values['lossG']:.6f}, "
            f"D(x) {values['dReal']:.3f}, D(G(z)) {values['dFake']:.3f}, {ms:.1f} ms a step",
            flush=True,
        )
        if not all(map(math.isfinite, values.values())):
            raise Refusal(f"Training broke down before step {at}: its numbers are not finite.")
        if save:
            apart = run.save(arguments.out)
            together = f"; {processes()} processes agree to within {apart:g}"
            say(f"wrote {arguments.out}{together if processes() > 1 else ''}", flush=True)
        logged, begun = at, time.monotonic()


COLUMNS = 8
PADDING = 2


def encode_png(pixels):
    """PNG of uint8 [H, W, 1 to 4]: grey, grey and alpha, RGB, RGBA."""
    height, width, channels = pixels.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = pixels.reshape(height, width * channels)
    # Each row starts with the number of its filter: 0, none.
    filtered = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), rows], dim=1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 8, colour_type, 0, 0, 0)
    data = zlib.compress(to_bytes(Stored("U8", filtered)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def sample(arguments):
    run = Run(arguments.checkpoint, choose_device(arguments.device))
    pictures = to_uint8((run.sample().cpu() + 1) * 127.5).permute(0, 2, 3, 1)
    count, size, _, channels = pictures.shape
    columns = min(COLUMNS, count)
    cell = size + PADDING
    shape = (-(-count // columns) * cell + PADDING, columns * cell + PADDING, channels)
    grid = torch.zeros(shape, dtype=torch.uint8)
    if channels in (2, 4):
        grid[..., -1] = 255
    for i, picture in enumerate(pictures):
        top, left = PADDING + i // columns * cell, PADDING + i % columns * cell
        grid[top : top + size, left : left + size] = picture
    replace_file(arguments.out, lambda file: file.write(encode_png(grid)))
    print(f"wrote {arguments.out}: {count} pictures of step {run.step_count}")


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="ganvas_dcgan.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="train | sample")
    devices = ("auto", "cpu", "cuda")

    command = commands.add_parser("train", help="go on with a run; also under torchrun")
    command.add_argument("--checkpoint", required=True, help="a checkpoint that Ganvas or this wrote")
    command.add_argument("--data", required=True, help="IDX file or folder: the run's own pictures")
    command.add_argument("--steps", required=True, type=positive, help="steps to do")
    command.add_argument("--out", required=True, help="the new checkpoint")
    command.add_argument("--other-data", action="store_true", help="take other pictures than the run's")
    command.add_argument("--batch-size", type=positive, help="over all processes; the run's own if not given")
    command.add_argument("--lr-d", type=float, help="learning rate of D; the run's own if not given")
    command.add_argument("--lr-g", type=float, help="learning rate of G; the run's own if not given")
    command.add_argument("--save-every", type=positive, default=1000, help="steps; %(default)s if not given")
    command.add_argument("--log-every", type=positive, default=50, help="steps; %(default)s if not given")
    command.add_argument("--device", choices=devices, default="auto")
    command.set_defaults(command=train)

    command = commands.add_parser("sample", help="draw pictures of the run's own latents as PNG")
    command.add_argument("--checkpoint", required=True)
    command.add_argument("--out", required=True, help="the PNG file")
    command.add_argument("--device", choices=devices, default="auto")
    command.set_defaults(command=sample)
    return parser.parse_args(argv)


def main():
    arguments = parse(sys.argv[1:])
    code = 1
    try:
        arguments.command(arguments)
        code = 0
    except Refusal as refusal:
        process = f"process {os.environ['RANK']}: " if "RANK" in os.environ else ""
        print(f"ganvas_dcgan.py: {process}{refusal}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    if dist.is_initialized():
        # Gloo's threads free tensors, for which they need Python's lock; taking the group down in order
        # waits for them while it holds that lock. PyTorch 1.13 was seen to hang there, its work done.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
