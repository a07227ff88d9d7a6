"""The front door: the only place that prints.

Importing this loads no numpy, no numba and no presets, so that help answers at once; each command imports
what it needs when it is called.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated

import typer

from render import __version__
from render.cli import batch, bench, contact, disc, doctor, presets, probe, run, status, still, survey, verify
from render.cli.console import complain, silence
from render.errors import EXIT_CODES, PreflightError, RenderError, UsageError

_EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

app = typer.Typer(
    help="Hours of generative video from a preset and a seed.",
    epilog=_EPILOG,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.command)
app.command("batch")(batch.command)
app.command("status")(status.command)
app.command("still")(still.command)
app.command("contact")(contact.command)
app.command("survey")(survey.command)
app.command("probe")(probe.command)
app.add_typer(presets.app, name="presets")
app.add_typer(disc.app, name="disc")
app.command("verify")(verify.command)
app.command("bench")(bench.command)
app.command("doctor")(doctor.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"render {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Hours of generative video from a preset and a seed."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code (see ``render.errors.EXIT_CODES``)."""
    _settle_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.exit(_main(arguments or ["--help"]))


def _settle_streams() -> None:
    """Closed streams lead nowhere, and letters a terminal cannot show are written as escapes."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open for as long as the program runs
        with contextlib.suppress(AttributeError, ValueError):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _main(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="render", standalone_mode=False)
        return int(code or 0)
    except RenderError as error:
        if "--debug" in arguments:
            raise
        complain(error, as_json="json" in _progress_asked(arguments))
        return error.exit_code
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "render"
        complain(UsageError(error.format_message().rstrip("."), f"see {command} --help."))
        return UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain(RenderError("stopped"))
        return 130
    except BrokenPipeError:  # whoever read our output has gone
        silence(sys.stdout)
        return 0
    except OSError as error:
        if "--debug" in arguments:
            raise
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        complain(PreflightError(f"the system refuses: {what}"))
        return PreflightError.exit_code
    except Exception as error:
        if "--debug" in arguments:
            raise
        complain(RenderError(f"a defect in render: {type(error).__name__}: {error}", "run it again with --debug."))
        return 1


def _progress_asked(arguments: list[str]) -> str:
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--progress":
            return following
        if argument.startswith("--progress="):
            return argument.partition("=")[2]
    return ""
