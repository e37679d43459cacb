"""Where each input of the provider's OpenStack resources goes in OpenStack's own APIs.

What no library defines is written down here, each with the page that does. Unchecked stay: rules over several
attributes (a port range needs a protocol that has ports); whether there is a flavour, image, volume type, storage
policy or role of that name, and room for it; what Magnum's driver makes of labels; and Swift's object versioning, which
openstacksdk does not know.
"""

import warnings

from tests.infra.openstack_oracle import Target, each_of, neutron, sdk, specified

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import os_service_types
    from neutron_lib import constants
    from openstack.block_storage.v3.type import Type
    from openstack.block_storage.v3.volume import Volume
    from openstack.compute.v2.server import Server
    from openstack.compute.v2.server_group import ServerGroup
    from openstack.container_infrastructure_management.v1.cluster import Cluster
    from openstack.container_infrastructure_management.v1.cluster_template import ClusterTemplate
    from openstack.identity.v3.application_credential import ApplicationCredential
    from openstack.key_manager.v1.secret import Secret
    from openstack.load_balancer.v2.load_balancer import LoadBalancer
    from openstack.network.v2.security_group import SecurityGroup
    from openstack.network.v2.security_group_rule import SecurityGroupRule
    from openstack.object_store.v1.container import Container

UUID = {"type:uuid": None}
TEXT = {"type:not_empty_string": 255}
FLAG = {"type:boolean": None}
# https://docs.openstack.org/api-ref/network/v2/#standard-attributes-tag-extension and, for the limits,
# https://docs.openstack.org/api-ref/network/v2/#resource-description
TAGS = {"tags": {"type:list_of_unique_strings": 255}}
STANDARD = {"description": {"type:string": 255}, **TAGS}


def one_of(*values: str) -> dict:
    return {"type:values": list(values)}


def at_least(smallest: int) -> dict:
    return {"type:range": [smallest, None]}


# https://docs.openstack.org/api-ref/compute/#create-server-group
POLICIES = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]

# https://docs.openstack.org/api-ref/compute/#create-server (block_device_mapping_v2)
BLOCK_DEVICES = each_of(
    source_type=one_of("blank", "image", "snapshot", "volume"),
    destination_type=one_of("local", "volume"),
    uuid=UUID,
    volume_size=at_least(1),
    volume_type=TEXT,
    boot_index={"type:integer": None},
    delete_on_termination=FLAG,
)

# https://docs.openstack.org/api-ref/container-infrastructure-management/#create-new-cluster-template
TEMPLATE = {
    "coe": one_of("kubernetes"),
    "server_type": one_of("vm", "bm"),
    "network_driver": one_of("calico", "flannel"),
    "volume_driver": one_of("cinder"),
    "floating_ip_enabled": FLAG,
    "labels": {"type:words": 255},
    "fixed_network": UUID,
    "fixed_subnet": UUID,
    "external_network_id": UUID,
}

CLUSTER = {
    "master_count": at_least(1),
    "node_count": at_least(0),
    "cluster_template_id": UUID,
    "fixed_network": UUID,
    "fixed_subnet": UUID,
    "labels": {"type:words": 255},
}

# openstacksdk knows no node groups:
# https://docs.openstack.org/api-ref/container-infrastructure-management/#create-new-nodegroup
NODE_GROUP = specified(
    {
        "name": {"type:regex": "^[a-zA-Z][a-zA-Z0-9_.-]{0,254}$"},
        "role": {"type:regex": "^[a-z][a-z0-9-]{0,62}$"},
        "flavor_id": TEXT,
        "image_id": TEXT,
        "labels": {"type:words": 255},
        "merge_labels": FLAG,
        "docker_volume_size": at_least(1),
        "node_count": at_least(0),
        "min_node_count": at_least(0),
        "max_node_count": at_least(1),
    },
    required=("name", "flavor_id"),
)

