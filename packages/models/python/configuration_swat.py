# SWAT for TypeScript: the configuration of an exported model. MIT license.
"""Configuration of a SWAT language model, as `@swat-js/models` writes it (see `modeling_swat.py`)."""

from transformers import PretrainedConfig


class SWATConfig(PretrainedConfig):
    """What `config.json` of a SWAT model holds: the official keys, and our own, which begin with `swat_`."""

    model_type = "swat"
    keys_to_ignore_at_inference = ["past_key_values", "cache"]

    def __init__(
        self,
        vocab_size=32000,
        hidden_size=2048,
        num_hidden_layers=24,
        num_heads=32,
        num_kv_heads=None,
        intermediate_size=None,
        hidden_ratio=4,
        window_size=None,
        rope_theta=10000.0,
        rope_scaling=None,
        max_position_embeddings=2048,
        qkv_bias=False,
        qk_norm=False,
        norm_eps=1e-6,
        initializer_range=0.02,
        use_cache=True,
        tie_word_embeddings=False,
        swat_mixer="attention",
        swat_activation="sigmoid",  # or "softmax"
        swat_windows=None,  # a pattern of windows over the layers, begun again when it ends
        swat_slopes="swat-+",  # how the slopes were made
        swat_slope_values=None,  # the slopes: one for each head, added as slope * (query - key)
        swat_trainable_slopes=False,
        swat_sigmoid_bias=0,  # a number, "neg-log-window" or "learned"
        swat_position_bias_length=None,
        swat_sinks=0,
        swat_sink_positions="absolute",  # or "in-cache"
        swat_learned_sink=False,
        swat_layer_scale=None,
        swat_attn_out_norm=False,
        swat_rope=True,
        swat_head_dim=None,
        **kwargs,
    ):
        if swat_mixer != "attention":
            raise ValueError(f"swat_mixer must be 'attention', but is {swat_mixer!r}: recurrences run in @swat-js/models.")
        if swat_slope_values is None and swat_slopes != "none":
            if not isinstance(swat_slopes, (list, tuple)):
                raise ValueError(f"swat_slope_values is missing for swat_slopes {swat_slopes!r}. Export the model again.")
            swat_slope_values = swat_slopes
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_heads = num_heads
        self.num_kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        if intermediate_size is None:
            intermediate_size = 256 * (-(-int(hidden_size * hidden_ratio * 2 / 3) // 256))
        self.intermediate_size = intermediate_size
        self.hidden_ratio = hidden_ratio
        self.window_size = window_size
        self.rope_theta = rope_theta
        self.rope_scaling = rope_scaling
        self.max_position_embeddings = max_position_embeddings
        self.qkv_bias = qkv_bias
        self.qk_norm = qk_norm
        self.norm_eps = norm_eps
        self.initializer_range = initializer_range
        self.use_cache = use_cache
        self.swat_mixer = swat_mixer
        self.swat_activation = swat_activation
        self.swat_windows = swat_windows
        self.swat_slopes = swat_slopes
        self.swat_slope_values = swat_slope_values
        self.swat_trainable_slopes = swat_trainable_slopes
        self.swat_sigmoid_bias = swat_sigmoid_bias
        self.swat_position_bias_length = swat_position_bias_length
        self.swat_sinks = swat_sinks
        self.swat_sink_positions = swat_sink_positions
        self.swat_learned_sink = swat_learned_sink
        self.swat_layer_scale = swat_layer_scale
        self.swat_attn_out_norm = swat_attn_out_norm
        self.swat_rope = swat_rope
        self.swat_head_dim = hidden_size // num_heads if swat_head_dim is None else swat_head_dim
        super().__init__(tie_word_embeddings=tie_word_embeddings, **kwargs)

    def window_of(self, layer):
        """Keys that a query of this layer sees, itself included; None for all earlier ones."""
        return self.swat_windows[layer % len(self.swat_windows)] if self.swat_windows else self.window_size
