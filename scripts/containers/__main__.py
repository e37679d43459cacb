"""Builds our images and says what is in them; scripts/images runs it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from scripts.containers.contents import Contents, contents
from scripts.containers.podman import Podman, PodmanError, containerfile, containerfiles
from scripts.containers.report import FILE, document, result
from scripts.setup.marker import replace_file

__all__ = ["main"]

# PyTorch with CUDA: gigabytes, so only for who asks for it by name.
HEAVY = "training"
NAMESPACE = "registry.rialto.shop/rialto"


def main() -> None:
    """Build, measure, write."""
    chosen = _parser().parse_args()
    podman, console, started = Podman(), Console(), time.monotonic()
    images: dict[str, Contents] = {}
    if unknown := [name for name in chosen.image if name not in containerfiles()]:
        sys.exit(f"error: there is no image {unknown[0]!r}; there are: {', '.join(containerfiles())}")
    try:
        base = podman.bring_debian() if chosen.debian else None
        for name in dict.fromkeys(chosen.image or [each for each in containerfiles() if each != HEAVY]):
            with console.status(f"{name}: building"):
                image = podman.build(containerfile(name), f"{chosen.namespace}/{name}", base)
            with console.status(f"{name}: looking inside"):
                images[name] = _contents(podman, image)
            console.print(f"{image}: {images[name].files:,} files")
    except FileNotFoundError:
        sys.exit("error: podman is not installed; apt-get install podman buildah runc")
    except PodmanError as error:
        last = str(error).splitlines()[-1] if str(error) else "podman said nothing"
        remedy = "" if chosen.debian else "; without a registry: scripts/images --debian"
        sys.exit(f"error: {last}{remedy}")
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    found = result(images, time.monotonic() - started)
    console.print(found.table())
    FILE.parent.mkdir(parents=True, exist_ok=True)
    replace_file(FILE, document(images))
    found.write()
    print(
        f"next: what is in them is in {FILE.relative_to(Path.cwd())}; podman push {chosen.namespace}/<name>"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/images", description=__doc__)
    parser.add_argument("image", nargs="*", help=f"{', '.join(containerfiles())}; all but {HEAVY} by default")
    parser.add_argument(
        "--debian", action="store_true", help="on a base made here from Debian's packages (needs root)"
    )
    parser.add_argument(
        "--namespace", default=NAMESPACE, help=f"what comes before the images' names ({NAMESPACE})"
    )
    return parser


def _contents(podman: Podman, image: str) -> Contents:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        podman.done("save", "--format", "docker-archive", "--output", archive, image)
        return contents(archive)


if __name__ == "__main__":
    main()
