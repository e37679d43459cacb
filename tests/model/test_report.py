from model.report import RANKING, RELEASED, TWIN, quality_report

PAIR = {"accuracy": 0.9, "recall": 0.8, "precision": 0.7, "f1": 0.75, "auc": 0.95, "threshold": 0.01}
METRICS = {
    "ranking": {
        RELEASED: dict.fromkeys(RANKING, 0.2),
        TWIN: dict.fromkeys(RANKING, 0.21),
        "popularity": {**dict.fromkeys(RANKING, 0.1), "repeat_ndcg": float("nan")},
    },
    "pairs": {"uniform negatives": PAIR},
    "calibration_error": 0.0071,
    "test_requests": 2406,
    "validation": {"fp32 ndcg": 0.2, "int8 ndcg": 0.199},
}


def test_the_report_says_who_was_asked_what_int8_keeps_and_how_sure_a_chance_is():
    text = quality_report("baseline", METRICS)

    assert "last basket of 2,406 users, full catalogue" in text
    assert "int8 keeps 99.5% of fp32's NDCG@10" in text
    assert "off by 0.0071 on average" in text


def test_tables_line_up_and_what_cannot_be_measured_is_a_dash():
    lines = quality_report("baseline", METRICS).splitlines()
    ranking = [line for line in lines if line.startswith("|")][:5]

    assert len({len(line) for line in ranking}) == 1
    assert "      - |" in ranking[-1]
