"""``cartoongan data`` and its sub-commands."""

from __future__ import annotations

import typer

from apps.data.check import check_data
from apps.data.frames import frames
from apps.data.get import get_data
from apps.data.hair import hair
from apps.data.landmarks import landmarks
from apps.data.mouths import mouths
from apps.data.shard import shard
from apps.data.show import show
from apps.data.sunglasses import sunglasses

data_app = typer.Typer(help="Download, check, prepare and show data sets.", no_args_is_help=True)
data_app.command("check")(check_data)
data_app.command("frames")(frames)
data_app.command("mouths")(mouths)
data_app.command("get")(get_data)
data_app.command("hair")(hair)
data_app.command("landmarks")(landmarks)
data_app.command("shard")(shard)
data_app.command("show")(show)
data_app.command("sunglasses")(sunglasses)
