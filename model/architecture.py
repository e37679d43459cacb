"""The recommender: a causal transformer over item histories, plus what the user's own purchases say.

general(user, item) = <query, item vector> + item bias
logit(user, item) = general, or for what the user bought before: keep * general + personal(user, item)

The query is the transformer's state after the newest event. An item vector is the sum of its id, category,
brand, price-band and sales-band embeddings, so that rare items borrow from their kind. The personal term is
a small network over decayed purchase counts of that item in that history: in groceries repeats dominate, and
a sequence model without this term loses to counting.

B = sequences, T = events of history, L = events the encoder reads, Q = request times inside a sequence,
P = positives of a request, N = shared negatives, H = half-lives, F = personal features, D = width, V = items
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.collaborative import Collaborative
from model.config import ModelConfig
from model.item_table import DenseTable, ItemTable
from model.layers import Block, small_head
from model.signature import MASKED
from model.tags import ItemTags

__all__ = ["Reading", "Recommender", "basket_starts"]

# Half-lives of the personal counts: a few days to a season, so that staples and treats can both be due.
HALF_LIVES_DAYS = (3.0, 10.0, 30.0, 90.0, 365.0)
_TINY = 1e-6
# Ages are log1p(days) / this, which brings a year to about 1.
_LOG_DAYS_SCALE = 6.0
_NEVER_DAYS = 1e9
# A rate is purchases of the item per basket; the floor keeps log(0) finite, the scale brings it to about -1.
_RATE_FLOOR = 1e-3
_LOG_RATE_SCALE = 7.0
_SEASON = HALF_LIVES_DAYS.index(90.0)
# How much of the general logit counts beside the user's own purchases, before training decides.
_KEEP_AT_START = 0.3


@dataclass(frozen=True)
class Reading:
    """A history as the scoring heads use it: ids [B, T], query [B, D], event weights [B, T, H], the decayed
    number of baskets [B, H] and the newest event's age in days [B].
    """

    ids_BT: Tensor
    query_BD: Tensor
    decay_BTH: Tensor
    baskets_BH: Tensor
    newest_B: Tensor


class Recommender(nn.Module):
    """Scores every item of the catalogue, or chosen candidates, for a history."""

    codes_VA: Tensor
    texts_UW: Tensor
    text_V: Tensor
    middle_W: Tensor
    rates_H: Tensor

    def __init__(self, config: ModelConfig, tags: ItemTags) -> None:
        super().__init__()
        self.config = config
        D = config.width
        self.item = nn.Embedding(config.catalogue + 1, D)
        self.attribute = nn.Embedding(tags.size, D, padding_idx=0)
        if config.text:
            self._add_text(tags)
        self.position = nn.Embedding(config.context, D)
        if config.times:
            self.gap = nn.Linear(1, D)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(D)
        if config.times:
            self.since = nn.Sequential(nn.Linear(1, D), nn.Tanh(), nn.Linear(D, D))
        self.drop = nn.Dropout(config.dropout)
        if config.repeats:
            self._add_personal_part()
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=config.init_std)
        self.bias = nn.Parameter(tags.log_popularity.clone())
        # Counted, not trained: `blend` adds it to the trained model.
        self.collaborative: Collaborative | None = None
        self.register_buffer("codes_VA", tags.codes, persistent=True)
        rates = torch.log(torch.tensor(2.0)) / torch.tensor(HALF_LIVES_DAYS)
        self.register_buffer("rates_H", rates, persistent=True)

    def _add_text(self, tags: ItemTags) -> None:
        assert tags.texts is not None
        # Half the room, and no figure changes: the vectors were rounded further for search.
        self.register_buffer("texts_UW", tags.texts.vectors.half())
        self.register_buffer("text_V", tags.texts.rows)
        # Texts of one shop have much in common, of which a projection would learn nothing but slowly.
        self.register_buffer("middle_W", tags.texts.vectors.float().mean(0))
        self.text = nn.Linear(tags.texts.vectors.shape[1], self.config.width, bias=False)
        nn.init.normal_(self.text.weight, std=self.config.init_std)

    def _add_personal_part(self) -> None:
        D, width = self.config.width, self.config.personal_width
        features = 2 * len(HALF_LIVES_DAYS) + 2
        self.repeat_item = nn.Linear(D, width)
        self.repeat_query = nn.Linear(D, width)
        self.personal = small_head(features + width, width)
        self.frequency = nn.Linear(features, 1)
        self.keep = nn.Parameter(torch.tensor(_KEEP_AT_START))
        # Training starts from counting: the logit of a repeat is the log of its rate over the last season.
        nn.init.zeros_(self.frequency.weight)
        nn.init.zeros_(self.frequency.bias)
        with torch.no_grad():
            self.frequency.weight[0, len(HALF_LIVES_DAYS) + _SEASON] = _LOG_RATE_SCALE

    def item_vectors(self, ids: Tensor, text: Tensor | None = None) -> Tensor:
        """Vectors [..., D] of catalogue indices of any shape; 0 gives the padding row.

        `text` [..., W] stands for the texts' vectors while their encoder is trained.
        """
        codes = self.codes_VA[ids.flatten()]
        kind = F.embedding_bag(codes, self.attribute.weight, mode="sum", padding_idx=0).view(*ids.shape, -1)
        if self.config.text:
            text = self.texts_UW[self.text_V[ids]].float() if text is None else text
            kind = kind + self.text(text - self.middle_W)
        return self.item(ids) + kind

    def encode(self, vectors_BLD: Tensor, ids_BL: Tensor, days_BL: Tensor) -> Tensor:
        """States [B, L, D] after each event; `days_BL` rises with time, only its differences count."""
        L = ids_BL.shape[1]
        # The newest event has the last position, however long the history is.
        place_LD = self.position.weight[self.config.context - L :]
        x_BLD = vectors_BLD * self.config.width**0.5 + place_LD
        if self.config.times:
            gap_BL = torch.cat([torch.zeros_like(days_BL[:, :1]), days_BL[:, 1:] - days_BL[:, :-1]], 1)
            gap_BL1 = (torch.log1p(gap_BL.clamp(min=0)) / _LOG_DAYS_SCALE).unsqueeze(-1)
            x_BLD = x_BLD + self.gap(gap_BL1)
        x_BLD = self.drop(x_BLD)
        order = torch.arange(L, device=ids_BL.device)
        allowed_BLL = (order[:, None] >= order[None, :]) & (ids_BL != 0)[:, None, :]
        mask_B1LL = torch.where(allowed_BLL, 0.0, MASKED).unsqueeze(1)
        for block in self.blocks:
            x_BLD = block(x_BLD, mask_B1LL)
        return self.norm(x_BLD)

    def query(self, state: Tensor, age: Tensor) -> Tensor:
        """Query [..., D] from the state after the newest event and that event's age in days [...]."""
        if not self.config.times:
            return state
        return state + self.since((torch.log1p(age) / _LOG_DAYS_SCALE).unsqueeze(-1))

    def decays(self, ages: Tensor) -> Tensor:
        """Weights [..., H] of events that are `ages` days old; each halves over its half-life."""
        return torch.exp(-ages.unsqueeze(-1) * self.rates_H)

    def personal_features(self, counts: Tensor, baskets: Tensor, newest_age: Tensor) -> Tensor:
        """Features [..., F] of decayed counts [..., H] beside the user's decayed basket counts.

        `baskets` [..., H] and `newest_age` [...] belong to the request and broadcast over candidates.
        """
        rate = counts / (baskets + _TINY)
        shape = (*counts.shape[:-1], 1)
        return torch.cat(
            [
                torch.log1p(counts),
                torch.log(rate + _RATE_FLOOR) / _LOG_RATE_SCALE,
                (torch.log1p(baskets[..., -1:]) / _LOG_DAYS_SCALE).expand(shape),
                (torch.log1p(newest_age).unsqueeze(-1) / _LOG_DAYS_SCALE).expand(shape),
            ],
            -1,
        )

    def personal_logit(self, features: Tensor, vectors: Tensor, query: Tensor) -> Tensor:
        """What counting says of a repeat [...]; the caller keeps it off items that were never bought.

        `vectors` and `query` [..., D] broadcast over each other to the shape of `features` [..., F].
        """
        kind = self.repeat_item(vectors) * (1.0 + self.repeat_query(query))
        learned = self.personal(torch.cat([features, kind], -1)) + self.frequency(features)
        return learned.squeeze(-1)

    def read(self, ids_BT: Tensor, ages_BT: Tensor, vectors_BTD: Tensor) -> Reading:
        """Everything that a request's history says, before any candidate is looked at.

        `ids_BT` [B, T] oldest first, 0 = padding; `ages_BT` [B, T] days before the request, 0 or more;
        `vectors_BTD` the item vectors of `ids_BT`.
        """
        L = self.config.context
        state_BD = self.encode(vectors_BTD[:, -L:], ids_BT[:, -L:], -ages_BT[:, -L:])[:, -1]
        known_BT = ids_BT != 0
        newest_B = torch.where(known_BT, ages_BT, _NEVER_DAYS).amin(1)
        newest_B = torch.where(known_BT.any(1), newest_B, 0.0)
        query_BD = torch.where(known_BT.any(1, keepdim=True), self.query(state_BD, newest_B), 0.0)
        decay_BTH = self.decays(ages_BT) * known_BT.unsqueeze(-1)
        baskets_BH = (decay_BTH * basket_starts(ages_BT, known_BT).unsqueeze(-1)).sum(1)
        return Reading(ids_BT, query_BD, decay_BTH, baskets_BH, newest_B)

    def with_repeats(
        self, general_BC: Tensor, reading: Reading, counts_BCH: Tensor, vectors_BCD: Tensor
    ) -> Tensor:
        """Logits [B, C] after the user's own purchases: `general_BC` where the decayed counts are 0."""
        features = self.personal_features(counts_BCH, reading.baskets_BH[:, None], reading.newest_B[:, None])
        logits_BC = self.personal_logit(features, vectors_BCD, reading.query_BD[:, None])
        return torch.where(counts_BCH[..., -1] > 0, self.keep * general_BC + logits_BC, general_BC)

    def forward(self, history_ids: Tensor, history_ages: Tensor) -> Tensor:
        """Logits [B, V+1] of every catalogue index for histories [B, T]; index 0 gets the lowest."""
        return self.catalogue_logits(history_ids, history_ages, self.table())

    @torch.no_grad()
    def table(self) -> DenseTable:
        """The vectors of the whole catalogue, as constants."""
        return DenseTable(self.item_vectors(torch.arange(self.config.catalogue + 1, device=self.bias.device)))

    def catalogue_logits(self, ids_BT: Tensor, ages_BT: Tensor, table: ItemTable) -> Tensor:
        """`forward` over item vectors that were computed before; the exported graph keeps them as constants."""
        vectors_BTD = table.vectors(ids_BT)
        reading = self.read(ids_BT, ages_BT, vectors_BTD)
        logits_BV = table.scores(reading.query_BD) + self.bias
        if self.collaborative is not None:
            logits_BV = logits_BV + self.collaborative(ids_BT)
        if self.config.repeats:
            logits_BV = self._with_own_repeats(logits_BV, reading, vectors_BTD)
        return torch.cat([torch.full_like(logits_BV[:, :1], MASKED), logits_BV[:, 1:]], 1)

    def _with_own_repeats(self, logits_BV: Tensor, reading: Reading, vectors_BTD: Tensor) -> Tensor:
        ids_BT = reading.ids_BT
        counts_BTH = _own_counts(ids_BT, reading.decay_BTH, logits_BV.shape[1])
        logits_BT = self.with_repeats(logits_BV.gather(1, ids_BT), reading, counts_BTH, vectors_BTD)
        # Copies of one item carry the same logit, so that the order in which they are written is no matter.
        return logits_BV.scatter(1, ids_BT, logits_BT)

    def candidate_logits(
        self, ids_BT: Tensor, ages_BT: Tensor, candidates_BC: Tensor, table: ItemTable
    ) -> Tensor:
        """Logits [B, C] of chosen catalogue indices; the same numbers that `forward` gives them."""
        vectors_BCD = table.vectors(candidates_BC)
        reading = self.read(ids_BT, ages_BT, table.vectors(ids_BT))
        general_BC = (vectors_BCD @ reading.query_BD.unsqueeze(-1)).squeeze(-1) + self.bias[candidates_BC]
        if self.collaborative is not None:
            general_BC = general_BC + self.collaborative(ids_BT).gather(1, candidates_BC)
        if not self.config.repeats:
            return general_BC
        match_BCT = (candidates_BC[:, :, None] == ids_BT[:, None, :]).to(vectors_BCD.dtype)
        return self.with_repeats(general_BC, reading, match_BCT @ reading.decay_BTH, vectors_BCD)


