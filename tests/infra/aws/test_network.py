"""The VPC: closed but for endpoints and the bridge."""

import json

from infra.aws.endpoint import INTERFACES


def test_no_subnet_has_a_way_to_the_internet(prod):
    types = {each.type for each in prod.resources}

    assert not types & {
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/eip:Eip",
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
    }
    assert not any(each.inputs["mapPublicIpOnLaunch"] for each in prod.of_type("aws:ec2/subnet:Subnet"))
    routes = prod.of_type("aws:ec2/route:Route")
    assert [each.inputs["destinationCidrBlock"] for each in routes] == ["10.10.0.0/16"]
    assert routes[0].inputs["transitGatewayId"] == "aws-bridge-id"


def test_subnets_are_named_by_zone(prod):
    subnets = {each.name: each.inputs for each in prod.of_type("aws:ec2/subnet:Subnet")}

    assert {name: each["availabilityZone"] for name, each in subnets.items()} == {
        f"aws-private-eu-central-1{letter}": f"eu-central-1{letter}" for letter in "abc"
    }
    assert all(each["tags"]["kubernetes.io/role/internal-elb"] == "1" for each in subnets.values())


def test_the_default_security_group_lets_nothing_through(prod):
    group = prod.only("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs

    assert (group["ingress"], group["egress"]) == ([], [])


def test_endpoints_answer_https_from_the_vpc_and_over_the_bridge_and_nothing_else(prod):
    rules = prod.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")

    assert {
        (each.name, each.inputs["cidrIpv4"], each.inputs["fromPort"], each.inputs["toPort"]) for each in rules
    } == {
        ("aws-endpoints", "10.20.0.0/16", 443, 443),
        ("aws-cluster-operators", "10.10.0.0/16", 443, 443),
        ("aws-sync", "10.10.0.0/16", 443, 443),
    }


def test_every_service_that_nodes_need_has_an_endpoint_in_every_zone(prod):
    endpoints = prod.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    services = {
        each.inputs["serviceName"].removeprefix("com.amazonaws.eu-central-1."): each.inputs
        for each in endpoints
        if each.name != "aws-sync"
    }

    assert set(services) == {"s3", *INTERFACES}
    assert {"ecr.api", "ecr.dkr", "sts", "logs", "ec2", "eks", "eks-auth", "autoscaling", "sns"} == set(
        INTERFACES
    )
    assert services["s3"]["vpcEndpointType"] == "Gateway"
    for service in INTERFACES:
        assert len(services[service]["subnetIds"]) == 3
        assert services[service]["privateDnsEnabled"]


def test_endpoints_serve_callers_of_this_account_only(prod):
    for endpoint in prod.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        for statement in json.loads(endpoint.inputs["policy"])["Statement"]:
            # ECR itself signs the requests for layers.
            if statement["Sid"] != "ImageLayers":
                account = statement["Condition"]["StringEquals"]["aws:PrincipalAccount"]
                assert account == "111122223333", endpoint.name


def test_the_s3_endpoint_leads_to_our_bucket_and_to_image_layers(prod):
    endpoint = next(
        each for each in prod.of_type("aws:ec2/vpcEndpoint:VpcEndpoint") if each.name.endswith("-s3")
    )
    own, layers = json.loads(endpoint.inputs["policy"])["Statement"]

    assert own["Resource"] == ["arn:aws:s3:::aws-store", "arn:aws:s3:::aws-store/*"]
    assert layers["Resource"] == ["arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"]
    assert layers["Action"] == ["s3:GetObject"]


def test_all_flows_are_logged(prod):
    flows = prod.only("aws:ec2/flowLog:FlowLog").inputs

    assert (flows["trafficType"], flows["vpcId"]) == ("ALL", "aws-id")
    assert flows["logDestination"] == "arn:aws:logs:::aws-flow"


def test_every_log_is_encrypted_and_kept_as_long_as_the_stack_says(prod):
    groups = {each.inputs["name"]: each.inputs for each in prod.of_type("aws:cloudwatch/logGroup:LogGroup")}

    assert set(groups) == {
        "/rialto/test/flow",
        "/rialto/test/pods",
        "/rialto/test/tunnels",
        "/aws/eks/rialto-test/cluster",
    }
    for each in groups.values():
        assert (each["kmsKeyId"], each["retentionInDays"]) == ("arn:aws:kms:::key/aws-keys-logs", 365)


def test_a_zone_more_is_a_subnet_more_and_no_other_subnet_less(values, prod):
    from tests.infra.aws.estate import declare

    values["aws"]["network"]["zones"]["eu-central-1d"] = {"private": "10.20.192.0/18"}
    more = set(declare(values).listing().splitlines()) - set(prod.listing().splitlines())

    assert more == {
        "aws:ec2/subnet:Subnet aws-private-eu-central-1d",
        "aws:ec2/routeTableAssociation:RouteTableAssociation aws-private-eu-central-1d",
    }


def test_where_s3_is_can_be_told_to_network_policies(prod):
    assert prod.outputs["s3-ranges"] == ["203.0.113.0/24"]
