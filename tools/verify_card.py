"""Shows that a model card is one that the Hub's Python client takes, with what Shaker's cards must state.

    python tools/verify_card.py README.md...        each a card, or a zip as it was downloaded

The front matter has to parse as YAML and come back unchanged through huggingface_hub's ModelCard; then one line is
printed for each field. A model of the Hub that went in is a base_model, and those need base_model_relation: merge; a
mixture of other models has neither. A licence, a pipeline and a library may be absent, and must be one text otherwise.
Exits 1 with a sentence when anything is not as it should be.

Nothing is fetched, so what only the Hub knows is not checked: whether a model exists, whether it knows the name of a
licence or of a pipeline (`ModelCard.validate` asks it, and needs a network).

Source: https://huggingface.co/docs/hub/model-cards, https://huggingface.co/docs/huggingface_hub/package_reference/cards

Needs: pip install huggingface_hub pyyaml
"""

import os
import sys
import zipfile
from pathlib import Path

# nothing may be fetched: the card alone is checked
os.environ["HF_HUB_OFFLINE"] = "1"

import yaml
from huggingface_hub import ModelCard
from huggingface_hub.errors import HFValidationError
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from huggingface_hub.utils import validate_repo_id

RELATION = "merge"
TAG = "merge"
TEXTS = ("license", "license_name", "license_link", "pipeline_tag", "library_name")


def main(paths: list[str]) -> int:
    faults = [fault for path in paths for fault in verify(path)]
    print("not accepted" if faults else "accepted")
    return 1 if faults else 0


def verify(path: str) -> list[str]:
    print(f"{'card':<20} {path}")
    try:
        faults = check_card(read_card(path))
    except (OSError, ValueError) as error:
        faults = [str(error)]
    for fault in faults:
        print(f"{'WRONG':<20} {fault}")
    return faults


def read_card(path: str) -> str:
    if not zipfile.is_zipfile(path):
        # as it stands: line ends are part of what is checked
        return decode(Path(path).read_bytes(), path)
    with zipfile.ZipFile(path) as archive:
        # in the one folder that unpacking anywhere should leave, or at the top
        cards = [name for name in archive.namelist() if name.split("/")[-1] == "README.md" and name.count("/") <= 1]
        if len(cards) != 1:
            raise ValueError(f"the zip has {len(cards)} files README.md in its folder, not one.")
        return decode(archive.read(cards[0]), cards[0])


def decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8: {error}.") from error


def check_card(text: str) -> list[str]:
    block = REGEX_YAML_BLOCK.search(text)
    if block is None:
        return ["the card does not start with a block between two lines of ---, so it has no front matter."]
    try:
        twice = keys_twice(yaml.compose(block.group(2), Loader=yaml.SafeLoader))
        card = ModelCard(text)
    except yaml.YAMLError as error:
        return [f"the front matter is not YAML: {' '.join(str(error).split())}."]
    except (TypeError, ValueError) as error:
        return [f"huggingface_hub does not take the front matter: {str(error).rstrip('.')}."]
    stated = yaml.safe_load(block.group(2))
    if not stated:
        return ["the front matter states nothing."]
    faults = [f"{key} stands there more than once; the Hub refuses that." for key in twice]
    faults += check_base_models(stated) + check_tags(stated) + check_texts(stated) + check_language(stated)
    return faults + check_round_trip(stated, card)


def keys_twice(node: yaml.Node | None) -> list[str]:
    """PyYAML takes the last of two equal keys in silence."""
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [key.value for key, _ in node.value]
    return sorted({key for key in keys if keys.count(key) > 1})


def check_base_models(stated: dict) -> list[str]:
    show("base_model", stated)
    show("base_model_relation", stated)
    relation = stated.get("base_model_relation")
    if "base_model" not in stated:
        return [] if relation is None else ["base_model_relation stands there without a base_model."]
    faults = []
    if relation != RELATION:
        faults.append(f"base_model_relation is {relation!r}; a mixture's is {RELATION}.")
    ids = stated["base_model"]
    ids = [ids] if isinstance(ids, str) else ids
    if not isinstance(ids, list) or not ids:
        return [*faults, f"base_model is {ids!r}; it must be an id of the Hub, or a list of ids."]
    for model in ids:
        try:
            validate_repo_id(model)
        except HFValidationError as error:
            faults.append(f"base_model {model!r} is no id of the Hub: {error}")
    return faults


def check_tags(stated: dict) -> list[str]:
    show("tags", stated)
    tags = stated.get("tags")
    if not isinstance(tags, list) or not all(is_text(tag) for tag in tags):
        return [f"tags is {tags!r}; it must be a list of texts."]
    return [] if TAG in tags else [f"tags lacks {TAG}."]


def check_texts(stated: dict) -> list[str]:
    faults = []
    for key in TEXTS:
        show(key, stated)
        if key in stated and not is_text(stated[key]):
            faults.append(f"{key} is {stated[key]!r}; it must be one text.")
    if stated.get("license") == "other" and "license_name" not in stated:
        faults.append("license is other, and license_name does not say which.")
    return faults


def check_language(stated: dict) -> list[str]:
    show("language", stated)
    language = stated.get("language", [])
    codes = language if isinstance(language, list) else [language]
    # a bare no is false in YAML 1.1, and not Norwegian
    return [f"language has {code!r}, which is no text." for code in codes if not is_text(code)]


def check_round_trip(stated: dict, card: ModelCard) -> list[str]:
    """What the client holds, and what it would write, against what stands there."""
    held = card.data.to_dict()
    written = ModelCard(str(card)).data.to_dict()
    faults = []
    for key in sorted({*stated, *held, *written}):
        for what, taken in (("takes", held), ("writes", written)):
            if stated.get(key) != taken.get(key):
                faults.append(f"huggingface_hub {what} {key} as {taken.get(key)!r}, not as {stated.get(key)!r}.")
    print(f"{'round trip':<20} through ModelCard and back, fields: {len(held)}")
    return faults


def is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def show(key: str, stated: dict) -> None:
    value = stated.get(key)
    text = ", ".join(map(str, value)) if isinstance(value, list) else value
    print(f"{key:<20} {text if key in stated else '(absent)'}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
