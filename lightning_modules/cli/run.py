"""Running the ``lightning`` command: help that needs the classes, the run itself, and one-line errors."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Sequence

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.exceptions import SIGTERMException

import lightning_modules
from datamodules.errors import DataError
from lightning_modules.cli.class_options import class_help, known_options
from lightning_modules.cli.command import CartoonGANCLI
from lightning_modules.cli.command_line import CommandLine
from lightning_modules.cli.completion import completion_script
from lightning_modules.cli.entry import COMPLETION, FULL_HELP, PROGRAM
from lightning_modules.cli.parser import UnknownOptionError
from lightning_modules.cli.suggestions import closest
from lightning_modules.errors import UsageError

_NOISE = (
    r"(?s).*does not have many workers.*",
    r"(?s).*smaller than the logging interval.*",
    r"(?s).*Checkpoint directory .* exists and is not empty.*",
    r"(?s).*LightningCLI's args parameter.*",
    r"(?s).*isinstance\(treespec, LeafSpec\).*",
    r"(?s).*using a CUDA device.*Tensor Cores.*",
    r"(?s).*deprecated in v4.*will be removed in v5.*",  # Lightning's use of jsonargparse
    r"(?s).*only one JsonargparseDeprecationWarning.*",
    r"(?s).*The dirpath has changed from.*",
    r"(?s).*could not find the monitored key.*",
    r"(?s).*module\(s\) in eval mode at the start of training.*",  # a frozen detector stays so
    r"(?s).*`lr_scheduler.step\(\)` before `optimizer.step\(\)`.*",  # the optimiser of a discriminator that rests
    r"(?s).*your dataloader is not resumable.*",  # `DrawSampler` asks the trainer where it is
    r"(?s).*`tensorboardX` has been removed.*",
    r"(?s).*recommended to use `self\.log\(.*sync_dist=True.*",  # losses are averaged before they are logged
    r"(?s).*ModelCheckpoint with manual optimization.*pre-optimization state.*",
    r"(?s).*metric SampleMean was called before the ``update``.*",  # a figure without samples is left out
    r"(?s).*`SpearmanCorrcoef` will save all targets and predictions.*",  # a few hundred numbers
)


def run(arguments: Sequence[str]) -> int:
    """Run the ``lightning`` command, its help apart.

    Args:
        arguments: The command line without the program's name.

    Returns:
        Exit code: 0; 2 after a user's error that was explained on standard error; 143 after SIGTERM, 130 after Ctrl-C.
    """
    _quieten()
    try:
        if answer := _answer(arguments):
            print(answer)
        else:
            _import_models()
            CartoonGANCLI(["--help" if each == FULL_HELP else each for each in arguments])
    except (UsageError, DataError, MisconfigurationException) as error:
        message = _with_suggestion(_without_traceback(error), error, arguments)
        print(f"{PROGRAM}: error: {message}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        if not str(error).startswith("DataLoader "):
            raise
        for child in multiprocessing.active_children():
            child.kill()  # one that is stopped would keep this process from ending
        print(f"{PROGRAM}: error: {_of_loader(error)}", file=sys.stderr)
        return 2
    except SIGTERMException as stop:  # Lightning would leave with 0, as if all were done
        return stop.code if isinstance(stop.code, int) else 128 + signal.SIGTERM
    return 0


def _of_loader(error: RuntimeError) -> str:
    """What a dead or hanging loader process means for a user."""
    gist = str(error).splitlines()[0]
    return (
        f"a loader process died or hangs ({gist})\n"
        "look for lack of memory (fewer --data.num_workers) and for a disk that does not answer; "
        "then go on with --ckpt_path last"
    )


def _import_models() -> None:
    """Let jsonargparse find the project's own models by their short names."""
    for name in lightning_modules.__all__:
        getattr(lightning_modules, name)


def _answer(arguments: Sequence[str]) -> str | None:
    """What needs the classes of a command line, but no run."""
    if arguments[0] == COMPLETION:
        return completion_script(arguments[1] if len(arguments) > 1 else "bash")
    if FULL_HELP not in arguments and {"--help", "-h"}.intersection(arguments):
        line = CommandLine([each for each in arguments if each not in {"--help", "-h"}])
        return class_help(line)
    return None


def _with_suggestion(message: str, error: Exception, arguments: Sequence[str]) -> str:
    """The message; where an option is unknown, with those that it was probably meant to be."""
    if not isinstance(error, UnknownOptionError):
        return message
    meant = closest(error.option, known_options(CommandLine(list(arguments))))
    first, *others = message.splitlines()
    question = f"; did you mean {' or '.join(f'--{name}' for name in meant)}?" if meant else ""
    return "\n".join([first + question, *others])


def _without_traceback(error: Exception) -> str:
    """The message as it was raised: a loader process hands it on at the end of a traceback."""
    return str(error).rpartition(f"{type(error).__name__}: ")[2].strip()


def _quieten() -> None:
    """Silence notices of the libraries that tell a user of this project nothing."""
    for message in _NOISE:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(_is_no_advertisement)


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()
