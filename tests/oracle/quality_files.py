"""SmolLM2 in other weight types, requantised from what its file decodes to."""
import sys

import gguf
import numpy as np

import q4_k

Type = gguf.GGMLQuantizationType
TYPES = {"Q8_0": Type.Q8_0, "Q4_0": Type.Q4_0, "Q5_0": Type.Q5_0,
         "BF16": Type.BF16, "Q4_K": Type.Q4_K}


def _copy_fields(reader, writer):
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name.startswith(
                "general.architecture"):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind,
                             sub_type=inner)


def _encode(weights, wanted):
    """Bytes and their type; Q5_0 where rows do not divide into 256."""
    if wanted == Type.Q4_K:
        if weights.shape[-1] % 256 == 0:
            return q4_k.quantize(weights), wanted
        wanted = Type.Q5_0
    return gguf.quants.quantize(weights, wanted), wanted


def write(source, path, name):
    """All matrices as `name` but the embedding, which is the output too and
    stays as it is; vectors stay as they are."""
    reader = gguf.GGUFReader(source)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(path, architecture)
    _copy_fields(reader, writer)
    counts = {}
    for tensor in reader.tensors:
        data, kind = tensor.data, tensor.tensor_type
        if len(tensor.shape) > 1 and tensor.name != "token_embd.weight":
            weights = gguf.quants.dequantize(data, kind).astype(np.float32)
            data, kind = _encode(weights, TYPES[name])
        counts[kind.name] = counts.get(kind.name, 0) + 1
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[3] not in TYPES:
        raise SystemExit("usage: quality_files.py SOURCE.gguf TARGET.gguf "
                         f"{{{','.join(TYPES)}}}")
    print(write(*sys.argv[1:]))
