"""Product types as a till abbreviates them, made readable."""

from __future__ import annotations

import re

__all__ = ["GRADES", "readable"]

# The width of the till's field: what fills it was cut off there (measured: no type is longer).
_WIDTH = 30
# A last piece of so few letters in a full field is taken for the beginning of a word.
_FRAGMENT = 4
# Types that name a grade and not a product; they need their category beside them.
GRADES = frozenset(
    {
        "CHOICE",
        "ECONOMY",
        "ENHANCED",
        "FRESH",
        "LEAN",
        "MAINSTREAM",
        "MISCELLANEOUS",
        "NATURAL",
        "ORGANIC",
        "OTHER",
        "POPULAR",
        "PREMIUM",
        "PRIMAL",
        "REGULAR",
        "SEASONAL",
        "SELECT",
        "SPECIALTY",
        "SUPER",
        "TRADITIONAL",
        "VALUE",
    }
)
# Words of The Complete Journey's product types and categories, where their meaning is certain.
_WORDS = {
    "beeralemalt": "beer, ale, malt",
    "bev": "beverages",
    "brd": "bread",
    "brkfst": "breakfast",
    "btl": "bottle",
    "btr": "butter",
    "carb": "carbonated",
    "catfd": "cat food",
    "chick": "chicken",
    "chix": "chicken",
    "choc": "chocolate",
    "cleang": "cleaning",
    "cnd": "canned",
    "conc": "concentrate",
    "cookng": "cooking",
    "crbntd": "carbonated",
    "crmd": "creamed",
    "decaf": "decaffeinated",
    "dnr": "dinner",
    "dnrs": "dinners",
    "dogfd": "dog food",
    "drnk": "drink",
    "drnking": "drinking",
    "drnkng": "drinking",
    "drnks": "drinks",
    "fd": "food",
    "fem": "feminine",
    "flvr": "flavored",
    "flvrd": "flavored",
    "frz": "frozen",
    "frzn": "frozen",
    "gds": "goods",
    "grnd": "ground",
    "hygn": "hygiene",
    "iws": "individually wrapped",
    "jce": "juice",
    "juic": "juice",
    "mach": "machine",
    "misc": "miscellaneous",
    "mlt": "multi",
    "mneral": "mineral",
    "mnrl": "mineral",
    "mxs": "mixes",
    "pk": "pack",
    "plstc": "plastic",
    "pnt": "peanut",
    "prem": "premium",
    "pwdr": "powder",
    "refrgratd": "refrigerated",
    "refrig": "refrigerated",
    "rts": "ready to serve",
    "sft": "soft",
    "sgl": "single",
    "sherbts": "sherbet",
    "sngl": "single",
    "specilaty": "specialty",
    "srv": "serve",
    "ss": "single serve",
    "sup": "super",
    "sv": "serve",
    "sw": "sweet",
    "veg": "vegetable",
    "vend": "vending",
    "w": "with",
    "wate": "water",
    "wt": "weight",
}
# Not the letters of "12pk", which are a size.
_WORD = re.compile(r"(?<![a-z0-9])[a-z]+\.?")
_UNCLOSED = re.compile(r"\s*\([^)]*$")
_LAST_PIECE = re.compile(rf"[^a-z0-9]+([a-z]{{1,{_FRAGMENT}}})$")
_TRAILING_MARKS = " -/&:,("


def readable(till_text: str) -> str:
    """`till_text` in sentence case, abbreviations spelled out, without what the till's width cut through."""
    text = _UNCLOSED.sub("", till_text.lower())
    if len(till_text) == _WIDTH and text == till_text.lower():
        text = _LAST_PIECE.sub(_whole, text)
    text = _WORD.sub(lambda match: _WORDS.get(match[0].rstrip("."), match[0]), text)
    text = " ".join(text.split()).rstrip(_TRAILING_MARKS)
    return text[:1].upper() + text[1:]


def _whole(last: re.Match[str]) -> str:
    return last[0] if last[1] in _WORDS else ""
