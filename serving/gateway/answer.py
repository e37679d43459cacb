"""What callers of the domain API get: every field with its unit and an example."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "EventAnswer",
    "EventBody",
    "EventKind",
    "FallbackReason",
    "FoundItem",
    "ItemAnswer",
    "ItemId",
    "Matched",
    "PredictAnswer",
    "Reason",
    "RecommendAnswer",
    "RecommendedItem",
    "SearchAnswer",
    "UserId",
]

EventKind = Literal["view", "click", "cart", "purchase", "rating"]
Matched = Literal["all-words", "some-words", "meaning", "nothing"]
FallbackReason = Literal["no-history", "deadline", "triton", "history-store"]

UserId = Annotated[
    str, Field(min_length=1, max_length=128, description="The shop's own id of the user", examples=["2070"])
]
ItemId = Annotated[
    str,
    Field(min_length=1, max_length=128, description="The shop's own id of the item", examples=["1082185"]),
]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ItemAnswer(_Answer):
    """An item as the catalogue of the release knows it."""

    item_id: ItemId
    title: str = Field(examples=["Bananas"])
    category: str = Field(
        description="Path from department to type", examples=["PRODUCE > TROPICAL FRUIT > BANANAS"]
    )
    brand: str = Field(description="Empty where the data has none", examples=["National"])
    price: float | None = Field(
        description="In the shop's currency; null where the data has none", examples=[0.99]
    )


class Reason(_Answer):
    """One part of the user's history and what it did to the chance of an item."""

    kind: Literal["item", "category"]
    name: str = Field(description="The item's title, or the category", examples=["Soft drinks"])
    item_id: str | None = Field(
        description="The item of the history; null for a category", examples=["834103"]
    )
    weight: float = Field(
        description="Log-odds of the chance with the whole history, less those without this part; above 0 it spoke "
        "for the item, below 0 against it",
        examples=[0.82],
    )


class RecommendedItem(ItemAnswer):
    """One suggestion."""

    score: float | None = Field(
        description="Logit of the item in the next basket, descending; null for popular items",
        examples=[1.37],
    )
    reasons: list[Reason] | None = Field(
        default=None,
        description="With explain=true: what weighed most, strongest first; null if not asked for or not in time",
    )


class _Decision(_Answer):
    model: str = Field(description="Digest of the release that answers", examples=["sha256:05b35014..."])
    fallback: bool = Field(description="true: not the model's answer but popular items", examples=[False])
    fallback_reason: FallbackReason | None = Field(
        description="no-history: nothing is known of the user; deadline or triton: the model did not answer in time "
        "or at all; history-store: the user's history could not be read"
    )
    history_events: int = Field(description="Events of the user that the model looked at", examples=[512])
    cached: bool = Field(description="true: the same answer as to an earlier request", examples=[False])
    latency_ms: float = Field(description="Milliseconds in the gateway, Triton included", examples=[4.2])


class RecommendAnswer(_Decision):
    """The items most likely in the user's next basket, best first."""

    user_id: UserId
    items: list[RecommendedItem]


class PredictAnswer(_Decision):
    """How likely one item is in the user's next basket."""

    user_id: UserId
    item: ItemAnswer
    probability: float | None = Field(
        description="Calibrated chance, 0 to 1; null in a fallback: nobody but the model knows one",
        examples=[0.31],
    )
    reasons: list[Reason] | None = Field(
        default=None,
        description="With explain=true: what weighed most, strongest first; null if not asked for or not in time",
    )


class FoundItem(ItemAnswer):
    """One result of a search."""

    probability: float | None = Field(
        description="Calibrated chance that it is in the user's next basket; null in a fallback",
        examples=[0.12],
    )


class SearchAnswer(_Decision):
    """Items for a query, the user's likeliest first, and what lies beside them."""

    user_id: UserId | None = Field(description="null: asked without a user, ranked by words and sales")
    query: str = Field(examples=["orgnic milk"])
    corrected_query: str | None = Field(
        description="How the query was understood, if it was written otherwise", examples=["organic milk"]
    )
    matched: Matched = Field(
        description="all-words: every item has all words; some-words: none has all; meaning: none has "
        "any, these are near in meaning; nothing: no results, and `related` is what the user may want anyway"
    )
    items: list[FoundItem]
    related: list[ItemAnswer] = Field(
        description="From the same shelves as the results, the user's likeliest first"
    )


class EventBody(_Answer):
    """Something that a user did with an item."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: UserId
    item_id: ItemId
    event: EventKind = Field(examples=["purchase"])
    value: float | None = Field(
        default=None,
        ge=1,
        le=5,
        description="Stars of a rating, 1 to 5; only and always with one",
        examples=[None],
    )
    timestamp: AwareDatetime | None = Field(
        default=None,
        ge=datetime(1970, 1, 1, tzinfo=UTC),
        description="When it happened, ISO 8601 with an offset; left out, now",
        examples=["2026-11-25T12:00:00Z"],
    )
    event_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Your own id of this event: sent twice, it counts once. Left out, every request counts",
        examples=["7f3c2f0e-7d0b-4c5e-9f57-3a1c6b1f1e9a"],
    )

    @model_validator(mode="after")
    def _stars_belong_to_a_rating(self) -> Self:
        if (self.event == "rating") != (self.value is not None):
            raise ValueError(
                f"value is {self.value} with event {self.event}; a rating has stars, nothing else has"
            )
        return self


class EventAnswer(_Answer):
    """What became of an event."""

    user_id: UserId
    item_id: ItemId
    recorded: bool = Field(
        description="false: an event with this event_id was recorded before", examples=[True]
    )
    history_version: int | None = Field(
        description="Grows by one with each event of the user; null if nothing was recorded", examples=[513]
    )
