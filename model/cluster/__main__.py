"""`python -m model.cluster`: train a recipe on the workers of a Ray cluster."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from model.data import prepare
from model.evaluate import ndcg
from model.inputs import ReleaseConfig, add_inputs, training_folder
from model.progress import console_progress
from model.sequence import requests

__all__ = ["main"]


def main() -> None:
    """Train a recipe on a Ray cluster; the checkpoints wait in the cache for `python -m model.release`."""
    parser = argparse.ArgumentParser(prog="python -m model.cluster", description=main.__doc__)
    add_inputs(parser)
    parser.add_argument("--workers", type=int, default=2, help="processes, each with a GPU or a core")
    parser.add_argument(
        "--address", default="", help="the cluster: auto or host:port; without, this machine alone"
    )
    parser.add_argument(
        "--storage", default="", help="for checkpoints: a folder or s3:// that all machines reach"
    )
    given = vars(parser.parse_args())
    workers, address, storage = given.pop("workers"), given.pop("address"), given.pop("storage")
    try:
        _run(ReleaseConfig(**given), workers, address, storage)
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        sys.exit("error: ray is not installed; install the extra: pip install 'rialto[cluster]'")
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on from the last whole epoch")
    print(f"next: python -m model.release --recipe {given['recipe']}, with the same source, path and seed")


def _run(config: ReleaseConfig, workers: int, address: str, storage: str) -> None:
    # Ray is an extra; who does without it is told so, not shown a traceback.
    from model.cluster.joined import joined
    from model.cluster.ranking import cluster_ranker
    from model.cluster.together import train_together

    console = Console()
    with joined(address, workers) as cluster:
        console.print(f"preparing {config.source}")
        prepared = prepare(config.data)
        tuned = config.train_config(len(prepared.items))
        console.print(
            f"training recipe {config.recipe} on {workers} of {cluster.size} {cluster.resource}s "
            f"(machines: {cluster.machines})"
        )
        with console_progress(console) as progress:
            model = train_together(
                cluster,
                prepared,
                tuned,
                config.seed,
                training_folder(config),
                storage,
                progress,
                console.print,
                exclude_seen=config.exclude_seen,
            )
        held_out = requests(prepared.events, "validation", tuned.model.max_history)
        score = ndcg(cluster_ranker(model, cluster), held_out, config.exclude_seen)
        console.print(f"NDCG@10 {score:.4f} on all {len(held_out):,} validation requests")


if __name__ == "__main__":
    main()