def _own_counts(ids_BT: Tensor, decay_BTH: Tensor, rows: int) -> Tensor:
    """Decayed counts [B, T, H] of each event's item in the same history; `rows` is the number of indices.

    Copies of an item elect one of their places, gather there and read from there, in time linear in T and
    `rows`; comparing every event with every other took a third of an answer at 512 events.
    """
    place_T = torch.arange(ids_BT.shape[1], dtype=torch.int32, device=ids_BT.device)
    elected_BV = torch.zeros(ids_BT.shape[0], rows, dtype=torch.int32, device=ids_BT.device)
    elected_BV = elected_BV.scatter(1, ids_BT, place_T.expand_as(ids_BT))
    place_BTH = elected_BV.gather(1, ids_BT).long().unsqueeze(-1).expand_as(decay_BTH)
    counts_BTH = torch.zeros_like(decay_BTH).scatter_add(1, place_BTH, decay_BTH)
    return counts_BTH.gather(1, place_BTH)


def basket_starts(days: Tensor, known: Tensor) -> Tensor:
    """1 where a known event opens a basket along the last axis: nothing known before it, or another day."""
    first = torch.ones_like(known[..., :1])
    opens = torch.cat([first, (days[..., 1:] != days[..., :-1]) | ~known[..., :-1]], -1)
    return (opens & known).to(days.dtype)
