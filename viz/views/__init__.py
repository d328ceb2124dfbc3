"""The pages. Each is a script of Streamlit and an importable module."""
