"""Figures of serving: decoding with drafts."""
