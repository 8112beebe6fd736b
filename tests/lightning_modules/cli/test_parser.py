from __future__ import annotations

import pytest

from lightning_modules.cli.parser import gist

UNION = """Parser key "{key}":
  Does not validate against any of the Union subtypes
  Subtypes: [<class 'int'>, <class 'NoneType'>]
  Errors:
    - {trouble}
    - Expected a <class 'NoneType'>
  Given value type: <class 'str'>
  Given value: many"""


@pytest.mark.parametrize(
    ("message", "first_line"),
    [
        (
            UNION.format(key="trainer.max_epochs", trouble="Expected a <class 'int'>"),
            "trainer.max_epochs: Expected a int. Got value: many",
        ),
        (UNION.format(key="model", trouble="Option 'ngff' is not accepted"), "model.ngff: no such option"),
        ("unrecognized arguments: --bogus 3", "unrecognized arguments: --bogus 3"),
        (
            UNION.format(key="data", trouble="image_size: Expected a int. Got value: x"),
            "data.image_size: Expected a int. Got value: x",
        ),
    ],
)
def test_the_key_and_the_trouble_remain(message: str, first_line: str) -> None:
    lines = gist(message).splitlines()
    assert lines[0] == first_line
    assert len(lines) == 2
    assert "lightning fit --help" in lines[1]
