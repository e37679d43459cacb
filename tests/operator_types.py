"""The resource types that Prometheus' operator and cert-manager bring: of their long definitions the fields that the
program uses, each as it is there (https://prometheus-operator.dev/docs/api-reference/api/,
https://cert-manager.io/docs/reference/api-docs/).
"""

DURATION = {"type": "string", "pattern": "^[0-9]+(ms|[smhdwy])$"}
TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def _object(*required: str, **properties: dict) -> dict:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: dict) -> dict:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> dict:
    return {"type": "string", "enum": list(values)}


def _definition(
    kind: str, plural: str, version: str, spec: dict, group: str = "monitoring.coreos.com"
) -> dict:
    schema = {"openAPIV3Schema": _object("spec", spec=spec)}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


DEFINITIONS = (
    _definition(
        "Certificate",
        "certificates",
        "v1",
        _object(
            "secretName",
            "issuerRef",
            secretName=TEXT,
            commonName={"type": "string", "maxLength": 64},
            dnsNames=_list(TEXT),
            duration=TEXT,
            renewBefore=TEXT,
            usages=_list(_one_of("digital signature", "server auth", "client auth")),
            privateKey=_object(
                algorithm=_one_of("RSA", "ECDSA", "Ed25519"),
                size={"type": "integer"},
                rotationPolicy=_one_of("Never", "Always"),
            ),
            issuerRef=_object("name", name=TEXT, kind=TEXT, group=TEXT),
        ),
        group="cert-manager.io",
    ),
    _definition(
        "PodMonitor",
        "podmonitors",
        "v1",
        _object(
            "selector",
            selector=_object(matchLabels=TEXTS),
            podMetricsEndpoints=_list(_object(port=TEXT, path=TEXT, interval=DURATION)),
        ),
    ),
    _definition(
        "ScrapeConfig",
        "scrapeconfigs",
        "v1alpha1",
        _object(
            jobName=TEXT,
            scrapeInterval=DURATION,
            staticConfigs=_list(_object("targets", targets=_list(TEXT), labels=TEXTS)),
        ),
    ),
    _definition(
        "PrometheusRule",
        "prometheusrules",
        "v1",
        _object(
            groups=_list(
                _object(
                    "name",
                    name=TEXT,
                    rules=_list(
                        _object(
                            "expr",
                            alert=TEXT,
                            record=TEXT,
                            expr=TEXT,
                            labels=TEXTS,
                            annotations=TEXTS,
                            **{"for": DURATION},
                        )
                    ),
                )
            )
        ),
    ),
)
