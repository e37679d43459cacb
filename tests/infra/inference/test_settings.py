import pytest
from pydantic import ValidationError

from infra.settings.inference import InferenceSettings
from infra.settings.training import TrainingSettings
from tests.infra.inference.estate import chosen, inference, training

MIB = 1 << 20


def changed(group, **changes):
    """A stack's group with some of its values replaced; dots lead inside."""
    values = chosen("prod")[group]
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner = values
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return values


def problem(settings, values):
    """The one complaint about `values`."""
    with pytest.raises(ValidationError) as failure:
        settings.model_validate(values)
    (only,) = failure.value.errors()
    return only["msg"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_stack_files_are_right(stack):
    assert inference(stack).aws.device == "gpu"
    assert training(stack).nodes >= 1


def test_a_triton_with_known_holes_is_refused_with_the_reason():
    values = changed(
        "inference", **{"triton.image": {"name": "nvcr.io/nvidia/tritonserver", "tag": "26.03-py3"}}
    )

    message = problem(InferenceSettings, values)
    assert 'image.tag is "26.03-py3", older than oldest.release 26.07 (NVIDIA' in message
    assert message.endswith("choose a newer release")


def test_a_tag_that_names_no_release_is_refused():
    values = changed(
        "inference", **{"triton.image": {"name": "nvcr.io/nvidia/tritonserver", "tag": "latest"}}
    )

    assert 'image.tag is "latest"; it must begin as 26.10-py3 does' in problem(InferenceSettings, values)


def test_a_digest_becomes_part_of_the_reference():
    digest = f"sha256:{'a' * 64}"
    image = {"name": "nvcr.io/nvidia/tritonserver", "tag": "26.10-py3", "digest": digest}
    settings = InferenceSettings.model_validate(changed("inference", **{"triton.image": image}))

    assert settings.triton.image.reference == f"nvcr.io/nvidia/tritonserver:26.10-py3@{digest}"


def test_fewer_pods_at_most_than_at_least_are_refused():
    assert "min-replicas is 20, above max-replicas 16; lower one" in problem(
        InferenceSettings, changed("inference", **{"aws.min-replicas": 20})
    )


def test_more_copies_than_cores_are_refused():
    assert "cores is 3, but instances 5 x threads 1 and Triton itself use 6; raise cores" in problem(
        InferenceSettings, changed("inference", **{"openstack.cores": 3})
    )


def test_memory_grows_with_the_graphs_and_with_their_copies():
    prod = inference()
    small, large = {"recommend.onnx": 10 * MIB}, {"recommend.onnx": 10 * MIB, "predict.onnx": 90 * MIB}

    assert prod.openstack.memory_needed_mib({}) < prod.openstack.memory_needed_mib(small)
    assert prod.openstack.memory_needed_mib(large) - prod.openstack.memory_needed_mib({}) == 5 * 210
    assert prod.aws.memory_needed_mib(small) > prod.openstack.memory_needed_mib(small)
    assert prod.openstack.gpu_memory_needed_mib(large) == 0
    assert prod.aws.gpu_memory_needed_mib(large) == 1024 + 2 * 300


def test_tables_take_no_memory_of_triton():
    prod = inference()

    assert prod.aws.memory_needed_mib({"items.parquet": 10**9}) == prod.aws.memory_needed_mib({})


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ("30 2 * *", "with 4 fields; write minute hour day month weekday"),
        ("60 2 * * *", 'whose minute "60" is not a number from 0 to 59'),
        ("0 2 * * 7", 'whose weekday "7"'),
        ("0 5-2 * * *", 'whose hour "5-2"'),
        ("0 2 * jan *", 'whose month "jan"'),
        ("*/0 2 * * *", 'whose minute "*/0"'),
    ],
)
def test_a_schedule_that_is_not_cron_is_refused(schedule, complaint):
    assert complaint in problem(TrainingSettings, changed("training", schedule=schedule))


@pytest.mark.parametrize("schedule", ["30 2 * * *", "*/15 0-6 1,15 */2 1-5", "0 0 31 12 0"])
def test_a_schedule_that_is_cron_is_taken(schedule):
    assert training(schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    ("key", "value"), [("nodes", 0), ("memory-mib", 512), ("max-hours", 0), ("cores", 0)]
)
def test_a_run_without_machines_memory_or_time_is_refused(key, value):
    assert "greater than or equal to" in problem(TrainingSettings, changed("training", **{key: value}))


def test_nodes_that_cannot_share_the_batch_are_refused():
    assert "nodes is 3, which cannot share recipe production's batch of 32 evenly" in problem(
        TrainingSettings, changed("training", nodes=3)
    )


def test_a_recipe_that_does_not_exist_is_refused():
    assert "recipe is 'enormous', which does not exist; choose one of" in problem(
        TrainingSettings, changed("training", recipe="enormous")
    )


def test_a_time_zone_that_nobody_knows_is_refused():
    assert 'time-zone is "Mars/Olympus"' in problem(
        TrainingSettings, changed("training", **{"time-zone": "Mars/Olympus"})
    )


def test_a_source_that_reads_a_file_needs_one_and_the_other_takes_none():
    assert 'source is "table", which reads a file; name its data-set' in problem(
        TrainingSettings, changed("training", data={"source": "table"})
    )
    assert "which brings its own data; remove data-set and path" in problem(
        TrainingSettings, changed("training", data={"source": "completejourney", "path": "shop.toml"})
    )


def test_a_path_that_leaves_the_data_set_is_refused():
    data = {"source": "table", "data-set": "histories", "path": "../raw/shop.toml"}

    assert "should match pattern" in problem(TrainingSettings, changed("training", data=data))
