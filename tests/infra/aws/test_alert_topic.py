import json

TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"


def test_each_severity_has_an_encrypted_topic_with_the_mailbox_of_the_stack_behind_it(prod):
    topics = {each.name: each.inputs for each in prod.of_type(TOPIC)}
    mailboxes = {each.name: each.inputs for each in prod.of_type(SUBSCRIPTION)}

    assert {name: each["name"] for name, each in topics.items()} == {
        "aws-alerts-page": "rialto-test-page",
        "aws-alerts-ticket": "rialto-test-ticket",
    }
    assert {each["kmsMasterKeyId"] for each in topics.values()} == {"alias/aws/sns"}
    assert {
        name: (each["topic"], each["protocol"], each["endpoint"]) for name, each in mailboxes.items()
    } == {
        "aws-alerts-page": ("arn:aws:sns:::aws-alerts-page", "email", "rialto-prod@pager.rialto.shop"),
        "aws-alerts-ticket": ("arn:aws:sns:::aws-alerts-ticket", "email", "platform@rialto.shop"),
    }


def test_alertmanager_may_publish_to_both_topics_and_nothing_more(prod):
    found = next(each for each in prod.of_type("aws:iam/rolePolicy:RolePolicy") if each.name == "aws-alerts")
    (statement,) = json.loads(found.inputs["policy"])["Statement"]

    assert statement["Action"] == ["sns:Publish"]
    assert statement["Resource"] == ["arn:aws:sns:::aws-alerts-page", "arn:aws:sns:::aws-alerts-ticket"]
