"""Kimi K2: the form of DeepSeek-V3 with other numbers."""

from .deepseek_v3 import KEYS, describe  # noqa: F401
