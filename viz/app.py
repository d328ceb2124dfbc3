"""Entry point: `streamlit run viz/app.py -- --board DIR` (or `--review-file F [--category-file F]`)."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # in a wheel the viewer lies beside no package of that name

from viz import ahead
from viz.shield import Shield
from viz.styled import Styled

ahead.begin()
app = st.App(HERE / "main.py", middleware=[Middleware(Shield), Middleware(Styled)])
