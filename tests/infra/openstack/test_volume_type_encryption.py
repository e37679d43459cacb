"""Encrypting a volume type with the real openstacksdk: against a stand-in, and against a real Cinder API."""

import warnings
from uuid import uuid4

import pytest

from infra.openstack.volume_type_encryption import ENCRYPTION, _EncryptionProvider
from scripts.standins.cinder import cinder, clouds
from tests.infra.openstack.real_cinder import TOKEN, real_cinder

# openstacksdk warns of its own future, once, when it is loaded.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import openstack

# openstacksdk 4.22 warns of what it will remove, and uses it itself.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack")

OPERATOR = "operator"
provider = _EncryptionProvider()


@pytest.fixture(scope="module", params=["stand-in", pytest.param("real", marks=pytest.mark.cinder)])
def endpoint(request, tmp_path_factory):
    if request.param == "real":
        with real_cinder(tmp_path_factory.mktemp("cinder")) as endpoint:
            yield endpoint
    else:
        with cinder() as serving:
            yield serving.endpoint


@pytest.fixture
def volumes(endpoint, tmp_path, monkeypatch):
    """Cinder as the operator sees it by clouds.yaml."""
    clouds(tmp_path / "clouds.yaml", endpoint, OPERATOR, token=TOKEN)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    # The library adds that file to this list of its own, for good.
    monkeypatch.setattr(openstack.config.loader, "CONFIG_FILES", [])
    with openstack.connect(cloud=OPERATOR) as connection:
        yield connection.block_storage


@pytest.fixture
def props(request, volumes):
    """The inputs for a volume type that is there and plain; the stand-in has them all."""
    real = "real" in request.node.callspec.id
    type_id = volumes.create_type(name=f"rialto-{uuid4()}", is_public=False).id if real else str(uuid4())
    return {"type_id": type_id, "cloud": OPERATOR, "region": "RegionOne", **ENCRYPTION}


def test_a_plain_type_becomes_encrypted(volumes, props):
    assert volumes.get_type_encryption(props["type_id"]).provider is None

    made = provider.create(props)

    found = volumes.get_type_encryption(props["type_id"])
    assert made.id == props["type_id"]
    assert {key: found[key] for key in ENCRYPTION} == ENCRYPTION


def test_what_pulumis_wire_made_a_double_of_is_a_whole_number_to_cinder(volumes, props):
    provider.create({**props, "key_size": 256.0})

    assert volumes.get_type_encryption(props["type_id"]).key_size == 256


def test_a_run_that_was_cut_off_after_cinder_agreed_goes_on(props):
    provider.create(props)

    assert provider.create(props).outs == props


def test_a_type_that_is_encrypted_otherwise_is_refused_and_left_alone(volumes, props):
    volumes.create_type_encryption(props["type_id"], **{**ENCRYPTION, "key_size": 128})

    with pytest.raises(ValueError, match=r"'key_size': 128.*choose another openstack\.storage\.volume-type"):
        provider.create(props)

    assert volumes.get_type_encryption(props["type_id"]).key_size == 128


def test_a_type_that_somebody_made_plain_again_is_noticed(volumes, props):
    made = provider.create(props)
    assert provider.read(made.id, made.outs).outs == props

    volumes.delete_type_encryption(volume_type=props["type_id"])

    assert provider.read(made.id, made.outs).id is None


def test_it_is_taken_back_once_and_once_more(volumes, props):
    made = provider.create(props)

    provider.delete(made.id, made.outs)
    provider.delete(made.id, made.outs)

    assert volumes.get_type_encryption(props["type_id"]).provider is None


@pytest.mark.cinder
@pytest.mark.parametrize("endpoint", ["real"], indirect=True)
def test_a_type_that_is_gone_has_no_encryption(volumes, props):
    made = provider.create(props)
    provider.delete(made.id, made.outs)
    volumes.delete_type(props["type_id"])

    assert provider.read(made.id, made.outs).id is None
    provider.delete(made.id, made.outs)
    with pytest.raises(ValueError, match=r"administrator of Cinder: .*404"):
        provider.create(props)


def test_an_operator_that_clouds_yaml_does_not_know_is_one_line(props):
    with pytest.raises(
        ValueError, match=r"^openstack\.operator\.cloud is nobody: .* Add it to clouds\.yaml$"
    ):
        provider.create({**props, "cloud": "nobody"})


def test_another_cipher_is_another_encryption_and_another_name_of_the_operator_is_none():
    olds = {"type_id": "one", "cloud": OPERATOR, "region": "RegionOne", **ENCRYPTION}

    assert provider.diff("one", olds, olds).changes is False
    assert provider.diff("one", olds, {**olds, "cipher": "other"}).replaces == ["cipher"]
    renamed = provider.diff("one", olds, {**olds, "cloud": "root"})
    assert (renamed.changes, renamed.replaces) == (True, [])
    assert provider.update("one", olds, {**olds, "cloud": "root"}).outs["cloud"] == "root"
