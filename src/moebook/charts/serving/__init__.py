"""Charts of serving: decoding with drafts."""
