"""Options of peft that are no fields here, each with the reason; a test knows them all."""

from __future__ import annotations

from peft_demo.languages import gettext_noop

_OTHER_METHOD = gettext_noop("it makes a variant of the method that is not offered here")
_QUANTISED = gettext_noop("it is for quantised bases, and those here are not")
_READS_TEXTS = gettext_noop("it starts from what texts show before the training")
_AT_ZERO = gettext_noop("an adapter begins as its method does by default")
_SEEDED = gettext_noop("what is drawn at random follows from the run's seeds")
_ROTATION = gettext_noop("rotations are computed in peft's usual way")
_NAMES = gettext_noop("blocks are named by their numbers alone")
_PATTERN = gettext_noop("all modules have the same")
_BIASES = gettext_noop("the base's biases stay as they are with this method")
_FILE = gettext_noop("what is in the file follows from the method")
_PROMPT = gettext_noop("the virtual tokens begin at random")

REASONS = {
    **dict.fromkeys(("layers_pattern",), _NAMES),
    "fan_in_fan_out": gettext_noop("no base here stores its weights transposed"),
    **dict.fromkeys(("megatron_config", "megatron_core"), "no base is split over several machines"),
    "runtime_config": gettext_noop("it says where tensors lie, not what is computed"),
    **dict.fromkeys(("loftq_config", "use_qalora", "qalora_group_size"), _QUANTISED),
    **dict.fromkeys(("eva_config", "corda_config", "lora_ga_config"), _READS_TEXTS),
    **dict.fromkeys(
        (
            *("alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config"),
            *("use_bdlora", "velora_config", "use_dora", "use_rslora", "apply_GS", "hybrid_r"),
            *("mini_r", "config_A_B", "config_C", "config_D_E", "mask_type", "sparse"),
            *("very_sparse", "decompose_both", "decompose_factor", "block_share", "coft", "eps"),
            *("ab_svd_init", "psoft_svd", "psoft_svd_lowrank_niter", "psoft_orth", "psoft_mag_a"),
            *("psoft_mag_b", "wavelet_family", "use_idwt", "stride_A", "act_fn"),
            *("proportional_parameters", "boft_block_num", "boft_n_butterfly_factor"),
            *("weight_tying", "encoder_reparameterization_type", "encoder_num_layers"),
            "sample_at_inference",
        ),
        _OTHER_METHOD,
    ),
    "layer_replication": gettext_noop("the network would be another one than the base"),
    "trainable_token_indices": gettext_noop("the embeddings stay as they are"),
    "target_parameters": gettext_noop("adapters are put at layers, not at single tensors"),
    "ensure_weight_tying": gettext_noop(
        "no layer that gets an adapter shares its weights with the embeddings"
    ),
    **dict.fromkeys(
        (
            *("init_weights", "init_lora_weights", "init_ia3_weights", "init_vector_bank_bound"),
            *("init_logits_std", "init_theta_d_bound", "init_v_bound"),
        ),
        _AT_ZERO,
    ),
    **dict.fromkeys(
        (
            *("projection_prng_key", "proj_seed", "projection_seed", "random_loc_seed"),
            *("random_seed", "generator_seed"),
        ),
        _SEEDED,
    ),
    **dict.fromkeys(
        ("use_cayley_neumann", "num_cayley_neumann_terms", "cayley_neumann_eps"), _ROTATION
    ),
    **dict.fromkeys(
        (
            *("rank_pattern", "alpha_pattern", "lambda_pattern", "n_frequency_pattern"),
            "block_size_pattern",
        ),
        _PATTERN,
    ),
    "bias": _BIASES,
    "lora_bias": gettext_noop("B gets no bias of its own"),
    "psoft_alpha": gettext_noop("it is the rank, so that nothing is scaled"),
    "r": gettext_noop("the size of the blocks is chosen, not their number"),
    **dict.fromkeys(("save_projection", "save_only_topk_weights", "save_indices"), _FILE),
    **dict.fromkeys(
        (
            *("prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path"),
            "tokenizer_kwargs",
        ),
        _PROMPT,
    ),
    **dict.fromkeys(
        ("token_dim", "num_transformer_submodules", "num_attention_heads", "num_layers"),
        gettext_noop("it follows from the base"),
    ),
    "use_effective_conv2d": gettext_noop("no base here has convolutions that get an adapter"),
    "rank_dropout_scale": gettext_noop("what is dropped is not made up for"),
    "boft_dropout": gettext_noop("whole blocks of rotations are never dropped"),
    "encoder_dropout": gettext_noop("peft does not use it"),
    "scaling": gettext_noop("the update is not scaled"),
}
"""Why each is not."""

UNKNOWN = gettext_noop("the form has no such setting")


def why(name: str) -> str:
    """The reason, as the rest of a clause."""
    return REASONS.get(name, UNKNOWN)
