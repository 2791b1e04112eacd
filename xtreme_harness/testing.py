"""Mock checkpoints and mock tasks: what our own tests use, and what the author of a plugin tests with.

Everything is made on the spot in a folder, in well under a second, without network, and is the same for the same seed.
Nothing here is good at anything: the encoders are untrained, the texts are built from word lists.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.jsonl import write_jsonl

Examples = Callable[[str, str, int], Iterable[dict[str, Any]]]  # of a split and language, so many

SENTENCES = (
    "The doctor gave the child a vitamin after the long night.",
    "A nurse in the hospital wrote the name of every patient.",
    "Our team won the football match in the last minute.",
    "The runners of the marathon drank water near the bridge.",
    "The bank moved the euro price of coffee and cotton.",
    "Farmers sell tomatoes at the market before the rain comes.",
    "She reads the old letter again, but nobody answers.",
    "Is there a train from the river town to the coast today?",
    "Daktari alimpa mtoto vitamini baada ya usiku mrefu.",
    "Muuguzi wa hospitali aliandika jina la kila mgonjwa.",
    "Timu yetu ilishinda mechi ya mpira dakika ya mwisho.",
    "Wakulima wanauza nyanya sokoni kabla ya mvua kuja.",
    "Benki ilibadilisha bei ya kahawa na pamba.",
    "Die Ärztin gab dem Kind nach der langen Nacht ein Vitamin.",
    "Unsere Mannschaft gewann das Spiel in der letzten Minute.",
    "Die Bauern verkaufen Tomaten auf dem Markt, bevor es regnet.",
    "Medikuak bitamina bat eman zion haurrari gau luzearen ondoren.",
    "Gure taldeak azken minutuan irabazi zuen partida.",
    "Nekazariek tomateak saltzen dituzte azokan euria hasi baino lehen.",
    "Врач дал ребёнку витамин после долгой ночи.",
    "Наша команда выиграла матч на последней минуте.",
    "Крестьяне продают помидоры на рынке до дождя.",
    "डॉक्टर ने लंबी रात के बाद बच्चे को विटामिन दिया।",
    "हमारी टीम ने आखिरी मिनट में मैच जीता।",
    "किसान बारिश से पहले बाज़ार में टमाटर बेचते हैं।",
    "أعطى الطبيب الطفل فيتامينا بعد ليلة طويلة.",
    "فاز فريقنا بالمباراة في الدقيقة الأخيرة.",
    "يبيع الفلاحون الطماطم في السوق قبل المطر.",
    "漫长的夜晚之后,医生给了孩子一片维生素。",
    "我们的球队在最后一分钟赢了比赛。",
    "农民在下雨之前在市场上卖西红柿。",
    "డాక్టర్ పిల్లవాడికి విటమిన్ ఇచ్చాడు.",
    "మా జట్టు చివరి నిమిషంలో గెలిచింది.",
    "Doktor uzun geceden sonra çocuğa vitamin verdi.",
    "Takımımız maçı son dakikada kazandı.",
    "Çiftçiler yağmurdan önce pazarda domates satıyor.",
)

PIECES = 640  # of a tiny vocabulary, at most
WIDTHS: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "initializer_range": 0.1,  # wide enough that so small an encoder tells texts apart before it is trained
}


def make_tiny_xlmr(folder: Path, seed: int = 0) -> Path:
    """A checkpoint of XLM-R's architecture in `folder`: two layers, width 32, a SentencePiece unigram tokenizer."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _write_sentencepiece(folder)
    special = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    config = XLMRobertaConfig(
        vocab_size=vocabulary, max_position_embeddings=130, type_vocab_size=1, **special, **WIDTHS
    )
    _write_model(folder, lambda: XLMRobertaModel(config, add_pooling_layer=False), seed)
    return folder


def make_tiny_bert(folder: Path, seed: int = 0) -> Path:
    """A checkpoint of BERT's architecture in `folder`: two layers, width 32, pooler, a cased WordPiece tokenizer."""
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _write_wordpiece(folder)
    config = BertConfig(vocab_size=vocabulary, max_position_embeddings=128, type_vocab_size=2, pad_token_id=0, **WIDTHS)
    _write_model(folder, lambda: BertModel(config), seed)
    return folder


def _write_model(folder: Path, make: Any, seed: int) -> None:
    import torch

    from xtreme_harness.models.load import quiet

    quiet()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        make().save_pretrained(str(folder))


def _write_sentencepiece(folder: Path) -> int:
    """Writes tokenizer files and the SentencePiece model they come from; returns the size of the vocabulary."""
    import sentencepiece
    from transformers import XLMRobertaTokenizer

    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_tokenizer_text()),
        model_writer=trained,
        model_type="unigram",
        vocab_size=PIECES,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        num_threads=1,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.model").write_bytes(trained.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    # XLM-R's order (fairseq's): four specials, then the pieces after SentencePiece's own three, then the mask
    learnt = [(pieces.id_to_piece(place), pieces.get_score(place)) for place in range(3, len(pieces))]
    specials = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = XLMRobertaTokenizer(vocab=[*specials, *learnt, ("<mask>", 0.0)])
    tokenizer.save_pretrained(str(folder))
    return len(tokenizer)


