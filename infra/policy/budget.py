"""Whether what is always there costs more than the stack may spend."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.cost import cost
from infra.policy.estate import Estate, setting
from infra.policy.finding import Finding
from infra.policy.price import Prices

__all__ = ["over_budget"]

KEY = "aws.monthly-budget"


def over_budget(estate: Estate) -> Iterator[Finding]:
    """Find an estate whose known part, always there, exceeds aws.monthly-budget."""
    budget = setting(estate.settings, KEY)
    if budget is None:
        return
    always = cost(estate.resources, Prices.load()).always
    if always > budget:
        yield Finding(
            where=KEY,
            problem=f"what is always there costs {always:,.0f} dollars a month, above {budget:,.0f}",
            remedy=f"lower min-nodes in aws.gpu-pools, or set {KEY} to {always:.0f} or more",
        )
