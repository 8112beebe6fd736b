from __future__ import annotations

from collections import Counter

import numpy as np

from datamodules.sample_data.people import ATTRIBUTE_NAMES, HAIR_COLOURS, celeba_attributes, random_person

COLOUR_NAMES = ("Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair")


def test_a_wished_hair_colour_is_labelled_but_for_few_exceptions() -> None:
    rng = np.random.default_rng(0)
    counted: Counter[str] = Counter()
    for number in range(400):
        wished = HAIR_COLOURS[number % 4]
        person = random_person(rng, wished)
        true = [name for name in COLOUR_NAMES if celeba_attributes(person)[name]]
        assert len(true) <= 1
        if true:
            assert true[0] == COLOUR_NAMES[HAIR_COLOURS.index(wished)]
        counted[true[0] if true else "none"] += 1
    assert 12 <= counted["none"] <= 56
    assert all(counted[name] >= 80 for name in COLOUR_NAMES)


def test_attributes_are_the_forty_and_do_not_contradict_themselves() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        true = celeba_attributes(random_person(rng))
        assert tuple(true) == ATTRIBUTE_NAMES
        assert len(true) == 40
        assert not (true["Goatee"] and true["No_Beard"])
        assert not (true["Bald"] and (true["Bangs"] or true["Wavy_Hair"]))
        assert not (true["Wearing_Lipstick"] and true["Male"])