def _write_wordpiece(folder: Path) -> int:
    """Writes tokenizer files with a WordPiece vocabulary; returns its size."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertTokenizer

    characters = sorted({character for sentence in SENTENCES for character in sentence if not character.isspace()})
    # the trainer numbers word-inner characters in no fixed order, unless they are there from the start
    first = [*("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), *characters, *(f"##{one}" for one in characters)]
    trained = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    trained.train_from_iterator(
        _tokenizer_text(), vocab_size=PIECES, min_frequency=2, special_tokens=first, show_progress=False
    )
    vocabulary = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in vocabulary), encoding="utf-8")
    tokenizer = BertTokenizer(vocab=dict(vocabulary), do_lower_case=False, strip_accents=False)
    tokenizer.save_pretrained(str(folder))
    return len(tokenizer)


def _tokenizer_text() -> list[str]:
    """What tokenizers are trained on; the words that the mock tasks turn on become pieces of their own."""
    words = [*(word for topic in TOPICS.values() for word in topic), *FIRST_NAMES, *TOWNS]
    return [*SENTENCES * 2, *[" ".join(words[place:] + words[:place]) for place in range(0, len(words), 2)]]


# Words that many languages share, so that what an encoder learns in English shows in the others.
TOPICS = {
    "health": ("vitamin", "hospital"),
    "sport": ("football", "marathon"),
    "trade": ("euro", "export"),
}
FRAMES = {
    "en": ("The {word} is new.", "Every {word} has a name.", "They talk about the {word} again."),
    "sw": ("Hii ni {word} mpya.", "Kila {word} ina jina.", "Wanazungumza tena kuhusu {word}."),
}
TASK_PLUGIN = '''"""{about}: a task of `xtreme_harness.testing`."""

from xtreme_harness import Task, hookimpl


{constant} = Task.from_jsonl(
    name="{name}", kind="{kind}", labels={labels}, languages={languages},
    path="data/{{split}}.{{language}}.jsonl",
)


@hookimpl
def register_target_tasks(register):
    register({constant})


@hookimpl
def register_intermediate_tasks(register):
    register({constant})
'''


def _write_task(plugin: Path, text: str, languages: Sequence[str], train: int, test: int, examples: Examples) -> Path:
    """The plugin file, and beside it English train and dev parts and a test part for each language."""
    data = plugin.parent / "data"
    data.mkdir(parents=True, exist_ok=True)
    parts = [("train", "en", train), ("dev", "en", test), *(("test", one, test) for one in languages)]
    for split, language, count in parts:
        write_jsonl(data / f"{split}.{language}.jsonl", examples(split, language, count))
    plugin.write_text(text, encoding="utf-8")
    return plugin


def _plugin_text(name: str, kind: str, about: str, labels: Sequence[str], languages: Sequence[str]) -> str:
    known = {"name": name, "kind": kind, "about": about, "constant": name.upper()}
    return TASK_PLUGIN.format(**known, labels=_tuple(labels), languages=_tuple(languages))


def write_topics(
    folder: Path, languages: Sequence[str] = ("en", "sw"), train: int = 24, test: int = 6, seed: int = 0
) -> Path:
    """A learnable `classify` task named `topics` in `folder`: data files and a plugin file, whose path is returned.

    It is a target and an intermediate task, with `train` English examples to learn from, and `test` for dev and for the
    test part of each language, which are parallel.
    """
    text = _plugin_text("topics", "classify", "What short texts are about", tuple(TOPICS), languages)
    return _write_task(folder / "plugin.py", text, languages, train, test, partial(_topic_examples, seed))


def _frames(language: str) -> tuple[str, ...]:
    return FRAMES.get(language, tuple(f"{language}: {{word}}" + "." * mark for mark in (1, 2, 3)))


def _topic_examples(seed: int, split: str, language: str, count: int) -> Iterator[dict[str, str]]:
    """Every word in every frame in turn, shuffled; test parts are translations of each other."""
    combinations = [(label, word, frame) for frame in range(3) for label in TOPICS for word in TOPICS[label]]
    random.Random(f"{seed} {split}").shuffle(combinations)
    frames = _frames(language)
    for number in range(count):
        label, word, frame = combinations[number % len(combinations)]
        yield {"id": f"{split}-{number}", "text_a": frames[frame].format(word=word), "label": label}


FIRST_NAMES = ("Amina", "Juma", "Neema", "Baraka", "Zawadi", "Tumaini", "Rehema", "Faraja")
TOWNS = ("Arusha", "Bilbao", "Izmir", "Kazan", "Lima", "Oslo", "Perth", "Quito")
RETRIEVAL_PLUGIN = '''"""Sentences and their translations: a task of `xtreme_harness.testing`."""

from pathlib import Path

from xtreme_harness import Task, hookimpl, read_text_lines


def files(split, language):
    return (str(Path(__file__).parent / "data" / f"twins.{{language}}.tsv"),)


def read(split, language, files):
    for number, line in read_text_lines(files[0]):
        english, foreign = line.split("\\t")
        yield {{"side": "query", "id": f"en-{{number}}", "text": english}}
        yield {{"side": "candidate", "id": f"{{language}}-{{number}}", "text": foreign}}
        yield {{"side": "gold", "query": f"en-{{number}}", "candidate": f"{{language}}-{{number}}"}}


@hookimpl
def register_target_tasks(register):
    register(Task(name="twins", kind="nearest", languages={languages}, read=read, files=files))
'''


def write_retrieval(folder: Path, languages: Sequence[str] = ("sw",), n: int = 12) -> Path:
    """A `nearest` task named `twins` in `folder`, `n` pairs a language (at most 64); returns the plugin's path."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for language in languages:
        pairs = [_pair(number, language) for number in range(n)]
        (data / f"twins.{language}.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    plugin = folder / "plugin.py"
    plugin.write_text(RETRIEVAL_PLUGIN.format(languages=_tuple(languages)), encoding="utf-8")
    return plugin


def _pair(number: int, language: str) -> tuple[str, str]:
    """An English sentence and its translation, which share a name and a town: each pair its own two."""
    name, town = FIRST_NAMES[number % len(FIRST_NAMES)], TOWNS[(number + number // len(FIRST_NAMES)) % len(TOWNS)]
    foreign = {"sw": f"{name} anaishi {town}."}.get(language, f"{name} ({language}) {town}.")
    return f"{name} lives in {town}.", foreign


def write_names(folder: Path, languages: Sequence[str] = ("en", "sw"), train: int = 32, test: int = 8) -> Path:
    """A learnable `tag` task named `names` in `folder`: data files and a plugin file, whose path is returned.

    It is a target and an intermediate task. The last sentence of a test part repeats itself until it is longer than any
    encoder's input.
    """
    labels = ("B-LOC", "B-PER", "I-PER", "O")
    text = _plugin_text("names", "tag", "Names of people and towns in sentences", labels, languages)
    return _write_task(folder / "plugin.py", text, languages, train, test, _name_examples)


def _name_examples(split: str, language: str, count: int) -> list[dict[str, Any]]:
    rows = [_name_example(f"{split}-{number}", number + len(split), language) for number in range(count)]
    if split == "test":
        rows[-1] |= {field: rows[-1][field] * 30 for field in ("tokens", "tags")}
    return rows


def _name_example(id: str, number: int, language: str) -> dict[str, Any]:
    """`Amina Juma lives in Oslo .`, in the words of the language; in every second sentence without the second name."""
    first, second = (FIRST_NAMES[(number * step) % len(FIRST_NAMES)] for step in (1, 3))
    person = [first, second][: 1 + number % 2]
    verb = {"en": ["lives", "in"], "sw": ["anaishi"]}.get(language, [language])
    tags = [*["B-PER", "I-PER"][: len(person)], *["O"] * len(verb), "B-LOC", "O"]
    return {"id": id, "tokens": [*person, *verb, TOWNS[number % len(TOWNS)], "."], "tags": tags}


def write_remedies(
    folder: Path, languages: Sequence[str] = ("en", "sw"), train: int = 24, test: int = 6, seed: int = 0
) -> Path:
    """A learnable `choose` task named `remedies` in `folder`: data files and a plugin file, whose path is returned.

    Questions have two, three or four choices in turn; test parts are translations of each other.
    """
    text = _plugin_text("remedies", "choose", "Which of two to four sentences is about health", (), languages)
    return _write_task(folder / "plugin.py", text, languages, train, test, partial(_remedy_examples, seed))


def _remedy_examples(seed: int, split: str, language: str, count: int) -> Iterator[dict[str, Any]]:
    return (_remedy_example(split, number, language, seed) for number in range(count))


def _remedy_example(split: str, number: int, language: str, seed: int) -> dict[str, Any]:
    pick = random.Random(f"{seed} {split} {number}")
    words = [pick.choice((*TOPICS["sport"], *TOPICS["trade"])) for _ in range(1 + number % 3)]
    label = pick.randrange(len(words) + 1)
    words.insert(label, pick.choice(TOPICS["health"]))
    choices = [pick.choice(_frames(language)).format(word=word) for word in words]
    question = _pair(number, language)[0 if language == "en" else 1]
    return {"id": f"{split}-{number}", "question": question, "choices": choices, "label": label}


def _tuple(names: Sequence[str]) -> str:
    return str(tuple(names)).replace("'", '"')
