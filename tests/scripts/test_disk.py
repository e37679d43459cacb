import shutil

import pytest

from scripts.setup.disk import GIGABYTE, require_space
from scripts.setup.failure import SetupError


def test_a_disk_with_too_little_room_is_refused_before_anything_is_written(tmp_path):
    needed = shutil.disk_usage(tmp_path).free / GIGABYTE + 1000

    with pytest.raises(
        SetupError, match=r"no disk space: PyTorch needs about \d+\.\d GB and .* GB free; free some"
    ):
        require_space([tmp_path / "not" / "there" / "yet"], needed, "PyTorch")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_with_room_is_fine(tmp_path):
    require_space([tmp_path / "not" / "there" / "yet"], 0.0, "nothing")
