"""Everything that one running gateway holds, opened in order and closed in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from serving.failure import ServerError
from serving.gateway.audit_log import AuditLog
from serving.gateway.config import GatewayConfig
from serving.gateway.decision import Decider
from serving.gateway.metrics import Metrics
from serving.gateway.model import Models
from serving.gateway.pseudonym import Pseudonyms
from serving.gateway.release import Release, Releases, Tritons
from serving.gateway.search.retriever import Retriever
from serving.gateway.search.semantic import Semantic
from serving.gateway.seed import recent_shoppers, seed
from serving.gateway.store import HistoryStore, HistoryStoreError
from serving.gateway.store_address import open_histories

__all__ = ["Service", "opened"]

CHECK_SECONDS = 2.0
SYNC_SECONDS = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """What the routes work with."""

    config: GatewayConfig
    pseudonyms: Pseudonyms
    histories: HistoryStore
    releases: Releases
    decider: Decider
    audit: AuditLog
    metrics: Metrics
    health: Mapping[str, str]
    shoppers: Sequence[tuple[str, int]]

    def retrievers(self, release: Release) -> Sequence[Retriever]:
        """Who finds items for a query; the first also says how the query was understood."""
        if release.semantic is None:
            return (release.lexical,)
        encode = partial(self.decider.models.encode, release)
        return (release.lexical, Semantic(release.semantic, encode))


@asynccontextmanager
async def opened(config: GatewayConfig, tritons: Tritons) -> AsyncIterator[Service]:
    """A gateway's service for as long as the block runs; ValueError or HistoryStoreError in one line if not.

    `tritons` are closed with it. `health` says of each thing behind the gateway "ok" or what was wrong with it lately.
    """
    config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        pseudonyms = Pseudonyms.from_file(config.pseudonym_key or config.state / "pseudonym.key")
        audit = AuditLog(config.state / "audit")
        stack.callback(audit.close)
        metrics.watch(audit)
        histories = open_histories(config.histories, config.state)
        stack.push_async_callback(histories.close)
        stack.push_async_callback(tritons.close)
        releases = await Releases.follow(tritons, config.release)
        metrics.follow(releases)
        shoppers: Sequence[tuple[str, int]] = ()
        if config.local:
            shoppers = recent_shoppers(releases.current.catalogue)
            await seed(histories, releases.current.catalogue, pseudonyms, as_if_now=True)
        models = Models(tritons, releases, metrics, config.deadline_seconds)
        decider = Decider(histories, models, releases, config.deadline_seconds)
        health: dict[str, str] = {}
        for name, work, seconds in (
            ("triton", releases.refresh, CHECK_SECONDS),
            ("histories", histories.check, CHECK_SECONDS),
            ("audit", audit.sync, SYNC_SECONDS),
        ):
            task = asyncio.create_task(_watch(name, work, seconds, health, metrics))
            stack.push_async_callback(_ended, task)
        yield Service(config, pseudonyms, histories, releases, decider, audit, metrics, health, shoppers)


async def _watch(
    name: str,
    work: Callable[[], Awaitable[None]],
    seconds: float,
    health: dict[str, str],
    metrics: Metrics,
) -> None:
    """Do the work again and again, and note how it went; a trouble is told once when it begins."""
    metrics.checked.labels(name).set_to_current_time()
    while True:
        word = "ok"
        try:
            await work()
        except (ServerError, HistoryStoreError, ValueError, OSError) as error:
            word = str(error)
            if health.get(name) != word:
                log.warning("%s: %s", name, word)
        else:
            metrics.checked.labels(name).set_to_current_time()
        health[name] = word
        await asyncio.sleep(seconds)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
