"""The viewer: a Streamlit app over the files of a board. Calls no model; writes votes and a disposable index."""
