"""Runs the ``lightning`` command: help that needs the classes, the run itself, and short error messages."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Sequence

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import distributed
from torch.distributed import DistError

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
    r"(?s).*module\(s\) in eval mode at the start of training.*",  # a frozen detector stays in eval mode
    r"(?s).*`lr_scheduler.step\(\)` before `optimizer.step\(\)`.*",  # the discriminator's optimiser may skip steps
    r"(?s).*your dataloader is not resumable.*",  # `DrawSampler` reads the trainer's progress
    r"(?s).*`tensorboardX` has been removed.*",
    r"(?s).*recommended to use `self\.log\(.*sync_dist=True.*",  # losses are averaged before they are logged
    r"(?s).*ModelCheckpoint with manual optimization.*pre-optimization state.*",
    r"(?s).*metric SampleMean was called before the ``update``.*",  # a figure without samples is left out
    r"(?s).*`SpearmanCorrcoef` will save all targets and predictions.*",  # a few hundred numbers
)


def run(arguments: Sequence[str]) -> int:
    """Run the ``lightning`` command, except for its short help.

    Args:
        arguments: The command line without the program's name.

    Returns:
        Exit code: 0; 2 after a user error, explained on standard error; 143 after SIGTERM, 130 after Ctrl-C.
    """
    _silence_noise()
    try:
        if text := _help_or_completion(arguments):
            print(text)
        else:
            _import_models()
            CartoonGANCLI(["--help" if each == FULL_HELP else each for each in arguments])
    except (UsageError, DataError, MisconfigurationException) as error:
        message = _with_suggestion(_without_traceback(error), error, arguments)
        print(f"{PROGRAM}: error: {message}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        if _is_lost_connection(error):
            print(f"{PROGRAM}: error: {_explain_lost_connection(error)}", file=sys.stderr)
            return 2
        if not str(error).startswith("DataLoader "):
            raise
        for child in multiprocessing.active_children():
            child.kill()  # a stopped one would block the exit of this process
        print(f"{PROGRAM}: error: {_explain_loader_error(error)}", file=sys.stderr)
        return 2
    except SIGTERMException as stop:  # Lightning would exit with 0
        return stop.code if isinstance(stop.code, int) else 128 + signal.SIGTERM
    return 0


def leave(code: int) -> None:
    """End this process if it is one of several; otherwise return.

    While Python shuts down, threads of PyTorch's process group can abort the process, which replaces its exit code. So
    exit functions are run, such as that of W&B, and the rest of the shutdown is skipped.

    Args:
        code: Exit code.
    """
    if distributed.is_available() and distributed.is_initialized():
        atexit._run_exitfuncs()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _explain_loader_error(error: RuntimeError) -> str:
    """The message for a loader process that died or hangs."""
    gist = str(error).splitlines()[0]
    return (
        f"a loader process died or hangs ({gist})\n"
        "check memory (reduce --data.num_workers) and whether the disk responds; then resume with --ckpt_path last"
    )


def _is_lost_connection(error: RuntimeError) -> bool:
    """Whether a collective operation failed because another process ended."""
    return isinstance(error, DistError) or "gloo/transport" in str(error)


def _explain_lost_connection(error: RuntimeError) -> str:
    """The message for a process that lost another one."""
    gist = str(error).splitlines()[0].rpartition("] ")[2]
    return (
        f"another process of this run has ended or cannot be reached ({gist})\n"
        "its own output says why; then resume with --ckpt_path last"
    )


def _import_models() -> None:
    """Import the project's models, so that jsonargparse finds them by their short names."""
    for name in lightning_modules.__all__:
        getattr(lightning_modules, name)


def _help_or_completion(arguments: Sequence[str]) -> str | None:
    """The help of a config's classes or the completion script, if requested."""
    if arguments[0] == COMPLETION:
        return completion_script(arguments[1] if len(arguments) > 1 else "bash")
    if FULL_HELP not in arguments and {"--help", "-h"}.intersection(arguments):
        line = CommandLine([each for each in arguments if each not in {"--help", "-h"}])
        return class_help(line)
    return None


def _with_suggestion(message: str, error: Exception, arguments: Sequence[str]) -> str:
    """Add suggestions to the message if an option is unknown."""
    if not isinstance(error, UnknownOptionError):
        return message
    suggestions = closest(error.option, known_options(CommandLine(list(arguments))))
    first, *others = message.splitlines()
    question = f"; did you mean {' or '.join(f'--{name}' for name in suggestions)}?" if suggestions else ""
    return "\n".join([first + question, *others])


def _without_traceback(error: Exception) -> str:
    """The original message; loader processes prepend a traceback to it."""
    return str(error).rpartition(f"{type(error).__name__}: ")[2].strip()


def _silence_noise() -> None:
    """Silence irrelevant warnings and notices of the libraries."""
    for message in _NOISE:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(_is_not_a_tip)


def _is_not_a_tip(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()
