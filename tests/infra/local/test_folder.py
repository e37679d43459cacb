from infra.local.folder import PROJECT, point
from model.artifact import release_store


def test_releases_lie_in_the_cache_that_all_clones_share(monkeypatch, tmp_path):
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))

    assert release_store() == tmp_path / "releases"


def test_a_link_is_moved_at_once_and_leaves_nothing_beside_it(tmp_path):
    for target in ("old", "new"):
        (tmp_path / target).mkdir()
        point(tmp_path / "release", tmp_path / target)

    assert (tmp_path / "release").readlink() == tmp_path / "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old", "release"]


def test_the_project_is_the_clone_that_this_code_is_in():
    assert (PROJECT / "infra" / "local" / "folder.py").exists()
