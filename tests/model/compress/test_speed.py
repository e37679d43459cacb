from pathlib import Path

from model.compress import speed
from model.compress.speed import speeds

FAST, SLOW = Path("fast"), Path("slow")


def test_what_slows_the_machine_for_a_while_slows_every_folder(monkeypatch):
    asked = []

    def turn(folder, max_history, number):
        asked.append((number, folder))
        # The machine is ten times slower in half of the rounds.
        took = (2.0 if folder == SLOW else 1.0) * (10.0 if number % 2 else 1.0)
        return {"batch_1": [took] * 3, "batch_8": [8 * took] * 3, "peak_mib": float(number)}

    monkeypatch.setattr(speed, "_asked", turn)
    fast, slow = speeds([FAST, SLOW], 64)

    assert asked == [(number, folder) for number in range(4) for folder in (FAST, SLOW)]
    assert (slow.p50_1 / fast.p50_1, slow.p99_8 / fast.p99_8) == (2.0, 2.0)
    assert fast.peak_mib == 3.0