# https://docs.openstack.org/api-ref/identity/v3/#create-application-credential; the patterns are Keystone's
# (keystone/application_credential/schema.py).
CREDENTIAL = {
    "expires_at": {"type:regex": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
    "roles": {"type:list_of_unique_strings": 64},
    "access_rules": each_of(
        service=one_of(*sorted(os_service_types.ServiceTypes().all_types_by_service_type)),
        method=one_of("POST", "GET", "HEAD", "PATCH", "PUT", "DELETE"),
        path={"type:regex": r"^/.{0,224}$"},
    ),
}

# https://docs.openstack.org/barbican/latest/api/reference/secrets.html and secret_types.html
SECRET = {
    "secret_type": one_of("symmetric", "public", "private", "passphrase", "certificate", "opaque"),
    "payload": {"type:not_empty_string": 20000},
    "payload_content_type": one_of("text/plain", "application/octet-stream"),
}

# https://docs.openstack.org/swift/latest/overview_acl.html
CONTAINER = {
    "name": {"type:regex": r"^[^/]{1,256}$"},
    "x-container-read": {"type:regex": r"^[0-9a-f]{32}:[0-9a-f]{32}(,[0-9a-f]{32}:[0-9a-f]{32})*$"},
    "x-storage-policy": TEXT,
}

# neutron-lib has what extensions add to security groups, and their vocabulary, but not the groups themselves.
RULE = {
    "direction": one_of(constants.INGRESS_DIRECTION, constants.EGRESS_DIRECTION),
    "ethertype": one_of(constants.IPv4, constants.IPv6),
    "protocol": one_of(*constants.IP_PROTOCOL_MAP),
    "port_range_min": {"type:range": [0, 65535]},
    "port_range_max": {"type:range": [0, 65535]},
    "remote_ip_prefix": {"type:subnet": None},
    "remote_group_id": UUID,
    "security_group_id": UUID,
    "description": {"type:string": 255},
}

FLOATING = neutron("floatingips", "l3", **STANDARD)
EXTERNAL = {"floating_network_id": "00000000-0000-0000-0000-000000000000"}

TARGETS = {
    "openstack:blockstorage/volume:Volume": Target(
        sdk(Volume, required=("size",), size=at_least(1), volume_type=TEXT)
        | specified({"metadata": {"type:words": 255}}),
        # How the provider grows a volume in use.
        {"enableOnlineResize": None},
    ),
    # https://docs.openstack.org/api-ref/block-storage/v3/#add-private-volume-type-access-to-project: the type is in
    # the address.
    "openstack:blockstorage/volumeTypeAccessV3:VolumeTypeAccessV3": Target(
        specified({"project": TEXT}, required=("project",)), {"projectId": "project", "volumeTypeId": None}
    ),
    "openstack:blockstorage/volumeTypeV3:VolumeTypeV3": Target(
        sdk(Type, required=("name",), name=TEXT) | specified({"name": TEXT}),
        {"isPublic": "os-volume-type-access:is_public"},
    ),
    "openstack:compute/instance:Instance": Target(
        sdk(
            Server,
            required=("flavorRef", "networks"),
            networks=each_of(port=UUID),
            block_device_mapping_v2=BLOCK_DEVICES,
        )
        | specified(
            {
                "metadata": {"type:words": 255},
                "OS-SCH-HNT:scheduler_hints": each_of(group=UUID),
                "config_drive": FLAG,
            }
        ),
        {
            "flavorName": "flavorRef",
            "blockDevices": "block_device_mapping_v2",
            "schedulerHints": "OS-SCH-HNT:scheduler_hints",
            "userData": "OS-EXT-SRV-ATTR:user_data",
            # How the provider ends a machine.
            "stopBeforeDestroy": None,
        },
    ),
    "openstack:compute/serverGroup:ServerGroup": Target(sdk(ServerGroup, policies=one_of(*POLICIES))),
    "openstack:containerinfra/cluster:Cluster": Target(
        sdk(Cluster, required=("name", "cluster_template_id"), **CLUSTER),
        {"masterFlavor": "master_flavor_id", "flavor": "flavor_id"},
    ),
    "openstack:containerinfra/clusterTemplate:ClusterTemplate": Target(
        # The name of a template is the one attribute that openstacksdk leaves to its base class.
        sdk(ClusterTemplate, required=("coe", "image_id"), **TEMPLATE) | specified({"name": TEXT}),
        {"image": "image_id"},
    ),
    "openstack:containerinfra/nodeGroup:NodeGroup": Target(
        # The cluster is in the address of the request.
        NODE_GROUP,
        {"clusterId": None},
    ),
    "openstack:identity/applicationCredential:ApplicationCredential": Target(
        sdk(ApplicationCredential, **CREDENTIAL)
    ),
    # https://docs.openstack.org/api-ref/identity/v3/#credentials: the user is in the address.
    "openstack:identity/ec2CredentialV3:Ec2CredentialV3": Target(specified({"tenant_id": TEXT})),
    "openstack:loadbalancer/loadBalancer:LoadBalancer": Target(
        sdk(LoadBalancer, vip_subnet_id=UUID, provider=TEXT) | specified(STANDARD),
        {"loadbalancerProvider": "provider"},
    ),
    # The ACL is a request of its own.
    "openstack:keymanager/secretV1:SecretV1": Target(sdk(Secret, **SECRET), {"acl": None}),
    "openstack:objectstorage/container:Container": Target(
        sdk(Container, required=("name",), **CONTAINER) | specified({"metadata": {"type:words": 256}}),
        # Another header, and what the provider does on delete.
        {
            "containerRead": "x-container-read",
            "storagePolicy": "x-storage-policy",
            "versioning": None,
            "forceDestroy": None,
        },
    ),
    "openstack:networking/floatingIp:FloatingIp": Target(
        # The provider finds the network by its name.
        FLOATING,
        {"pool": None},
        added=EXTERNAL,
    ),
    "openstack:networking/floatingIpAssociate:FloatingIpAssociate": Target(
        FLOATING, {"floatingIp": None}, updates=True
    ),
    "openstack:networking/network:Network": Target(
        neutron("networks", "network", "port_security", "external_net", "network_mtu", **STANDARD)
    ),
    "openstack:networking/port:Port": Target(
        neutron(
            "ports",
            "port",
            "port_security",
            "allowedaddresspairs",
            security_groups={"type:uuid_list": None},
            **STANDARD,
        ),
        {"securityGroupIds": "security_groups"},
    ),
    "openstack:networking/router:Router": Target(
        neutron("routers", "l3", **STANDARD),
        {"externalNetworkId": "external_gateway_info"},
        body=lambda named: named | {"external_gateway_info": {"network_id": named["external_gateway_info"]}},
    ),
    # https://docs.openstack.org/api-ref/network/v2/#add-interface-to-router: the router is in the address.
    "openstack:networking/routerInterface:RouterInterface": Target(
        specified({"subnet_id": UUID, "port_id": UUID}), {"routerId": None}
    ),
    "openstack:networking/routerRoute:RouterRoute": Target(
        neutron("routers", "extraroute"),
        {"routerId": None, "destinationCidr": "destination", "nextHop": "nexthop"},
        updates=True,
        body=lambda named: {"routes": [named]},
    ),
    "openstack:networking/secGroup:SecGroup": Target(
        sdk(SecurityGroup) | neutron("security_groups", "stateful_security_group", **STANDARD),
        # The provider deletes what Neutron adds.
        {"deleteDefaultRules": None},
    ),
    "openstack:networking/secGroupRule:SecGroupRule": Target(
        sdk(SecurityGroupRule, required=("direction", "security_group_id"), **RULE)
    ),
    "openstack:networking/subnet:Subnet": Target(neutron("subnets", "subnet", **STANDARD)),
}
