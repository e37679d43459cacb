import stat
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from serving.edge.certificate import Authority, due, expires, issue
from tests.serving.edge.estate import CLIENT, SERVER, TRITON


@pytest.fixture
def authority(tmp_path):
    return Authority.of(tmp_path / "authority")


def certificate(folder):
    return x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())


def test_an_authority_is_made_once(tmp_path, authority):
    again = Authority.of(tmp_path / "authority")

    assert again.certificate == authority.certificate


def test_keys_are_their_owners_only(tmp_path, authority):
    issue(authority, tmp_path / "server", SERVER)

    for file in (tmp_path / "authority" / "ca.key", tmp_path / "server" / "tls.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in ("authority", "server"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


def test_a_key_fits_its_certificate_also_after_it_was_replaced(tmp_path, authority):
    for _ in range(3):
        issue(authority, tmp_path / "server", SERVER)
        key = serialization.load_pem_private_key((tmp_path / "server" / "tls.key").read_bytes(), None)

        assert certificate(tmp_path / "server").public_key() == key.public_key()
    # One version, the links to it, and the link that says which.
    assert len(list((tmp_path / "server").iterdir())) == 5


def test_a_certificate_says_what_it_is_for(tmp_path, authority):
    for leaf in (SERVER, CLIENT, TRITON):
        issue(authority, tmp_path / leaf.names[0], leaf)
        found = certificate(tmp_path / leaf.names[0])
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (purpose,) = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

        found.verify_directly_issued_by(authority.certificate)
        assert names.get_values_for_type(x509.DNSName) == list(leaf.names)
        assert purpose._name == f"{leaf.purpose}Auth"


def test_an_authority_vouches_for_names_of_this_machine_only(authority):
    allowed = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints)

    assert allowed.critical
    assert [name.value for name in allowed.value.permitted_subtrees] == ["localhost", "triton", "edge"]


def test_a_certificate_is_due_when_a_third_of_its_time_is_left_or_another_authority_made_it(
    tmp_path, authority
):
    folder = tmp_path / "server"
    assert due(authority, folder)
    issue(authority, folder, SERVER)
    assert not due(authority, folder)
    assert (expires(folder) - datetime.now(UTC)).days == 364
    assert due(Authority.of(tmp_path / "other"), folder)
    # Five minutes of it lie in the past already.
    issue(authority, folder, replace(SERVER, days=2 / 24 / 60))
    assert due(authority, folder)
    (folder / "tls.crt").write_text("no certificate")
    assert due(authority, folder)


def test_a_damaged_authority_is_one_line_with_the_remedy(tmp_path, authority):
    (tmp_path / "authority" / "ca.key").write_text("no key")

    with pytest.raises(ValueError, match=r"^the authority in .* is damaged \(.*\); remove that folder$"):
        Authority.of(tmp_path / "authority")
