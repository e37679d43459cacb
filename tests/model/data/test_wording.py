import pytest

from model.data.wording import readable


@pytest.mark.parametrize(
    ("till", "text"),
    [
        ("ICE - CRUSHED/CUBED", "Ice - crushed/cubed"),
        ("SFT DRNK 2 LITER BTL CARB INCL", "Soft drink 2 liter bottle carbonated"),
        ("SOFT DRINKS 12/18&15PK CAN CAR", "Soft drinks 12/18&15pk can"),
        ("CANDY BARS (SINGLES)(INCLUDING", "Candy bars (singles)"),
        ("FRZN SS PREMIUM ENTREES/DNRS/N", "Frozen single serve premium entrees/dinners"),
        ("DAIRY CASE 100% PURE JUICE - O", "Dairy case 100% pure juice"),
        ("NON-CRBNTD DRNKING/MNERAL WATE", "Non-carbonated drinking/mineral water"),
        ("HOT DOG BUNS", "Hot dog buns"),
        ("BREADINGS  COATINGS CRUMBS", "Breadings coatings crumbs"),
    ],
)
def test_what_a_till_prints_becomes_readable(till, text):
    assert readable(till) == text
