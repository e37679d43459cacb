"""Till abbreviations made readable."""

from __future__ import annotations

import re

__all__ = ["readable"]

# Words of The Complete Journey's product types, as far as their meaning is certain.
_WORDS = {
    "frzn": "frozen",
    "sft": "soft",
    "drnk": "drink",
    "drnks": "drinks",
    "sngl": "single",
    "srv": "serve",
    "mlt": "multi",
    "pk": "pack",
    "btl": "bottle",
    "carb": "carbonated",
    "w": "with",
    "dnrs": "dinners",
    "brkfst": "breakfast",
    "veg": "vegetable",
    "choc": "chocolate",
    "misc": "miscellaneous",
    "flvr": "flavour",
    "hygn": "hygiene",
    "fem": "feminine",
    "cookng": "cooking",
    "catfd": "cat food",
    "dogfd": "dog food",
    "refrig": "refrigerated",
    "decaf": "decaffeinated",
}
_WORD = re.compile(r"[a-z]+\.?")
_UNCLOSED = re.compile(r"\s*\([^)]*$")
_SPACES = re.compile(r"\s+")


def readable(till_text: str) -> str:
    """`till_text` in sentence case, with known abbreviations spelled out and a cut-off bracket removed."""
    text = _UNCLOSED.sub("", till_text.lower())
    text = _WORD.sub(lambda match: _WORDS.get(match[0].rstrip("."), match[0]), text)
    text = _SPACES.sub(" ", text).strip()
    return text[:1].upper() + text[1:]
