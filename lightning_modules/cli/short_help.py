"""The short help of the ``lightning`` command: the most important options, without importing PyTorch."""

from __future__ import annotations

from lightning_modules.cli.command_line import SUBCOMMANDS

PROGRAM_HELP = """\
usage: lightning SUBCOMMAND --config FILE [--config FILE ...] [--OPTION VALUE ...]

Train, validate, test and apply the models of Landmark CartoonGAN.

sub-commands:
  fit         train a model, or resume a run (--ckpt_path last)
  validate    losses and metrics of a checkpoint on the validation split
  test        evaluate a checkpoint on the test split; writes test/metrics.json to its run
  predict     turn photos into cartoons (for videos, and all faces of a photo: cartoongan cartoonize)

help:
  lightning fit --help                  the most important options
  lightning fit --config FILE --help    all options of that config's model and data, with their values
  lightning fit --help-all              all options of the trainer
  lightning --version                   the version of this project
  lightning --print_completion bash     completion for a shell: bash, zsh, fish or tcsh

example:
  cartoongan sample-data --out data/sample --count 500
  lightning fit --config configs/demo.yaml --data.root data/sample"""

_SUMMARY = {
    "fit": "Train a model, or resume a run.",
    "validate": "Losses and metrics of a checkpoint on the validation split.",
    "test": "Evaluate a checkpoint on the test split.",
    "predict": "Turn photos into cartoons.",
}
_RUN = {
    "--config FILE": "e.g. configs/cyclegan_*.yaml; repeatable, later ones take precedence",
    "--name NAME": "experiment, a folder of runs (default: the config's name)",
    "--run NAME": "folder of this run in the experiment (default: date and time)",
    "--ckpt_path PATH": "checkpoint: a file, or `last` or `best` for the newest of the experiment",
    "--seed_everything SEED": "random seed (default: 42)",
}
_DATA = {
    "--data.root DIR": "folder of the data sets",
    "--data.image_size PIXELS": "side of the square images",
    "--data.batch_size N": "images per domain and step",
    "--data.num_workers N": "loader processes",
}
_FIT_DATA = {
    "--data.photos NAMES": "folder of the photos, or several, comma-separated",
    "--data.cartoons NAMES": "folder of the cartoons, or several, comma-separated",
    "--data.epoch_size N": "samples per epoch",
    "--data.background WHAT": "background of the photos: keep, white or head",
}
_MODEL = {
    "--model.generator NAME": "resnet9, resnet6, unet, densenet, resnet9_enhanced or resnet6_enhanced",
    "--model.ngf N": "width of the generators",
    "--model.ndf N": "width of the discriminators",
    "--model.lambda_cycle X": "weight of the cycle loss",
    "--model.lambda_identity X": "weight of the identity loss, times lambda_cycle",
    "--model.learning_rate X": "learning rate of all optimisers",
}
_TRAINER = {
    "--trainer.max_epochs N": "length of the training; also --trainer.max_steps N",
    "--trainer.max_time D:HH:MM:SS": "stop after this time, with a checkpoint",
    "--trainer.devices N": "GPUs, or processes on a CPU",
    "--ddp_timeout SECONDS": "time that several processes wait for one that hangs (default: 900)",
    "--trainer.precision WHAT": "16-mixed, bf16-mixed or 32-true",
    "--trainer.default_root_dir DIR": "folder of all runs (default: runs/ of the project)",
}
_FINISH = {
    "--finish BOOL": "apply the finisher to the cartoons",
    "--finisher FILE": "weights of the finisher (default: the project's own)",
}
_GROUPS: dict[str, dict[str, dict[str, str]]] = {
    "fit": {
        "run": _RUN,
        "data": _DATA | _FIT_DATA,
        "model (those of the CycleGANs)": _MODEL,
        "trainer": _TRAINER,
    },
    "validate": {"run": _RUN, "data": _DATA},
    "test": {
        "run": _RUN,
        "data": _DATA,
        "measuring": {
            "--evaluation.features NAME": "network of the distances: inception, efficientnet_lite0 or auto",
            "--evaluation.classifier FILE": "weights of the attribute classifier (default: the project's own)",
            "--evaluation.landmarks FILE": "weights of the landmark regressor (default: the project's own)",
            **_FINISH,
        },
    },
    "predict": {
        "run": _RUN,
        "photos and cartoons": {
            "--data.predict_dir PATH": "a folder of photos, or one photo",
            "--data.align true": "find the largest face of each photo and crop it as in training",
            "--out DIR": "folder of the cartoons (default: in the run)",
            "--model.hair COLOUR": "black, brown, blonde, grey, own or all (models with hair colour)",
            **_FINISH,
        },
    },
}


def subcommand_help(subcommand: str) -> str:
    """The short help of a sub-command.

    Args:
        subcommand: One of ``SUBCOMMANDS``.
    """
    lines = [f"usage: lightning {subcommand} --config FILE [--config FILE ...] [--OPTION VALUE ...]", ""]
    lines += [_SUMMARY[subcommand], ""]
    for title, options in _GROUPS[subcommand].items():
        lines += [f"{title}:", *(f"  {option:<31} {text}" for option, text in options.items()), ""]
    lines += [
        "more:",
        f"  lightning {subcommand} --config FILE --help    all options of that config's model and data",
        f"  lightning {subcommand} --help-all              all options of the trainer",
    ]
    return "\n".join(lines)


def shown_options(subcommand: str) -> list[str]:
    """Names of the options in the short help, such as ``data.root``."""
    return [option.split()[0].removeprefix("--") for group in _GROUPS[subcommand].values() for option in group]


assert set(_GROUPS) == set(_SUMMARY) == set(SUBCOMMANDS)
