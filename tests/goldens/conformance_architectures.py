"""Steps of the conformance scenario that add architectures."""

# The least that a description must have.
DESCRIPTION = """schema_version: 4
gguf_name: "helium"
norm_kind: NORM_RMS
hyperparameters {
  embedding_length { huggingface: "hidden_size" }
  block_count { huggingface: "num_hidden_layers" }
}
embedding { tokens { huggingface: "embed_tokens.weight" } }
attention { rope { huggingface: ROPE_INTERLEAVED } }
"""


def architecture_step(name, text, status, **more):
    return {"step": f"architecture-{name}", "op": "architecture",
            "context": "context", "text": text, **more,
            "expect": {"status": status}}


def architecture_steps():
    yield architecture_step("new", DESCRIPTION, "INLAY_OK")
    yield architecture_step("known", DESCRIPTION,
                            "INLAY_ERR_FAILED_PRECONDITION")
    yield architecture_step("replaced", DESCRIPTION, "INLAY_OK", replace=True)
    yield architecture_step("newer-schema", "schema_version: 1000000",
                            "INLAY_ERR_UNSUPPORTED")
    yield architecture_step("wrong-field",
                            DESCRIPTION.replace("ROPE_I", "\u00e9"),
                            "INLAY_ERR_INVALID_ARGUMENT")
    yield architecture_step("empty", "", "INLAY_ERR_INVALID_ARGUMENT")
