from concurrent.futures import ThreadPoolExecutor

from infra.local.folder import point


def test_several_servers_may_point_at_their_release_at_once(tmp_path):
    targets = [tmp_path / name for name in ("old", "new")]

    with ThreadPoolExecutor(8) as servers:
        done = [servers.submit(point, tmp_path / "release", targets[turn % 2]) for turn in range(400)]

    assert not [each.exception() for each in done if each.exception()]
    assert (tmp_path / "release").readlink() in targets
    assert [path.name for path in tmp_path.iterdir()] == ["release"]
