"""How long AWS supports which version of Kubernetes."""

from __future__ import annotations

from datetime import date

__all__ = ["END_OF_SUPPORT"]

# End of standard support: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
END_OF_SUPPORT = {
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
    "1.36": date(2027, 8, 2),
}
