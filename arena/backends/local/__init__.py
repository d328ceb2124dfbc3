"""Engines on this machine or on a cluster, each in a process of its own that dies with its parent.

    LocalBackend (parent, asyncio) ──frames──▶ child process ──▶ Engine: vllm | transformers | ray
         ▲                                        │
         └──────── completions as they finish ────┘

The parent alone writes files. Nothing here imports torch, vllm or ray before an engine starts in the child.
"""
