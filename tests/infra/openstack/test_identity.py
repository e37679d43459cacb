"""Secrets and credentials: few rights, an end, and never in plain text."""

from tests.infra.openstack.estate import PSEUDONYM_KEY, chosen

CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"
S3_KEY = "openstack:identity/ec2CredentialV3:Ec2CredentialV3"
SECRET = "openstack:keymanager/secretV1:SecretV1"


def rules(declared):
    return {(rule["method"], rule["path"]) for rule in declared.only(CREDENTIAL).inputs["accessRules"]}


def test_the_credential_secret_is_a_secret_output(either):
    assert either.outputs["credential-is-secret"] is True
    assert "secret" in either.only(CREDENTIAL).secret_outputs


def test_the_s3_keys_are_secret_outputs(either):
    assert (either.outputs["access-key-is-secret"], either.outputs["secret-key-is-secret"]) == (True, True)
    for key in either.of_type(S3_KEY):
        assert set(key.secret_outputs) >= {"access", "secret"}


def test_a_credential_makes_no_others_and_ends_on_the_settings_day(either):
    credential = either.only(CREDENTIAL).inputs
    assert credential["unrestricted"] is False
    assert credential["expiresAt"] == "2027-09-30T00:00:00Z"
    assert credential["roles"] == ["member"]


def test_a_credential_may_send_only_the_requests_of_its_job(prod):
    project = chosen("prod")["project-id"]
    assert rules(prod) == {
        ("GET", "/key-manager/v1/secrets/11111111-2222-3333-4444-555555555555/payload"),
        ("GET", f"/v1/AUTH_{project}/rialto-test-interactions"),
        ("GET", f"/v1/AUTH_{project}/rialto-test-interactions/**"),
        ("HEAD", f"/v1/AUTH_{project}/rialto-test-interactions/**"),
        ("PUT", f"/v1/AUTH_{project}/rialto-test-histories/**"),
    }


def test_the_s3_keys_are_replaced_when_the_credentials_are(either):
    names = sorted(each.name for each in either.of_type(S3_KEY))
    assert names == ["openstack-reader-2027-09-30", "openstack-sync-reader-2027-09-30"]


def test_the_pseudonym_key_is_readable_by_whom_it_is_given_to_only(either):
    secret = either.only(SECRET)
    assert secret.inputs["acl"] == {"read": {"projectAccess": False}}
    assert "payload" in secret.secret_outputs


def test_the_pseudonym_key_appears_in_no_other_resource(either):
    holders = [each.type for each in either.resources if PSEUDONYM_KEY in str(each.inputs)]
    assert holders == [SECRET]
