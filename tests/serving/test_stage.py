import zipfile

import pytest

from model.artifact import sha256_of
from serving.stage import main, stage


@pytest.fixture
def bundle(tmp_path):
    return packed(tmp_path / "store" / "code.zip", {"model/train.py": "print('trains')"})


def packed(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return path


def digest(path):
    return f"sha256:{sha256_of(path)}"


def test_code_is_unpacked_and_data_lies_beside_it(tmp_path, bundle):
    data = tmp_path / "histories"
    (data / "2026").mkdir(parents=True)
    (data / "2026" / "events.csv").write_text("user,item")

    assert stage(bundle.as_uri(), digest(bundle), tmp_path / "work", data.as_uri()) == 1

    assert (tmp_path / "work" / "code" / "model" / "train.py").read_text() == "print('trains')"
    assert (tmp_path / "work" / "data" / "2026" / "events.csv").read_text() == "user,item"


def test_code_of_another_digest_is_not_unpacked(tmp_path, bundle):
    with pytest.raises(ValueError, match="do not run it"):
        stage(bundle.as_uri(), f"sha256:{'0' * 64}", tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_name_that_leaves_the_folder_is_refused(tmp_path):
    bundle = packed(tmp_path / "code.zip", {"../outside.py": ""})

    with pytest.raises(ValueError, match=r"names \.\./outside\.py, which would leave the folder"):
        stage(bundle.as_uri(), digest(bundle), tmp_path / "work")
    assert not (tmp_path / "outside.py").exists()


def test_an_empty_data_set_is_refused(tmp_path, bundle, capsys):
    (tmp_path / "empty").mkdir()
    arguments = [
        bundle.as_uri(),
        digest(bundle),
        str(tmp_path / "work"),
        "--data",
        (tmp_path / "empty").as_uri(),
    ]

    assert main(arguments) == 1
    assert "is empty; sync the data set before training on it" in capsys.readouterr().err
