"""Times training of the 340M model in PyTorch, to compare with `swat bench train`.

    python3 tooling/pytorch-reference.py --precision bf16 --length 4096 --batch 2 --steps 10 [--compile]

The model is the one of `swat bench train --preset swat-340m`: 24 layers of 1,024, 16 heads of 64, SwiGLU of 2,816, tied
embeddings of 32,000 tokens, rotary positions, balanced ALiBi slopes, sigmoid over a window of 128. As in the code of the
paper's authors the window is a mask on all pairs of positions. bf16 means autocast with float32 weights.
"""

import argparse
import math
import time

import torch
import torch.nn.functional as F
from torch import nn


def slopes(heads):
    half = [2 ** (-8 * (h + 1) / (heads // 2)) for h in range(heads // 2)]
    return torch.tensor(half + [-slope for slope in half])


class Block(nn.Module):
    def __init__(self, size, heads, inner):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(size, size, bias=False) for _ in range(4))
        self.gate, self.up = (nn.Linear(size, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, size, bias=False)
        self.norm1, self.norm2 = nn.RMSNorm(size, eps=1e-6), nn.RMSNorm(size, eps=1e-6)

    def attention(self, x, cos, sin, bias, mask):
        batch, length, size = x.shape
        q, k, v = (f(x).view(batch, length, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        logits = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias.to(q.dtype)
        weights = torch.sigmoid(logits).masked_fill(mask, 0)
        return self.o((weights @ v).transpose(1, 2).reshape(batch, length, size))

    def forward(self, x, *positions):
        x = x + self.attention(self.norm1(x), *positions)
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1).to(x.dtype)


class Model(nn.Module):
    def __init__(self, vocabulary=32000, size=1024, layers=24, heads=16, inner=2816, window=128, length=4096):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(Block(size, heads, inner) for _ in range(layers))
        self.norm = nn.RMSNorm(size, eps=1e-6)
        angles = torch.outer(torch.arange(length), 10000 ** (-torch.arange(0, size // heads, 2) / (size // heads)))
        distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.register_buffer("mask", (distance < 0) | (distance >= window))
        self.register_buffer("bias", -slopes(heads)[:, None, None] * distance.clamp(0, window))

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.cos, self.sin, self.bias, self.mask)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.float().view(-1, logits.shape[-1]), targets.reshape(-1))


parser = argparse.ArgumentParser()
parser.add_argument("--precision", choices=["bf16", "float32"], default="bf16")
parser.add_argument("--length", type=int, default=4096)
parser.add_argument("--batch", type=int, default=2)
parser.add_argument("--steps", type=int, default=10)
parser.add_argument("--compile", action="store_true")
args = parser.parse_args()

torch.manual_seed(0)
model = Model(length=args.length).cuda()
step_model = torch.compile(model) if args.compile else model
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01, betas=(0.9, 0.95), fused=True)
tokens = torch.randint(32000, (args.batch, args.length + 1), device="cuda")
seconds = []
for step in range(args.steps + 3):
    torch.cuda.synchronize()
    start = time.perf_counter()
    with torch.autocast("cuda", torch.bfloat16, enabled=args.precision == "bf16"):
        loss = step_model(tokens[:, :-1], tokens[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    torch.cuda.synchronize()
    seconds.append(time.perf_counter() - start)
median = sorted(seconds[3:])[args.steps // 2]
count = sum(p.numel() for p in model.parameters())
print(
    f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}, {count:,} parameters, {args.precision}"
    f"{', compiled' if args.compile else ''}: {args.batch * args.length / median:,.0f} tokens/s, {median * 1e3:.1f} ms a step, "
    f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most, loss {loss.item():.4f}"
)
