# SWAT for TypeScript: an exported model in plain PyTorch. MIT license.
"""Sliding-window attention with sigmoid or softmax (SWAT, arXiv 2502.18845), as `@swat-js/models` computes it.

Query m sees the keys n with 0 <= m - n < window, and the first `swat_sinks` keys:
    logit = <query, key> / sqrt(head size) + slope * (m - n) + bias + table[m - n]
Weights are sigmoid(logit), without normalisation over the keys, or softmax over the visible keys.
"""

import inspect
import math
from dataclasses import make_dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_swat import SWATConfig

QUERIES_AT_A_TIME = 512


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)).to(x.dtype) * self.weight


class LayerScale(nn.Module):
    def __init__(self, size, value):
        super().__init__()
        self.weight = nn.Parameter(torch.full((size,), float(value)))

    def forward(self, x):
        return x * self.weight


class SWATCache:
    """What a stream remembers: for each layer the rotated keys and the values of the window and of the sinks."""

    is_compileable = False

    def __init__(self, config):
        self.layers = [None] * config.num_hidden_layers  # each (keys, values, positions)
        self.length = 0

    def get_seq_length(self, layer_idx=0):
        return self.length

    def reorder_cache(self, beam_idx):
        for i, kept in enumerate(self.layers):
            if kept is not None:
                keys, values, positions = kept
                self.layers[i] = (keys.index_select(0, beam_idx), values.index_select(0, beam_idx), positions)


