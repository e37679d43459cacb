import gzip
import io
import json
import tarfile

import pytest

from scripts.containers.contents import contents


def layer(*members):
    """The tar of files given as (path, bytes, mode)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data, mode in members:
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def saved(tmp_path):
    """An image as `podman save` writes it, of the given layers."""

    def saved(*layers):
        file = tmp_path / "image.tar"
        names = [f"{number}.tar" for number in range(len(layers))]
        manifest = json.dumps([{"Layers": names}]).encode()
        with tarfile.open(file, "w") as tar:
            for name, data in [*zip(names, layers, strict=True), ("manifest.json", manifest)]:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return file

    return saved


def test_a_file_counts_once_as_the_last_layer_has_it(saved):
    found = contents(saved(layer(("app/a", b"12345", 0o644)), layer(("app/a", b"123", 0o644))))

    assert (found.disk, found.files, found.parts) == (3, 1, {"/app": 3})


def test_what_a_layer_removes_is_gone(saved):
    below = layer(("app/a", b"1", 0o644), ("app/b/c", b"22", 0o644), ("opt/d", b"333", 0o644))
    found = contents(saved(below, layer(("app/.wh.b", b"", 0o644), ("opt/.wh..wh..opq", b"", 0o644))))

    assert (found.disk, found.files) == (1, 1)


def test_files_of_a_distribution_are_its_own_with_their_bytecode(saved):
    record = b"lib.py,sha256=x,5\nlib.libs/so,,7\nlib-1.0.dist-info/RECORD,,\n"
    found = contents(
        saved(
            layer(
                ("packages/lib.py", b"12345", 0o644),
                ("packages/__pycache__/lib.cpython-311.pyc", b"12", 0o644),
                ("packages/lib.libs/so", b"1234567", 0o644),
                ("packages/lib-1.0.dist-info/RECORD", record, 0o644),
                ("packages/other/x", b"1", 0o644),
            )
        )
    )

    assert found.parts == {"lib": 5 + 2 + 7 + len(record), "/packages/other": 1}


def test_shells_and_what_gives_rights_are_named(saved):
    found = contents(
        saved(
            layer(("usr/bin/bash", b"x", 0o755), ("usr/bin/su", b"y", 0o4755), ("usr/bin/shed", b"z", 0o755))
        )
    )

    assert (found.shells, found.privileged) == (("usr/bin/bash",), ("usr/bin/su",))


def test_what_is_sent_is_what_gzip_makes_of_the_layers(saved):
    data = layer(("app/a", bytes(100_000), 0o644))

    assert contents(saved(data)).sent == pytest.approx(len(gzip.compress(data, 6)), abs=20)


def test_a_file_that_is_no_image_is_refused_in_one_line(tmp_path):
    file = tmp_path / "image.tar"
    file.write_bytes(layer(("a", b"1", 0o644)))

    with pytest.raises(ValueError, match=r"image\.tar is no image of `podman save`.*docker-archive$"):
        contents(file)
