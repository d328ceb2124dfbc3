"""Streamlit's own command, which Ctrl-C ends as it ends every other of ours: exit code 130, and no word."""

from __future__ import annotations

import sys

import click
from streamlit.web.cli import main

if __name__ == "__main__":
    try:
        main(prog_name="streamlit", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