def rotary_frequencies(config, length):
    """Radians per position for each pair of channels, in double precision, and the factor of both tables."""
    size = config.swat_head_dim
    pairs = torch.arange(0, size, 2, dtype=torch.float64)
    scaling = dict(config.rope_scaling or {})
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    factor = scaling.get("factor", 1.0)
    original = scaling.get("original_max_position_embeddings", config.max_position_embeddings)
    base = config.rope_theta
    if kind == "dynamic":  # NTK-aware, by the length so far
        stretch = max(1.0, length / config.max_position_embeddings)
        base = base * (factor * stretch - (factor - 1)) ** (size / (size - 2)) if stretch > 1 else base
    frequencies = base ** (-pairs / size)
    if kind in ("default", "dynamic"):
        return frequencies, 1.0
    if kind == "linear":
        return frequencies / factor, 1.0
    if kind == "dynamic-linear":
        return frequencies / max(1.0, length / original), 1.0
    if kind == "yarn":  # linear in the index of the pair

        def pair_that_turns(rotations):
            return size * math.log(original / (2 * math.pi * rotations)) / (2 * math.log(base))

        low = max(math.floor(pair_that_turns(32)), 0)
        high = min(math.ceil(pair_that_turns(1)), size - 1)
        share = (torch.arange(size // 2, dtype=torch.float64) - low) / (0.001 if low == high else high - low)
    elif kind in ("yarn-by-parts", "llama3"):  # linear in the rotations within the original length
        share = 1 - (original * frequencies / (2 * math.pi) - 1) / 31
    else:
        raise ValueError(f"rope_type {kind!r} is not known here.")
    share = share.clamp(0, 1)
    scaled = frequencies / factor * share + frequencies * (1 - share)
    mscale = scaling.get("attention_factor")
    if kind == "llama3":
        mscale = 1.0
    elif mscale is None:
        mscale = 0.1 * math.log(factor) + 1 if factor > 1 else 1.0
    return scaled, float(mscale)


def is_dynamic(config):
    scaling = config.rope_scaling or {}
    return str(scaling.get("rope_type", scaling.get("type", ""))).startswith("dynamic")


def rotate(x, positions, rotary):
    """Rotates pairs (i, i + size / 2) of x, [batch, length, heads, size], by position * frequency."""
    frequencies, mscale = rotary
    angles = positions.to("cpu", torch.float64)[:, None] * frequencies  # [length, size / 2]
    cos = (angles.cos() * mscale).to(x.device, torch.float32)[:, None]
    sin = (angles.sin() * mscale).to(x.device, torch.float32)[:, None]
    first, second = x.float().chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1).to(x.dtype)


class SWATAttention(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.config = config
        self.layer = layer
        self.window = config.window_of(layer)
        self.sinks = 0 if self.window is None else config.swat_sinks
        heads, kv_heads, size, hidden = config.num_heads, config.num_kv_heads, config.swat_head_dim, config.hidden_size
        self.q_proj = nn.Linear(hidden, heads * size, bias=config.qkv_bias)
        self.k_proj = nn.Linear(hidden, kv_heads * size, bias=config.qkv_bias)
        self.v_proj = nn.Linear(hidden, kv_heads * size, bias=config.qkv_bias)
        self.o_proj = nn.Linear(heads * size, hidden, bias=False)
        if config.qk_norm:
            self.q_norm = RMSNorm(size, 1e-5)
            self.k_norm = RMSNorm(size, 1e-5)
        if config.swat_trainable_slopes:
            self.slopes = nn.Parameter(torch.tensor(config.swat_slope_values, dtype=torch.float32))
        if config.swat_sigmoid_bias == "learned":
            self.sigmoid_bias = nn.Parameter(torch.zeros(heads))
        if config.swat_position_bias_length:
            self.learnable_bias_diagonals = nn.Parameter(torch.empty(heads, config.swat_position_bias_length))
        if config.swat_learned_sink:
            self.sink_logits = nn.Parameter(torch.zeros(heads))

    def forward(self, x, cache, rotary):
        config = self.config
        batch, length, _ = x.shape
        size = config.swat_head_dim
        past = 0 if cache is None else cache.length
        positions = torch.arange(past, past + length, device=x.device)
        queries = self.q_proj(x).view(batch, length, -1, size)
        keys = self.k_proj(x).view(batch, length, -1, size)
        values = self.v_proj(x).view(batch, length, -1, size)
        if config.qk_norm:
            queries, keys = self.q_norm(queries), self.k_norm(keys)
        to_sinks = None
        if rotary is not None:
            if self.sinks and config.swat_sink_positions == "in-cache":
                in_cache = positions.clamp(max=self.sinks + self.window - 1)
                to_sinks = rotate(queries, in_cache, rotary)
            queries, keys = rotate(queries, positions, rotary), rotate(keys, positions, rotary)

        key_positions = positions
        if cache is not None:
            if cache.layers[self.layer] is not None:
                old_keys, old_values, old_positions = cache.layers[self.layer]
                keys, values = torch.cat([old_keys, keys], 1), torch.cat([old_values, values], 1)
                key_positions = torch.cat([old_positions, positions])
            keep = torch.ones_like(key_positions, dtype=torch.bool)
            if self.window is not None:
                keep = (key_positions >= past + length - self.window + 1) | (key_positions < self.sinks)
            cache.layers[self.layer] = (keys[:, keep], values[:, keep], key_positions[keep])

        outputs = []
        for start in range(0, length, QUERIES_AT_A_TIME):
            end = min(start + QUERIES_AT_A_TIME, length)
            seen = key_positions <= positions[end - 1]
            if self.window is not None:
                seen &= (key_positions > positions[start] - self.window) | (key_positions < self.sinks)
            outputs.append(
                self.attend(
                    queries[:, start:end],
                    None if to_sinks is None else to_sinks[:, start:end],
                    keys[:, seen],
                    values[:, seen],
                    positions[start:end],
                    key_positions[seen],
                )
            )
        return self.o_proj(torch.cat(outputs, 1).reshape(batch, length, -1))

    def attend(self, queries, to_sinks, keys, values, positions, key_positions):
        """Attention of some queries to all keys that any of them sees: [batch, queries, heads, size]."""
        config = self.config
        shared = config.num_heads // config.num_kv_heads
        keys = keys.repeat_interleave(shared, 2).float()
        values = values.repeat_interleave(shared, 2)
        scale = config.swat_head_dim**-0.5
        logits = torch.einsum("bqhd,bkhd->bhqk", queries.float(), keys) * scale
        if to_sinks is not None:
            others = torch.einsum("bqhd,bkhd->bhqk", to_sinks.float(), keys) * scale
            logits = torch.where(key_positions < self.sinks, others, logits)

        distances = positions[:, None] - key_positions  # [queries, keys]
        slopes = getattr(self, "slopes", None)
        if slopes is None and config.swat_slope_values is not None:
            slopes = torch.tensor(config.swat_slope_values, device=logits.device)
        if slopes is not None:
            logits = logits + slopes.float()[:, None, None] * distances
        bias = config.swat_sigmoid_bias
        if bias == "learned":
            logits = logits + self.sigmoid_bias.float()[:, None, None]
        elif bias == "neg-log-window":
            logits = logits - math.log(self.window)
        elif bias:
            logits = logits + bias
        if config.swat_position_bias_length:
            table = F.pad(self.learnable_bias_diagonals.float(), (0, 1))  # nothing beyond its length
            logits = logits + table[:, distances.clamp(0, config.swat_position_bias_length)]

        visible = distances >= 0
        if self.window is not None:
            visible &= (distances < self.window) | (key_positions < self.sinks)
        if config.swat_activation == "sigmoid":
            weights = torch.sigmoid(logits).masked_fill(~visible, 0)
        else:
            logits = logits.masked_fill(~visible, float("-inf"))
            if config.swat_learned_sink:
                sink = self.sink_logits.float()[None, :, None, None].expand(*logits.shape[:3], 1)
                logits = torch.cat([logits, sink], -1)
            weights = logits.softmax(-1)[..., : keys.shape[1]]
        return torch.einsum("bhqk,bkhd->bqhd", weights.to(values.dtype), values)


class SWATMLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class SWATBlock(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        hidden = config.hidden_size
        self.attn_norm = RMSNorm(hidden, config.norm_eps)
        self.attn = SWATAttention(config, layer)
        self.attn_out_norm = RMSNorm(hidden, config.norm_eps) if config.swat_attn_out_norm else nn.Identity()
        self.mlp_norm = RMSNorm(hidden, config.norm_eps)
        self.mlp = SWATMLP(config)
        scale = config.swat_layer_scale
        self.attn_layer_scale = nn.Identity() if scale is None else LayerScale(hidden, scale)
        self.mlp_layer_scale = nn.Identity() if scale is None else LayerScale(hidden, scale)

    def forward(self, x, cache, rotary):
        attended = self.attn_out_norm(self.attn(self.attn_norm(x), cache, rotary))
        x = x + self.attn_layer_scale(attended)
        return x + self.mlp_layer_scale(self.mlp(self.mlp_norm(x)))


# Newer versions of transformers call the cache `cache`, older ones `past_key_values`.
_parameters = inspect.signature(GenerationMixin.prepare_inputs_for_generation).parameters
CACHE = "cache" if "cache" in _parameters else "past_key_values"
SWATOutput = make_dataclass(
    "SWATOutput",
    [(name, Any, None) for name in ("loss", "logits", "last_hidden_state", CACHE, "hidden_states")],
    bases=(ModelOutput,),
    namespace={"__module__": __name__},
)


class SWATPreTrainedModel(PreTrainedModel):
    config_class = SWATConfig
    base_model_prefix = "model"
    _no_split_modules = ["SWATBlock"]
    supports_gradient_checkpointing = False

    @classmethod
    def _supports_default_dynamic_cache(cls):
        return False  # the cache is a SWATCache

    def _init_weights(self, module):
        std = self.config.initializer_range
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=std)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, RMSNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, LayerScale):
            nn.init.constant_(module.weight, self.config.swat_layer_scale)
        elif isinstance(module, SWATAttention):
            if hasattr(module, "slopes"):
                with torch.no_grad():
                    module.slopes.copy_(torch.tensor(self.config.swat_slope_values))
            for name in ("sigmoid_bias", "sink_logits"):
                if hasattr(module, name):
                    nn.init.zeros_(getattr(module, name))
            if hasattr(module, "learnable_bias_diagonals"):
                nn.init.normal_(module.learnable_bias_diagonals, std=1e-3)


class SWATModel(SWATPreTrainedModel):
    """Embedding, blocks and the last norm."""

    def __init__(self, config):
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(SWATBlock(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.post_init()

    def get_input_embeddings(self):
        return self.embeddings

    def set_input_embeddings(self, value):
        self.embeddings = value

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        inputs_embeds=None,
        past_key_values=None,
        cache=None,
        use_cache=None,
        output_hidden_states=False,
        **kwargs,
    ):
        if attention_mask is not None and not bool(attention_mask[:, 0].all()):
            raise ValueError("SWAT has no padding before a text. Pad after it, or run texts of one length together.")
        x = self.embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        state = past_key_values if cache is None else cache
        if not isinstance(state, SWATCache):
            state = None
        if state is None and use_cache and not self.training:
            state = SWATCache(self.config)
        total = x.shape[1] + (0 if state is None else state.length)
        if state is not None and is_dynamic(self.config) and total > self.config.max_position_embeddings:
            raise ValueError("With a dynamic scaling, keys in a cache would turn with each token: pass use_cache=False.")
        rotary = rotary_frequencies(self.config, total) if self.config.swat_rope else None
        hidden_states = [x]
        for layer in self.layers:
            x = layer(x, state, rotary)
            hidden_states.append(x)
        if state is not None:
            state.length = total
        return SWATOutput(
            last_hidden_state=self.norm(x),
            hidden_states=tuple(hidden_states) if output_hidden_states else None,
            **{CACHE: state},
        )


class SWATForCausalLM(SWATPreTrainedModel, GenerationMixin):
    """The language model; `model(input_ids).logits`, `model.generate(input_ids)`."""

    _tied_weights_keys = {"lm_head.weight": "model.embeddings.weight"}

    def __init__(self, config):
        super().__init__(config)
        self.model = SWATModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self):
        return self.model.embeddings

    def set_input_embeddings(self, value):
        self.model.embeddings = value

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, value):
        self.lm_head = value

    def prepare_inputs_for_generation(
        self, input_ids, past_key_values=None, cache=None, attention_mask=None, use_cache=True, **kwargs
    ):
        state = past_key_values if cache is None else cache
        seen = state.length if isinstance(state, SWATCache) else 0
        if attention_mask is not None and not bool(attention_mask.all()):
            raise ValueError("SWAT generates texts of one length together: generate them one by one, or cut them.")
        return {"input_ids": input_ids[:, seen:], CACHE: state, "use_cache": use_cache}

    def forward(self, input_ids=None, labels=None, use_cache=None, logits_to_keep=0, **kwargs):
        use_cache = self.config.use_cache and labels is None if use_cache is None else use_cache
        outputs = self.model(input_ids, use_cache=use_cache, **kwargs)
        hidden = outputs.last_hidden_state
        logits = self.lm_head(hidden[:, -logits_to_keep:] if logits_to_keep else hidden)
        loss = None
        if labels is not None:  # label t belongs to token t, which position t - 1 predicts
            flat = logits[:, :-1].float().reshape(-1, logits.shape[-1])
            loss = F.cross_entropy(flat, labels[:, 1:].reshape(-1).to(flat.device), ignore_index=-100)
        return SWATOutput(
            loss=loss,
            logits=logits,
            hidden_states=outputs.hidden_states,
            **{CACHE: outputs[CACHE] if CACHE in outputs else None},
        )
