"""The tiny trained candidates as GGUF files, as a converter writes them: weights, tokenizer, chat template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BYTES = {" ": "Ġ", "\n": "Ċ"}
"""How GPT-2's byte-level alphabet writes the characters of the tokenizer that it does not write as themselves."""
LAYER = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip
OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
CONTROL, NORMAL = 3, 1


def write_model(folder: Path, target: Path) -> Path:
    """A saved Llama checkpoint with a tokenizer of single characters as one GGUF file in float32."""
    from gguf import GGUFWriter

    config = json.loads((folder / "config.json").read_text())
    writer = GGUFWriter(target, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
    _add_tokenizer(writer, folder)
    for name, weights in _tensors(folder / "model.safetensors").items():
        base, _, _ = name.rpartition(".weight")
        writer.add_tensor(f"{_renamed(base)}.weight", _interleaved(base, weights, config["num_attention_heads"]))
    return _written(writer, target)


def write_adapter(folder: Path, heads: int, target: Path) -> Path:
    """A LoRA of peft as a GGUF file; `heads`: of its base."""
    from gguf import GGUFWriter

    writer = GGUFWriter(target, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", json.loads((folder / "adapter_config.json").read_text())["lora_alpha"])
    for name, weights in _tensors(folder / "adapter_model.safetensors").items():
        base, side, _ = name.removeprefix("base_model.model.").rsplit(".", 2)
        turned = _interleaved(base, weights, heads) if side == "lora_B" else weights
        writer.add_tensor(f"{_renamed(base)}.weight.{side.lower()}", turned)
    return _written(writer, target)


def _add_tokenizer(writer: Any, folder: Path) -> None:
    saved = json.loads((folder / "tokenizer.json").read_text())
    numbers: dict[str, int] = dict(saved["model"]["vocab"])
    specials = {token["content"] for token in saved["added_tokens"] if token["special"]}
    tokens = sorted(numbers, key=numbers.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([BYTES.get(token, token) for token in tokens])
    writer.add_token_types([CONTROL if token in specials else NORMAL for token in tokens])
    writer.add_token_merges(["~ ~"])  # one that never comes: an empty list cannot be written
    writer.add_bos_token_id(numbers["<s>"])
    writer.add_eos_token_id(numbers["</s>"])
    writer.add_pad_token_id(numbers["<pad>"])
    writer.add_add_bos_token(False)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    beside = folder / "chat_template.jinja"
    template = beside.read_text() if beside.exists() else settings.get("chat_template")
    if template:
        writer.add_chat_template(template)


def _renamed(name: str) -> str:
    if name in OUTSIDE:
        return OUTSIDE[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{LAYER[rest]}"


def _interleaved(name: str, weights: Any, heads: int) -> Any:
    """Rows of queries and keys in the order in which llama.cpp rotates them: halves of a head become pairs."""
    if not name.endswith(("q_proj", "k_proj")):
        return weights
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).copy()


def _tensors(file: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(file))


def _written(writer: Any, target: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
