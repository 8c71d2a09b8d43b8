"""Logits of exported models in PyTorch, compared with ours.

    pip install torch transformers safetensors
    python compute_logits.py <folder of write-folders.ts> [--fixture <file.json>] [--saved <folder>]

Compares the logits of each prompt, those through the cache (token by token, and in chunks), greedy generation with and
without it, and what is left after `save_pretrained` and loading again. `--fixture` writes PyTorch's logits for the test
that runs without Python; `--saved` keeps one model as `save_pretrained` writes it, in float32 and in bfloat16.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy
import torch
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--fixture", type=Path)
parser.add_argument("--saved", type=Path)
arguments = parser.parse_args()

torch.manual_seed(0)
torch.set_grad_enabled(False)
fixture = []
worst = {}


def load(folder, **options):
    return AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, **options).eval()


def compare(what, actual, expected):
    error = float((actual - expected).abs().max() / expected.abs().max())
    worst[what] = max(worst.get(what, 0), error)
    return error


for folder in sorted(path.parent for path in arguments.folder.glob("*/prompts.json")):
    case = json.loads((folder / "prompts.json").read_text())
    model = load(folder)
    dynamic = "dynamic" in str(model.config.rope_scaling)
    rows = []
    for i, prompt in enumerate(case["prompts"]):
        ids = torch.tensor([prompt])
        logits = model(ids, use_cache=False).logits[0]
        rows.append(logits)
        ours = torch.from_numpy(numpy.fromfile(folder / f"logits-{i}.f32", dtype=numpy.float32))
        error = compare("logits", logits, ours.view_as(logits))
        print(f"{error:.1e}  {case['name']}, {len(prompt)} tokens")
        if dynamic:
            continue
        for chunk in (1, 4, 16) if len(prompt) < 100 else (64,):
            cache, parts = {}, []
            for start in range(0, len(prompt), chunk):
                step = model(ids[:, start : start + chunk], use_cache=True, **cache)
                name = "cache" if "cache" in step else "past_key_values"
                cache, parts = {name: step[name]}, parts + [step.logits[0]]
            compare("through the cache", torch.cat(parts), logits)
        if len(prompt) >= 100:
            continue
        options = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
        whole = model.generate(ids, use_cache=False, **options)
        cached = model.generate(ids, **options)
        assert torch.equal(whole, cached), (case["name"], whole, cached)
        beams = model.generate(ids, num_beams=3, **options)
        assert beams.shape == cached.shape
    if len(case["prompts"][0]) >= 100:
        continue
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        again = load(saved)
        compare("after saving", again(torch.tensor([case["prompts"][0]])).logits[0], rows[0])
    fixture.append(
        {
            "name": case["name"],
            "seed": case["seed"],
            "logits": [[float(f"{value:.7g}") for value in row.flatten().tolist()] for row in rows],
        }
    )

print({what: f"{error:.1e}" for what, error in worst.items()})
if arguments.fixture:
    arguments.fixture.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
if arguments.saved:
    for dtype in ("float32", "bfloat16"):
        config = load(sorted(arguments.folder.iterdir())[0]).config
        fresh = AutoModelForCausalLM.from_config(config, trust_remote_code=True).to(getattr(torch, dtype)).eval()
        target = arguments.saved / dtype
        fresh.save_pretrained(target)
        # our package computes in float32 whatever a file holds
        exact = fresh.float()
        prompt = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3]
        logits = exact(torch.tensor([prompt]), use_cache=False).logits[0]
        values = [float(f"{value:.7g}") for value in logits.flatten().tolist()]
        (target / "logits.json").write_text(json.dumps({"prompt": prompt, "logits": values}) + "\n")
        for path in target.glob("*.py"):
            path.unlink()
