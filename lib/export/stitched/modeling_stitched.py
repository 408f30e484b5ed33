"""The stitched model of Branch-Train-Stitch (arXiv 2502.00075) in PyTorch, for transformers 4.50 and later.

A hub and its experts, decoders of one shape, run side by side. After some of their layers a stitch mixes their residual
streams. The output is that of the hub's norm and head. `config.json` says everything that differs between stitched
models; the decoders are transformers' own.
"""

import inspect

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, DynamicCache, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

# The names of the cache in a layer's arguments and in outputs; newer versions renamed both.
CACHE_ARGUMENTS = ("cache", "past_key_values", "past_key_value")
CACHE_OUTPUT = "cache" if "cache" in CausalLMOutputWithPast.__dataclass_fields__ else "past_key_values"

# Values of every decoder that are also values of the whole.
SHARED_KEYS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "tie_word_embeddings",
)


class StitchedConfig(PretrainedConfig):
    """
    Args:
        members: names of the decoders, the hub first.
        member: the configuration of each decoder.
        stitches: for each stitch its `kind`, `after`, the number of layers before it, and `into`, the member that takes
            the place of the hub (0 unless two members merge into each other in turn).
        stitch: settings of all stitches: `gates`, "vector" or "scalar"; `gate_bias`; `rank`, of E2H-LR;
            `expert_after_e2h`, "projected" or "pass-through".
    """

    model_type = "stitched"

    def __init__(self, members=(), member=None, stitches=(), stitch=None, **kwargs):
        self.members = list(members)
        self.member = dict(member or {})
        self.stitches = [dict(place) for place in stitches]
        self.stitch = dict(stitch or {})
        layers = self.member.get("num_hidden_layers", 0)
        # Layers with a cache: all of the hub's, and of the others those before the last stitch.
        kwargs["num_hidden_layers"] = layers + max(len(self.members) - 1, 0) * self.last
        kwargs.update({key: self.member[key] for key in SHARED_KEYS if key in self.member})
        tied = kwargs.pop("tie_word_embeddings", False)
        for key in [key for key in kwargs if key in SHARED_KEYS or key == "num_hidden_layers"]:
            setattr(self, key, kwargs.pop(key))
        super().__init__(tie_word_embeddings=tied, **kwargs)

    @property
    def last(self):
        """The number of layers before the last stitch, after which only the hub runs."""
        return self.stitches[-1]["after"] if self.stitches else 0


class Stitch(nn.Module):
    """One stitch. Its gates read the hub's state only; each token is treated by itself."""

    def __init__(self, kind, experts, width, settings):
        super().__init__()
        self.kind = kind
        self.keeps_projected = settings["expert_after_e2h"] == "projected"
        rows = 1 if settings["gates"] == "scalar" else width
        numbers = [str(i) for i in range(experts + 1)]
        gated = numbers[1:] if kind == "H2E" else numbers
        self.gate = nn.ModuleDict({i: nn.Linear(width, rows, bias=settings["gate_bias"]) for i in gated})

        def linears(inputs, outputs):
            return nn.ModuleDict({i: nn.Linear(inputs, outputs, bias=False) for i in numbers[1:]})

        if kind == "E2H-LR":
            self.down = linears(width, settings["rank"])
            self.up = linears(settings["rank"], width)
        elif kind in ("E2H", "H2E"):
            self.projection = linears(width, width)
        else:
            raise ValueError(f"Unknown kind of stitch {kind!r}")

    def forward(self, hub, experts):
        """The states after the stitch, [batch, time, width] each."""
        z = torch.stack([gate(hub) for gate in self.gate.values()]).float()  # [models, batch, time, width or 1]
        if self.kind == "H2E":
            gates = z.sigmoid().to(hub.dtype)
            taken = [project(hub) for project in self.projection.values()]
            return hub, [(1 - g) * h + g * w for g, h, w in zip(gates, experts, taken)]
        if self.kind == "E2H":
            projected = [project(h) for project, h in zip(self.projection.values(), experts)]
        else:
            projected = [h + up(down(h)) for down, up, h in zip(self.down.values(), self.up.values(), experts)]
        gates = z.softmax(0).to(hub.dtype)
        mixed = sum(g * h for g, h in zip(gates, [hub, *projected]))
        return mixed, projected if self.keeps_projected else experts


class StitchedForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = StitchedConfig
    _supports_sdpa = True
    _supports_cache_class = True
    _no_split_modules = ["Stitch", *(f"{family}DecoderLayer" for family in ("Llama", "Mistral", "Qwen2", "Qwen3"))]
    _tied_weights_keys = {"lm_head.weight": "hub.embed_tokens.weight"}

    def __init__(self, config):
        super().__init__(config)
        member, experts = config.member, len(config.members) - 1

        def decoder(layers):
            described = AutoConfig.for_model(**{**member, "num_hidden_layers": layers})
            return AutoModel.from_config(described, attn_implementation=config._attn_implementation)

        self.hub = decoder(member["num_hidden_layers"])
        self.experts = nn.ModuleList([decoder(config.last) for _ in range(experts)])
        for expert in self.experts:
            expert.norm = nn.Identity()  # not read
        self.stitch = nn.ModuleList(
            [Stitch(place["kind"], experts, config.hidden_size, config.stitch) for place in config.stitches]
        )
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        # One cache for all, with the layers in the order in which they run.
        for index, layer in enumerate(layer for _, layers in self.schedule() for layer in layers):
            layer.self_attn.layer_idx = index
        self.cache_argument = next(
            name for name in CACHE_ARGUMENTS if name in inspect.signature(self.hub.layers[0].forward).parameters
        )
        self.post_init()

    def schedule(self, start=None, stop=None):
        """Members and their layers in the order in which they run: between two stitches, or from beginning to end."""
        members = [self.hub, *self.experts]
        if start is not None:
            return [(i, member.layers[start:stop]) for i, member in enumerate(members) if start < len(member.layers)]
        stops = [0, *(place["after"] for place in self.config.stitches), len(self.hub.layers)]
        return [run for a, b in zip(stops, stops[1:]) for run in self.schedule(a, b)]

    def get_input_embeddings(self):
        return self.hub.embed_tokens

    def set_input_embeddings(self, value):
        self.hub.embed_tokens = value

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, value):
        self.lm_head = value

    def window(self, layer):
        """The number of tokens that a layer, counted from 0, attends to; None for all."""
        member = self.config.member
        if not member.get("use_sliding_window", True) or layer < member.get("max_window_layers", 0):
            return None
        return member.get("sliding_window")

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        cache=None,
        inputs_embeds=None,
        labels=None,
        use_cache=None,
        logits_to_keep=0,
        **kwargs,
    ):
        if input_ids is None or inputs_embeds is not None:
            raise ValueError("A stitched model reads input_ids: each of its decoders has embeddings of its own")
        if attention_mask is not None and attention_mask.dim() != 2:
            raise ValueError("attention_mask must be [batch, time], 1 for tokens and 0 for padding")
        cache = past_key_values if cache is None else cache
        if getattr(cache, "is_compileable", False):
            raise ValueError("A stitched model needs a cache that grows, such as DynamicCache, not a static one")
        if cache is None and (getattr(self.config, "use_cache", True) if use_cache is None else use_cache):
            cache = DynamicCache()
        seen, time = 0 if cache is None else cache.get_seq_length(), input_ids.shape[1]
        if position_ids is None and attention_mask is None:
            position_ids = torch.arange(seen, seen + time, device=input_ids.device)[None]
        elif position_ids is None:
            position_ids = (attention_mask.long().cumsum(-1) - 1).clamp(min=0)[:, -time:]

        streams = [member.embed_tokens(input_ids) for member in [self.hub, *self.experts]]
        rotary = self.hub.rotary_emb
        if rotary.rope_type == "dynamic":
            rotary.max_seq_len_cached = 0  # The frequencies depend on this text's length, not on earlier texts.
        shared = {
            "position_ids": position_ids,
            "position_embeddings": rotary(streams[0], position_ids),
            "use_cache": cache is not None,
            self.cache_argument: cache,
        }
        masks = {}

        def run(start, stop):
            for i, layers in self.schedule(start, stop):
                for number, layer in enumerate(layers, start):
                    window = self.window(number)
                    if window not in masks:
                        masks[window] = causal_mask(streams[0], seen, window, attention_mask)
                    out = layer(streams[i], attention_mask=masks[window], **shared)
                    streams[i] = out[0] if isinstance(out, tuple) else out

        done = 0
        for stitch, place in zip(self.stitch, self.config.stitches):
            run(done, place["after"])
            done, into = place["after"], place["into"]
            others = [i for i in range(len(streams)) if i != into]
            streams[into], states = stitch(streams[into], [streams[i] for i in others])
            for i, state in zip(others, states):
                streams[i] = state
        run(done, len(self.hub.layers))

        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(self.hub.norm(streams[0][:, kept]))
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size, **kwargs)
        return CausalLMOutputWithPast(loss=loss, logits=logits, **{CACHE_OUTPUT: cache})


def causal_mask(states, seen, window, padding):
    """What is added to attention's logits, [batch or 1, 1, time, seen + time], where `seen` tokens came before."""
    time, device = states.shape[1], states.device
    query = torch.arange(seen, seen + time, device=device)[:, None]
    key = torch.arange(seen + time, device=device)
    allowed = key <= query
    if window is not None:
        allowed = allowed & (key > query - window)
    allowed = allowed[None, None]
    if padding is not None:
        # Padding attends to itself, because attention to nothing is not a number.
        allowed = allowed & padding[:, None, None, :].bool() | (key == query)
    least = torch.finfo(states.dtype).min
    return torch.zeros(allowed.shape, dtype=states.dtype, device=device).masked_fill(~allowed, least)
