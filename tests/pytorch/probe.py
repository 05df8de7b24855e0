"""What the script makes of things, number by number: for the tests that compare it with Ganvas.

    probe.py SCRIPT step CHECKPOINT DATA OUT GRADIENTS...
        into the folder OUT: of the checkpoint's state `evaluated`; of the step after it `seen`,
        `gradients`, `metrics` and the checkpoint `stepped`; and `adam`, what Adam makes of GRADIENTS
    probe.py SCRIPT refuse CHECKPOINT...
        prints why each cannot be read, as a JSON list; null where it can
    probe.py SCRIPT damage CHECKPOINT TIMES
        prints why that many damaged copies cannot be read
    probe.py SCRIPT fit PICTURES SIZES
        PICTURES has tensors named WIDTHxHEIGHT, SIZES is a JSON list of [imageSize, channels]; prints
        the bytes that each becomes as a JSON object, by `NAME to SIZExCHANNELS`
"""

import importlib.util
import json
import random
import sys
import tempfile
from pathlib import Path

import torch

script, command, *arguments = sys.argv[1:]
spec = importlib.util.spec_from_file_location("ganvas_dcgan", script)
ganvas = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ganvas)


def channels_last(pictures):
    return pictures.permute(0, 2, 3, 1)


def step(checkpoint, data, out, *gradients):
    out = Path(out)

    def write(name, tensors):
        stored = {key: ganvas.Stored("F32", value.contiguous()) for key, value in tensors.items()}
        ganvas.write_safetensors(out / f"{name}.safetensors", stored, {})

    run = ganvas.Run(checkpoint)
    options = run.options
    pictures = ganvas.load_pictures(data, options)
    run.check_data(pictures, others=False)

    shown = pictures[: options["batchSize"]].permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        run.discriminator.eval()
        logits = run.discriminator(shown)
        run.discriminator.train()
    write("evaluated", {"pictures": channels_last(run.sample()), "logits": logits})

    d_steps = range(options["dSteps"])
    latents = [run.latents(ganvas.STREAM_LATENT + i) for i in d_steps]
    if options["freshLatent"]:
        latents.append(run.latents(ganvas.STREAM_FRESH_LATENT))
    write(
        "seen",
        {f"latents.{i}": z for i, z in enumerate(latents)}
        | {f"real.{i}": channels_last(run.real(pictures, i)) for i in d_steps},
    )

    metrics = ganvas.average_metrics(run.step(pictures))
    write(
        "gradients",
        {f"{name}.{key}": p.grad for name, net in run.nets() for key, p in net.named_parameters()},
    )
    run.save(out / "stepped.safetensors")
    (out / "metrics.json").write_text(json.dumps(metrics))

    run = ganvas.Run(checkpoint)
    for path in gradients:
        given, _ = ganvas.read_safetensors(path)
        for name, net in run.nets():
            for key, p in net.named_parameters():
                p.grad = given[f"{name}.{key}"].value
        run.optimiser_d.step()
    run.optimiser_g.step()
    run.save(out / "adam.safetensors")


def why_not(path):
    try:
        ganvas.Run(path)
    except ganvas.Refusal as refusal:
        return str(refusal)
    return None


def refuse(*checkpoints):
    print(json.dumps([why_not(path) for path in checkpoints]))


def damage(checkpoint, times):
    """Anything but a refusal is an error, and ends the process."""
    whole = Path(checkpoint).read_bytes()
    header = int.from_bytes(whole[:8], "little")
    pick = random.Random(1)
    reasons = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.safetensors"
        for _ in range(int(times)):
            copy = bytearray(whole)
            for _ in range(pick.randint(1, 3)):
                copy[pick.randrange(8 + header)] = pick.choice(b'"{}[],:0919-.ae \\\xff\x00')
            if pick.random() < 0.2:
                del copy[pick.randrange(len(copy)) :]
            path.write_bytes(copy)
            reasons.append(why_not(path))
    print(json.dumps(reasons))


def fit(pictures, sizes):
    results = {}
    for name, stored in ganvas.read_safetensors(pictures)[0].items():
        for size, channels in json.loads(sizes):
            fitted = ganvas.fit(stored.value, {"imageSize": size, "channels": channels})
            results[f"{name} to {size}x{channels}"] = fitted.flatten().tolist()
    print(json.dumps(results))


{"step": step, "refuse": refuse, "damage": damage, "fit": fit}[command](*arguments)
